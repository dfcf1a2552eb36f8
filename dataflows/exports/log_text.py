"""The text of a hand-kept log, in whatever encoding the spreadsheet program of a country saves it.

Excel writes CSV files in the old encoding of its country, which the file does not tell. The one in
which the header names most of its columns is the right one.
"""

import codecs
from typing import Any, Final

from dataflows.exports.csv_text import SAMPLE_BYTES, sample_text, utf8
from dataflows.exports.log_layout import Layout, layout_of

# Western and Central European, Cyrillic, Japanese, Chinese of either kind.
ENCODINGS: Final = ("cp1252", "cp1250", "cp1251", "cp932", "gb18030", "big5")


def text_of(content: Any) -> bytes:
    """The text of a log as UTF-8 without a byte order mark.

    Args:
        content: Its bytes, a `pyarrow.Buffer`.
    """
    whole: bytes = content.to_pybytes()
    if _is_of_a_country(whole):
        return _decoded(whole, _encoding_of(whole))
    text: bytes = utf8(content).to_pybytes()
    return text


def sample_text_of(sample: bytes) -> bytes:
    """The first bytes of a log as UTF-8; what their end cuts off is replaced."""
    if _is_of_a_country(sample):
        return _decoded(sample, _encoding_of(sample))
    return sample_text(sample)


def _is_of_a_country(content: bytes) -> bool:
    """Whether bytes are in none of the encodings of Unicode."""
    if content.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(content)
    except UnicodeDecodeError:
        return b"\x00" not in content[:SAMPLE_BYTES]
    return False


def _encoding_of(content: bytes) -> str:
    head = content[:SAMPLE_BYTES]
    return max(ENCODINGS, key=lambda encoding: _columns(layout_of(_decoded(head, encoding))))


def _decoded(content: bytes, encoding: str) -> bytes:
    return content.decode(encoding, errors="replace").encode()


def _columns(layout: Layout | None) -> int:
    """How many columns a header names."""
    if layout is None:
        return 0
    return len({*layout.shared.values(), *(p for g in layout.readings for p in g.places.values())})
