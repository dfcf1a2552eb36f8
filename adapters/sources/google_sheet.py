"""A Google spreadsheet with the hand-kept log: each tab in each state that was met is a raw file.

One request brings zone, locale and the cells of all tabs, as they are at one moment; its cells are
what `UNFORMATTED_VALUE` with `SERIAL_NUMBER` gives, each with its kind beside it, so that a date
is told from a number. The same cells make the same bytes: an unchanged tab adds nothing.

The newest state of a tab is what the log says. An older one is retired: kept, and no part of the
flow, so an edited reading counts once and a deleted one no more. A state that comes back counts
again. A tab that was deleted, or that became empty, counts no more. What was not asked for (other
tabs than those of a range, another spreadsheet) stays as it was last met. A failed request
changes nothing.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from adapters.google.client import GoogleClient
from adapters.google.errors import GoogleError
from adapters.sources import SeenFile, SourceReport, seen
from registry.raw_files import Added, RawEntry, RawFiles, plain_name

NAME: Final = "Google Sheet"
SUFFIX: Final = ".google-sheet"
_WHAT: Final = "the spreadsheet"
_FIELDS: Final = (
    "spreadsheetId,properties(title,locale,timeZone),sheets(properties(sheetId,title,sheetType),"
    "data(startRow,startColumn,rowData(values(effectiveValue,"
    "effectiveFormat(numberFormat(type))))))"
)
_KINDS: Final = {"DATE": "date", "TIME": "time", "DATE_TIME": "moment"}
_VALUES: Final = ("numberValue", "stringValue", "boolValue")


@dataclass(frozen=True)
class GoogleSheet:
    """A spreadsheet that is asked at each run.

    Args:
        client: How Google is asked.
        spreadsheet_id: Which one.
        ranges: What of it, in A1 notation; nothing: every tab.
    """

    client: GoogleClient
    spreadsheet_id: str
    ranges: Sequence[str] = ()

    @property
    def name(self) -> str:
        """What the source is called in reports."""
        return NAME

    def collect(self, raw_files: RawFiles, *, stored_utc: str) -> SourceReport:
        """Store the tabs that changed, and retire the states before."""
        try:
            answer = self._fetched()
        except GoogleError as error:
            return SourceReport(NAME, [SeenFile(NAME, "failed", None, str(error))])
        states = _States(raw_files, self.spreadsheet_id)
        files = [
            seen(states.put(tab, stored_utc), tab.name)
            for tab in _tabs(answer)
            if tab.rows or tab.sheet_id in states.current
        ]
        if not self.ranges:
            states.retire_others(tab.sheet_id for tab in _tabs(answer))
        return SourceReport(NAME, files, states.notices)

    def _fetched(self) -> Any:
        request = self.client.sheets.spreadsheets().get(
            spreadsheetId=self.spreadsheet_id, ranges=list(self.ranges), fields=_FIELDS
        )
        return self.client.ask(request, _WHAT)


@dataclass(frozen=True)
class _Tab:
    """One tab as it is now."""

    sheet_id: int
    name: str
    head: Mapping[str, Any]
    rows: Mapping[int, Sequence[Any]]

    def content(self) -> bytes:
        """Its bytes as a raw file."""
        lines = [json.dumps(self.head, sort_keys=True)]
        lines += [json.dumps([n, self.rows[n]], ensure_ascii=False) for n in sorted(self.rows)]
        return "".join(f"{line}\n" for line in lines).encode()


def _tabs(answer: Any) -> Iterator[_Tab]:
    properties = answer["properties"]
    for sheet in answer.get("sheets", []):
        told = sheet["properties"]
        if told.get("sheetType", "GRID") != "GRID":
            continue
        sheet_id = told.get("sheetId", 0)
        head = {
            "google_sheet": 1,
            "locale": properties.get("locale", ""),
            "sheet_id": sheet_id,
            "spreadsheet_id": answer["spreadsheetId"],
            "time_zone": properties.get("timeZone", ""),
        }
        name = f"{_label(properties.get('title', ''))}/{_label(told['title'])}{SUFFIX}"
        yield _Tab(sheet_id, name, head, _rows(sheet.get("data", [])))


def _label(title: str) -> str:
    """A title as a part of a name: it never looks like a path."""
    return plain_name(title).replace("/", "_").strip(" .") or "unnamed"


def _rows(areas: Sequence[Any]) -> dict[int, list[Any]]:
    """Row number -> cells from column A on; empty rows and what is empty at the end left out."""
    rows: dict[int, list[Any]] = {}
    for area in areas:
        left = area.get("startColumn", 0)
        for number, row in enumerate(area.get("rowData", []), area.get("startRow", 0) + 1):
            told = [_cell(cell) for cell in row.get("values", [])]
            while told and told[-1] is None:
                told.pop()
            if told:
                rows[number] = _beside(rows.get(number, []), left, told)
    return rows


def _beside(cells: list[Any], left: int, told: list[Any]) -> list[Any]:
    cells = cells + [None] * (left - len(cells))
    return cells[:left] + told + cells[left + len(told) :]


def _cell(cell: Any) -> Any:
    value = cell.get("effectiveValue", {})
    if "errorValue" in value:
        return f"#{value['errorValue'].get('type', 'ERROR')}"
    found = next((value[kind] for kind in _VALUES if kind in value), None)
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    form = cell.get("effectiveFormat", {}).get("numberFormat", {}).get("type")
    if "numberValue" in value and form in _KINDS:
        return {_KINDS[form]: found}
    return None if found == "" else found


class _States:
    """The raw files that hold a spreadsheet's tabs.

    Attributes:
        current: Sheet id -> the states that count; one, but for a merge of two machines' files.
        notices: What became of rows that were there before.
    """

    def __init__(self, raw_files: RawFiles, spreadsheet_id: str) -> None:
        self._raw_files = raw_files
        self.notices: list[str] = []
        self.current: dict[int, list[RawEntry]] = {}
        for entry in raw_files.entries():
            if not entry.retired and entry.name.endswith(SUFFIX):
                head = self._head(entry)
                if head.get("spreadsheet_id") == spreadsheet_id:
                    self.current.setdefault(head["sheet_id"], []).append(entry)

    def put(self, tab: _Tab, stored_utc: str) -> Added:
        """Store a state and let it count alone."""
        added = self._raw_files.add_stream([tab.content()], tab.name, stored_utc=stored_utc)
        if added.entry.retired:
            self._raw_files.retire(added.entry.sha256, retired=False)
        older = self.current.get(tab.sheet_id, [])
        for entry in older:
            if entry.sha256 != added.entry.sha256:
                self._tell_fewer(tab, entry)
                self._raw_files.retire(entry.sha256)
        return added

    def retire_others(self, present: Iterator[int]) -> None:
        """Retire the tabs that are no longer there."""
        for sheet_id in self.current.keys() - set(present):
            for entry in self.current[sheet_id]:
                self._raw_files.retire(entry.sha256)
                self.notices.append(
                    f"{entry.name}: the tab is no longer there, so its {self._count(entry)} rows "
                    "count no more"
                )

    def _tell_fewer(self, tab: _Tab, before: RawEntry) -> None:
        fewer = self._count(before) - len(tab.rows)
        if fewer > 0:
            rows = "row" if fewer == 1 else "rows"
            self.notices.append(f"{tab.name}: {fewer} {rows} fewer than when it was last asked")

    def _count(self, entry: RawEntry) -> int:
        with self._raw_files.path(entry.sha256).open("rb") as lines:
            return sum(1 for _ in lines) - 1

    def _head(self, entry: RawEntry) -> dict[str, Any]:
        try:
            with self._raw_files.path(entry.sha256).open("rb") as lines:
                head = json.loads(lines.readline())
        except (OSError, ValueError):
            return {}
        return head if isinstance(head, dict) and "sheet_id" in head else {}
