"""Spreadsheets: tabs of cells that are texts, numbers, dates and times; no HTTP."""

import csv
import re
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from tests.emulators.answers import RefusedError

Cell = str | int | float | bool | date | time | datetime | None
_ORIGIN = datetime(1899, 12, 30)  # noqa: DTZ001 - a wall time
_DAY_SECONDS = 86_400
_RANGE = re.compile(r"([A-Z]*)(\d*)(?::([A-Z]*)(\d*))?")


@dataclass
class Tab:
    """One tab; `rows` are its cells from A1 on."""

    sheet_id: int
    title: str
    rows: list[list[Cell]] = field(default_factory=list)


@dataclass
class Spreadsheet:
    """One spreadsheet."""

    id: str
    title: str = "Blood pressure"
    locale: str = "en_GB"
    time_zone: str = "Europe/Berlin"
    tabs: list[Tab] = field(default_factory=list)
    role: str | None = "reader"
    source: Path | None = None

    def tab(self, title: str) -> Tab:
        """A tab by its title."""
        return next(tab for tab in self.tabs if tab.title == title)

    def reread(self) -> None:
        """Take the cells from the CSV file behind it, if there is one."""
        if self.source is not None:
            with self.source.open(encoding="utf-8", newline="") as lines:
                self.tabs[0].rows = [[typed(text) for text in row] for row in csv.reader(lines)]

    def resource(self, ranges: list[str], *, with_cells: bool) -> dict[str, Any]:
        """As the interface tells it; ranges limit the tabs and their cells.

        Raises:
            RefusedError: A range names a tab that is not there.
        """
        self.reread()
        areas: dict[str, list[_Area]] = {}
        for text in ranges:
            area = self._area(text)
            areas.setdefault(area.tab.title, []).append(area)
        if not ranges:
            areas = {tab.title: [_Area(tab)] for tab in self.tabs}
        return {
            "spreadsheetId": self.id,
            "properties": {
                "title": self.title,
                "locale": self.locale,
                "timeZone": self.time_zone,
            },
            "sheets": [
                _sheet(place, tab, areas[tab.title], with_cells=with_cells)
                for place, tab in enumerate(self.tabs)
                if tab.title in areas
            ],
        }

    def _area(self, text: str) -> "_Area":
        title, mark, cells = text.rpartition("!")
        titles = {tab.title: tab for tab in self.tabs}
        if not mark:
            title, cells = (text, "") if _plain(text) in titles else ("", text)
        tab = titles.get(_plain(title)) if title else self.tabs[0]
        found = _RANGE.fullmatch(cells)
        if tab is None or found is None:
            raise RefusedError(400, "badRequest", f"Unable to parse range: {text}")
        left, top, right, bottom = found.groups()
        return _Area(
            tab,
            top=int(top or 1) - 1,
            left=_column(left or "A"),
            bottom=int(bottom or 0) or None,
            right=_column(right) + 1 if right else None,
        )


@dataclass
class _Area:
    """A rectangle of a tab; None: to its end."""

    tab: Tab
    top: int = 0
    left: int = 0
    bottom: int | None = None
    right: int | None = None

    def data(self) -> dict[str, Any]:
        rows = [row[self.left : self.right] for row in self.tab.rows[self.top : self.bottom]]
        while rows and all(cell in (None, "") for cell in rows[-1]):
            rows.pop()
        told: dict[str, Any] = {"rowData": [_row(row) for row in rows]} if rows else {}
        if self.top:
            told["startRow"] = self.top
        if self.left:
            told["startColumn"] = self.left
        return told


def _sheet(place: int, tab: Tab, areas: list[_Area], *, with_cells: bool) -> dict[str, Any]:
    properties = {
        "sheetId": tab.sheet_id,
        "title": tab.title,
        "index": place,
        "sheetType": "GRID",
    }
    if not with_cells:
        return {"properties": properties}
    return {"properties": properties, "data": [area.data() for area in areas]}


def _row(cells: list[Cell]) -> dict[str, Any]:
    while cells and cells[-1] in (None, ""):
        cells = cells[:-1]
    return {"values": [_cell(cell) for cell in cells]} if cells else {}


def _cell(cell: Cell) -> dict[str, Any]:
    if cell is None or cell == "":
        return {}
    if isinstance(cell, bool):
        return _valued("boolValue", cell)
    if isinstance(cell, str):
        return _valued("stringValue", cell)
    if isinstance(cell, int | float):
        return _valued("numberValue", cell)
    days = serial(cell)
    return _valued("numberValue", int(days) if days.is_integer() else days, _KINDS[type(cell)])


_KINDS = {date: "DATE", time: "TIME", datetime: "DATE_TIME"}


def _valued(kind: str, value: Any, form: str | None = None) -> dict[str, Any]:
    told: dict[str, Any] = {"effectiveValue": {kind: value}}
    if form:
        told["effectiveFormat"] = {"numberFormat": {"type": form, "pattern": "as the locale has"}}
    return told


def serial(moment: date | time | datetime) -> float:
    """Days since the end of 1899, as spreadsheets count."""
    if isinstance(moment, time):
        return (moment.hour * 3600 + moment.minute * 60 + moment.second) / _DAY_SECONDS
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001 - a wall time
    return (moment - _ORIGIN).total_seconds() / _DAY_SECONDS


def typed(text: str) -> Cell:
    """What a spreadsheet makes of what is typed into a cell."""
    for read in (int, float, date.fromisoformat, time.fromisoformat, datetime.fromisoformat):
        try:
            return read(text)
        except ValueError:
            continue
    return text


def _plain(title: str) -> str:
    if title.startswith("'") and title.endswith("'"):
        return title[1:-1].replace("''", "'")
    return title


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1
