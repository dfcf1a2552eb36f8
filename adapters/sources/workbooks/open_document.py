"""Workbooks in OpenDocument: `.ods`, of LibreOffice and Google Sheets.

Source: OpenDocument 1.3 part 3, 9.1 (tables) and 19 (values). The prefixes of names are those that
every program writes. A date tells by what its cell shows whether a time belongs to it, since one
at midnight looks like a day.
"""

import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from adapters.sources.workbooks.parts import DAMAGED, ENCRYPTED, Budget, Parts
from adapters.sources.workbooks.sheets import LAST_COLUMN, LAST_ROW, Sheet
from adapters.sources.zips import ArchiveError
from dataflows.exports.typed_cells import serial_of

_CONTENT: Final = "content.xml"
_MANIFEST: Final = "META-INF/manifest.xml"
_TYPE: Final = b"opendocument.spreadsheet"
_CELLS: Final = ("table:table-cell", "table:covered-table-cell")
_NUMBERS: Final = ("float", "percentage", "currency")
# What holds text or tables that are no cells of the sheet.
_ASIDE: Final = ("office:annotation", "table:tracked-changes", "table:dde-links", "table:shapes")
_SHAPE: Final = "draw:"
_ERROR: Final = re.compile(r"(#|Err:).*")
_CLOCK: Final = re.compile(r"\d ?[:h时時]|\d ?[ap]\.?m", re.IGNORECASE)
_DURATION: Final = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:[.,]\d+)?)S)?")


def is_workbook(parts: Parts) -> bool:
    """Whether a document is a workbook in this form."""
    return _TYPE in parts.head_of("mimetype") or _TYPE in parts.head_of(_MANIFEST)


def sheets_of(parts: Parts) -> Iterator[Sheet]:
    """The sheets, in the order of their tabs.

    Raises:
        ArchiveError: They cannot be read.
        LookupError, ValueError, OverflowError: Neither can they, since something is damaged.
    """
    if any(name == "encryption-data" for _, name, _ in parts.elements(_MANIFEST)):
        raise ArchiveError(ENCRYPTED)
    if _CONTENT not in parts:
        raise ArchiveError(DAMAGED)
    tables = _Tables(parts.budget)
    parts.read(_CONTENT, tables)
    yield from tables.sheets


class _Tables:
    """The tables of a document, each put into a sheet.

    Rows and cells that are alike stand once, with how often they follow each other.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.sheets: list[Sheet] = []
        self._aside = 0
        self._row = self._column = self._repeated = 0
        self._cells: dict[int, Any] = {}
        self._cell: Mapping[str, str] = {}
        self._shown: list[str] = []
        self._is_text = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""
        if self._aside or name in _ASIDE or name.startswith(_SHAPE):
            self._aside += 1
        elif name == "table:table":
            self._budget.take()
            self.sheets.append(Sheet(attributes.get("table:name", ""), self._budget))
            self._row = 0
        elif name == "table:table-row":
            self._repeated = _count(attributes, "table:number-rows-repeated")
            self._column, self._cells = 0, {}
        elif name in _CELLS:
            self._cell, self._shown = attributes, []
        else:
            self._start_text(name, attributes)

    def end(self, name: str) -> None:
        """An element ends."""
        if self._aside:
            self._aside -= 1
        elif name in _CELLS:
            self._end_cell()
        elif name == "table:table-row":
            self._end_row()
        elif name == "text:p":
            self._is_text = False

    def text(self, data: str) -> None:
        """Text between two tags."""
        if self._is_text and not self._aside:
            self._shown.append(data)

    def _start_text(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "text:p":
            self._shown += ["\n"] if self._shown else []
            self._is_text = True
        elif name == "text:s":
            self._shown.append(" " * min(_count(attributes, "text:c"), LAST_COLUMN))
        elif name in {"text:tab", "text:line-break"}:
            self._shown.append(" ")

    def _end_cell(self) -> None:
        first = self._column + 1
        self._column += _count(self._cell, "table:number-columns-repeated")
        value = _value(self._cell, "".join(self._shown))
        if value is not None:
            columns = range(first, min(self._column, LAST_COLUMN) + 1)
            self._cells.update(dict.fromkeys(columns, value))
        spanned = _count(self._cell, "table:number-rows-spanned")
        if spanned > 1:
            self.sheets[-1].merge(first, self._row + 1, self._row + spanned)

    def _end_row(self) -> None:
        if self._cells:
            for row in range(self._row + 1, self._row + self._repeated + 1):
                for column, value in self._cells.items():
                    self.sheets[-1].put(row, column, value)
        self._row = min(self._row + self._repeated, LAST_ROW)


def _count(attributes: Mapping[str, str], name: str) -> int:
    return int(attributes.get(name, "1"))


def _value(cell: Mapping[str, str], shown: str) -> Any:
    """What is in a cell; None in an empty one."""
    if cell.get("calcext:value-type") == "error" or _ERROR.fullmatch(shown):
        return shown
    try:
        return _typed(cell, shown)
    except (LookupError, ValueError, OverflowError):
        return shown or None  # one bad cell is no reason to lose the others


def _typed(cell: Mapping[str, str], shown: str) -> Any:
    kind = cell.get("office:value-type", "")
    if kind in _NUMBERS:
        return _number(cell["office:value"])
    if kind == "date":
        return _date(cell["office:date-value"], shown)
    if kind == "time":
        return {"time": _days(cell["office:time-value"])}
    if kind == "boolean":
        return cell["office:boolean-value"] == "true"
    return shown or cell.get("office:string-value") or None


def _number(text: str) -> Any:
    value = float(text)
    if not math.isfinite(value):
        return text
    return int(value) if value.is_integer() else value


def _date(text: str, shown: str) -> Any:
    has_time = bool(_CLOCK.search(shown)) if shown else "T" in text
    return {"moment" if has_time else "date": serial_of(datetime.fromisoformat(text))}


def _days(text: str) -> float:
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(text)
    hours, minutes, seconds = (float((part or "0").replace(",", ".")) for part in found.groups())
    return (hours * 3600 + minutes * 60 + seconds) / 86_400
