"""The names of months, and their short forms, in the languages of `log_names`."""

import re
import unicodedata
from typing import Final

# The beginning of each name, without the marks above Latin letters.
_BEGINNINGS: Final = (
    ("jan", "ene", "gen", "sty", "oca", "янв"),
    ("feb", "fev", "lut", "sub", "фев"),
    ("mar", "mrz", "mrt", "maa", "мар"),
    ("apr", "avr", "abr", "kwi", "nis", "апр"),
    ("may", "mai", "mag", "mei", "maj", "май", "мая"),
    ("jun", "juin", "giu", "cze", "haz", "июн"),
    ("jul", "juil", "lug", "lip", "tem", "июл"),
    ("aug", "aou", "ago", "sie", "agu", "авг"),
    ("sep", "set", "wrz", "eyl", "сен"),
    ("oct", "okt", "ott", "out", "paz", "eki", "окт"),
    ("nov", "lis", "kas", "ноя"),
    ("dec", "dez", "dic", "gru", "ara", "дек"),
)
_MONTH_OF: Final = {
    start: number for number, starts in enumerate(_BEGINNINGS, 1) for start in starts
}
_MARKED: Final = re.compile(r"([a-z])[\u0300-\u036f]+")


def month_of(name: str) -> int | None:
    """The number of the month that a word names; None if it names none."""
    apart = _MARKED.sub(r"\1", unicodedata.normalize("NFD", name.casefold()))
    plain = unicodedata.normalize("NFC", apart)
    return _MONTH_OF.get(plain[:4]) or _MONTH_OF.get(plain[:3])
