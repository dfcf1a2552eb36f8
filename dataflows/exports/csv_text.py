"""The text of a CSV export: its encoding, its delimiter and its header.

Exports reach us re-saved by spreadsheet programs, mail programs and scripts. One was seen as
UTF-7 (`daily+AF8-report`), several with a byte order mark, and Excel writes UTF-16 and
semicolons. Columns are found by name, never by place, since their order differs by version.

Shape: `utf8` gives text without a byte order mark; `header_of` reads its first line that is not
blank.
"""

import csv
import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

SAMPLE_BYTES: Final = 65_536
DELIMITERS: Final = ",;\t"
UTF8_MARK: Final = b"\xef\xbb\xbf"
UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")

# What UTF-7 makes of an underscore, a quotation mark and an opening brace.
UTF7_MARKS: Final = (b"+AF8-", b"+ACI-", b"+AHs-")
NEAR: Final = 0.7
_LINE_END: Final = re.compile(rb"\r\n|\n|\r")


class UnusableExportError(Exception):
    """A file of a known format that cannot be used; its text is one sentence for people."""


@dataclass(frozen=True)
class Header:
    """The line that names the columns.

    Attributes:
        names: As written, without spaces and quotation marks around them.
        delimiter: Between the fields.
        row: Its row number, as a spreadsheet program shows it.
        end: Bytes of the text up to the first row after it.
        ended: Whether a line end follows; a header that the end of the file cuts off has none.
    """

    names: tuple[str, ...]
    delimiter: str
    row: int
    end: int
    ended: bool


def utf8(content: Any) -> Any:
    """The content as UTF-8 without a byte order mark; the same memory where it already is.

    Shape: a `pyarrow.Buffer`.
    """
    head = content.slice(0, min(content.size, SAMPLE_BYTES)).to_pybytes()
    encoding = _other_encoding(head)
    if encoding is None and _is_utf8(content):
        return content.slice(3) if head.startswith(UTF8_MARK) else content
    text = content.to_pybytes().decode(encoding or "cp1252", errors="replace")
    return pa.py_buffer(_encoded(text))


def sample_text(sample: bytes) -> bytes:
    """The first bytes of a file as UTF-8; what its end cuts off is replaced."""
    encoding = _other_encoding(sample[:SAMPLE_BYTES]) or "utf-8"
    text = sample[:SAMPLE_BYTES].decode(encoding, errors="replace")
    return _encoded(text)


def _encoded(text: str) -> bytes:
    """UTF-8 without a mark; half a letter, which UTF-7 may hold, becomes a question mark."""
    return text.lstrip("\ufeff").encode(errors="replace")


def header_of(text: bytes) -> Header | None:
    """The header of a text, or None where every line of it is blank."""
    row, start = 1, 0
    while start < len(text):
        found = _LINE_END.search(text, start)
        stop, following = (found.start(), found.end()) if found else (len(text), len(text))
        line = text[start:stop].decode(errors="replace")
        if line.strip():
            delimiter = max(DELIMITERS, key=line.count)
            names = tuple(name.strip().strip('"').strip() for name in fields(line, delimiter))
            return Header(names, delimiter, row, following, found is not None)
        row, start = row + 1, following
    return None


def fields(line: str, delimiter: str) -> list[str]:
    """The fields of one record, quoted as CSV quotes; an unclosed quotation mark ends with it."""
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return line.split(delimiter)


def near_name(name: str, names: Iterable[str]) -> str | None:
    """That of `names` which most resembles `name`, if any does."""
    by_key = {_letters(other): other for other in names}
    found = difflib.get_close_matches(_letters(name), by_key, n=1, cutoff=NEAR)
    return by_key[found[0]] if found else None


def columns(header: Header, needed: Iterable[str], optional: Iterable[str] = ()) -> dict[str, int]:
    """Where the named columns stand; letter case does not count.

    Raises:
        UnusableExportError: A needed column is missing.
    """
    places: dict[str, int] = {}
    for place, name in enumerate(header.names):
        places.setdefault(name.casefold(), place)
    needed, optional = list(needed), list(optional)
    for name in needed:
        if name.casefold() not in places:
            raise UnusableExportError(_missing(name, header, [*needed, *optional]))
    wanted = [name for name in [*needed, *optional] if name.casefold() in places]
    return {name: places[name.casefold()] for name in wanted}


def _missing(name: str, header: Header, known: Iterable[str]) -> str:
    if not header.ended:
        return f"the file ends within its header (row {header.row}); export it again"
    taken = {other.casefold() for other in known}
    near = near_name(name, [other for other in header.names if other.casefold() not in taken])
    advice = f"is it the column {near}? Rename it" if near else "export the file again"
    return f"the column {name} is missing from the header (row {header.row}); {advice}"


def _letters(name: str) -> str:
    return re.sub(r"[\W_]", "", name.casefold())


def _other_encoding(head: bytes) -> str | None:
    """The encoding that the first bytes betray, if it is neither UTF-8 nor one byte a letter."""
    if head.startswith(UTF16_MARKS):
        return "utf-16"
    if head[1::2].count(0) * 2 > len(head) // 2:
        return "utf-16-le"
    if head[::2].count(0) * 2 > len(head) // 2:
        return "utf-16-be"
    return "utf-7" if any(mark in head for mark in UTF7_MARKS) else None


def _is_utf8(content: Any) -> bool:
    offsets = pa.array([0, content.size], pa.int64()).buffers()[1]
    text = pa.Array.from_buffers(pa.large_string(), 1, [None, offsets, content])
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True
