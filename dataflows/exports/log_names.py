"""What people call the columns of a blood pressure log, in the languages that are known.

English, German, French, Spanish, Italian, Portuguese, Dutch, Polish, Swedish, Turkish, Russian,
Chinese and Japanese. Names are in letters and digits alone, in one letter case and without the
marks above Latin letters.
"""

# ruff: noqa: RUF001  letters of other languages are on purpose

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from dataflows.exports import hand_kept
from dataflows.exports.written_dates import plain

NAMES: Final = {
    "date": (
        "date", "day", "datum", "datetime", "dateandtime", "datetimelocal", "timestamp",
        "dateheure", "jour", "fecha", "fechahora", "fechayhora", "día", "data", "dataora",
        "dataehora", "giorno", "tag", "dag", "tarih", "дата", "датавремя", "датаивремя", "день",
        "日期", "日期时间", "日期時間", "日付", "日時", "年月日", "测量日期", "測定日", "測定日時",
        "readingdate", "dateofreading", "measurementdate", "datetaken", "measuredat",
        "recordedat", "takenat",
    ),
    "time": (
        "time", "clock", "hour", "uhrzeit", "zeit", "heure", "hora", "ora",
        "orario", "tijd", "tijdstip", "tid", "klockslag", "godzina", "czas",
        "saat", "время", "часы", "时间", "時間", "時刻", "测量时间", "測量時間", "readingtime",
        "timeofreading", "measurementtime", "timetaken",
    ),
    "half": (
        "ampm", "period", "timeofday", "tageszeit", "meridiem", "partofday", "dayperiod",
        "momentdelajournee", "momentodeldia", "时段", "時段",
    ),
    "systolic": (
        "systolic", "sys", "sbp", "syst", "systole", "systolicbp", "systolicpressure",
        "systolicbloodpressure", "systolisch", "systolischer", "oberer", "systolique", "pas",
        "sistolica", "sistolico", "sist", "presionalta", "pressionemassima", "systolisk",
        "systoliskt", "bovendruk", "skurczowe", "sistolik", "buyuk", "систолическое", "систола",
        "сад", "верхнее", "сист", "收缩压", "收縮壓", "高压", "高壓", "最高血圧", "収縮期血圧",
        "收缩期血压",
    ),
    "diastolic": (
        "diastolic", "dia", "dbp", "diast", "diastole", "diastolicbp", "diastolicpressure",
        "diastolicbloodpressure", "diastolisch", "diastolischer", "unterer", "diastolique", "pad",
        "diastolica", "diastolico", "presionbaja", "pressioneminima", "diastolisk", "diastoliskt",
        "onderdruk", "rozkurczowe", "diyastolik", "kucuk", "диастолическое", "диастола", "дад",
        "нижнее", "диаст", "舒张压", "舒張壓", "低压", "低壓", "最低血圧", "拡張期血圧",
        "舒张期血压",
    ),
    "pressure": (
        "bp", "bloodpressure", "sysdia", "systolicdiastolic", "blutdruck", "blutdruckwerte",
        "tension", "tensionarterielle", "pressionarterielle", "presion", "presionarterial",
        "tensionarterial", "pressione", "pressionearteriosa", "pressaoarterial", "bloeddruk",
        "cisnienie", "blodtryck", "tansiyon", "давление", "ад", "артериальноедавление", "血压",
        "血壓", "血圧",
    ),
    "pulse": (
        "pulse", "pulserate", "heartrate", "hr", "bpm", "puls", "pouls", "frequencecardiaque",
        "pulsations", "fc", "pulso", "frecuenciacardiaca", "frequenzacardiaca", "polso",
        "pulsazioni", "battiti", "frequenciacardiaca", "pols", "polsslag", "hartslag", "tetno",
        "nabiz", "nabız", "herzfrequenz", "пульс", "чсс", "脉搏", "脈搏", "心率", "脈拍", "心拍数",
    ),
    "note": (
        "note", "notes", "comment", "comments", "remark", "remarks", "notiz", "notizen",
        "bemerkung", "bemerkungen", "kommentar", "remarque", "remarques", "commentaire",
        "commentaires", "nota", "notas", "observaciones", "comentario", "comentarios",
        "osservazioni", "observacoes", "opmerking", "opmerkingen", "uwagi", "anteckning", "notlar",
        "примечание", "примечания", "комментарий", "заметки", "备注", "備註", "メモ", "備考",
    ),
}  # fmt: skip

# These name other pressures too, that of the air for one, unless a pulse stands beside them.
DOUBTFUL: Final = ("tension", "presion", "pressione", "cisnienie", "tansiyon", "давление")
# When of the day, where no clock tells.
PARTS: Final = {
    "morning": (
        "am", "morning", "morgen", "morgens", "fruh", "vormittag", "matin", "manana", "mattina",
        "mattino", "manha", "ochtend", "rano", "morgon", "sabah", "утро", "утром", "早上", "早晨",
        "上午", "朝",
    ),
    "noon": (
        "noon", "midday", "afternoon", "lunch", "mittag", "mittags", "nachmittag", "midi",
        "mediodia", "pomeriggio", "middag", "день", "днем", "днём", "中午", "昼",
    ),
    "evening": (
        "pm", "evening", "night", "bedtime", "abend", "abends", "soir", "noche", "tarde", "sera",
        "noite", "avond", "wieczor", "kvall", "aksam", "вечер", "вечером", "晚上", "下午", "夜",
        "晩",
    ),
}  # fmt: skip
# Which reading of several.
ORDER: Final[Mapping[str, str | int]] = {
    **{str(number): number for number in range(1, 7)},
    **dict.fromkeys(("first", "erste", "premier", "primera", "prima"), 1),
    **dict.fromkeys(("second", "zweite", "deuxieme", "segunda", "seconda"), 2),
    **dict.fromkeys(("third", "dritte", "troisieme", "tercera", "terza"), 3),
    **dict.fromkeys(("left", "l", "links", "linker", "gauche", "izquierdo", "sinistro"), "left"),
    **dict.fromkeys(("right", "r", "rechts", "rechter", "droit", "derecho", "destro"), "right"),
}
# Words beside the name of a column: units, what is measured, that it is.
_BESIDE: Final = frozenset((
    "tansiyon",
    "arm", "arterial", "arterielle", "arteriosa", "batt", "beats", "blodtryck", "bloeddruk",
    "blood", "blutdruck", "bp", "bpm", "braccio", "bras", "brazo", "cisnienie", "druck", "druk",
    "hg", "in", "kpa", "lettura", "lpm", "measurement", "medicion", "medida", "messung", "mesure",
    "meting", "min", "minute", "misura", "mm", "mmhg", "my", "no", "nr", "of", "per", "ppm",
    "presion", "pressao", "pression", "pressione", "pressure", "reading", "readings", "schlage",
    "slagen", "tension", "the", "value", "wert", "werte", "артериальное", "давление", "замер",
    "измерение", "мин", "мм", "рт", "ст", "уд", "分", "次", "次分", "毫米汞柱",
))  # fmt: skip
TOTALS: Final = frozenset((
    "average", "averages", "avg", "count", "durchschnitt", "gemiddelde", "max", "maximum", "mean",
    "medel", "media", "median", "min", "minimum", "mittel", "mittelwert", "moyenne", "ortalama",
    "promedio", "srednia", "sum", "summe", "total", "totals", "итого", "среднее", "合計", "合计",
    "平均", "平均值",
))  # fmt: skip
_UNITS: Final = re.compile(r"(in)?(mmhg|kpa|bpm)|beats|permin(ute)?|1min|(?<=pulse)min")
_MARKED: Final = re.compile(r"([A-Za-z])[\u0300-\u036f]+")
_NUMERIC: Final = re.compile(r"[\d\W]*")
_WORD: Final = re.compile(r"[^\W\d_]+|\d+")
# Written apart though they are one word, or the other way round.
_DOTTED: Final = re.compile(r"\b([ap])\. ?m\b\.?", re.IGNORECASE)
_ORDINAL: Final = re.compile(r"(\d)(st|nd|rd|th|er|e|ª|º)\b", re.IGNORECASE)
_PER_MINUTE: Final = re.compile(r"1 ?/ ?min\w*", re.IGNORECASE)

_COLUMN_OF: Final = {name: column for column, names in NAMES.items() for name in names}
_PART_OF: Final = {word: part for part, words in PARTS.items() for word in words}
_JOINED_PARTS: Final = tuple(word for word in _PART_OF if not word.isascii())

# Which of several readings in a row a column belongs to: its part of the day, its number, its arm.
Label = frozenset[str | int]


class Named(NamedTuple):
    """What the name of a column says: which one it is, and of which reading."""

    column: str | None
    label: Label


def named(name: str) -> Named:
    """What the name of a column says."""
    letters = hand_kept.key(name)
    for whole in (letters, unmarked(letters), _UNITS.sub("", unmarked(letters))):
        if whole in _COLUMN_OF:
            return Named(_COLUMN_OF[whole], frozenset())
    words = [part for word in _words(name) for part in _parted(word)]
    left = [word for word in words if word not in _PART_OF and word not in ORDER]
    return Named(_column(left), frozenset(_labels(words)))


def is_label(name: str) -> bool:
    """Whether a name only says which readings those below it are: of the morning, the second."""
    words = _words(name)
    known = all(word in _PART_OF or word in ORDER or word in _BESIDE for word in words)
    return known and any(True for _ in _labels(words))


def part_of(cell: str) -> str | None:
    """The part of the day that a cell names in place of a time."""
    return None if _NUMERIC.fullmatch(cell) else _PART_OF.get("".join(_words(cell)))


def is_total(cell: str) -> bool:
    """Whether a cell says that its row sums others up."""
    return not _NUMERIC.fullmatch(cell) and not TOTALS.isdisjoint(_words(cell))


def is_doubtful(name: str) -> bool:
    """Whether a name may be that of another pressure."""
    return unmarked(hand_kept.key(name)) in DOUBTFUL


def may_be_header(text: str) -> bool:
    """Whether a text holds the name of a pressure anywhere; quick, for files of any kind."""
    letters = unmarked(hand_kept.key(text))
    return any(name in letters for name in (*NAMES["systolic"], *NAMES["pressure"]))


def unmarked(text: str) -> str:
    """A text without the marks above Latin letters."""
    apart = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", _MARKED.sub(r"\1", apart))


def _words(text: str) -> list[str]:
    """The words of a text, in one letter case and without marks."""
    joined = _ORDINAL.sub(r"\1", _DOTTED.sub(r"\1m", _PER_MINUTE.sub("", plain(text))))
    return _WORD.findall(unmarked(joined.casefold()))


def _labels(words: Iterable[str]) -> Iterator[str | int]:
    for word in words:
        if word in _PART_OF:
            yield _PART_OF[word]
        elif word in ORDER:
            yield ORDER[word]


def _column(words: Sequence[str]) -> str | None:
    """The column that words name, with those beside it or without."""
    bare = [word for word in words if word not in _BESIDE]
    found = (_COLUMN_OF.get("".join(kept)) for kept in (words, bare))
    return next((column for column in found if column is not None), None)


def _parted(word: str) -> list[str]:
    """A word of Chinese or Japanese that begins with a part of the day, as two."""
    start = next((part for part in _JOINED_PARTS if word.startswith(part) and word != part), "")
    return [start, word[len(start) :]] if start else [word]
