"""Workbooks in Office Open XML: `.xlsx` and `.xlsm`, transitional or strict.

Source: ECMA-376 part 1, 18 (SpreadsheetML): 18.2 workbook, 18.3.1 worksheet, 18.4 shared strings,
18.8 styles, 18.17.4 dates.
"""

import math
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from adapters.sources.workbooks.number_formats import Kind, kind_of
from adapters.sources.workbooks.parts import DAMAGED, Budget, Element, Parts, local
from adapters.sources.workbooks.sheets import Sheet
from adapters.sources.zips import ArchiveError
from dataflows.exports.typed_cells import serial_of

_ROOT: Final = "xl/workbook.xml"
_NAME: Final = re.compile(r"workbook\d*\.xml", re.IGNORECASE)
_TRUE: Final = ("1", "true", "on")
# Days between 1899-12-30 and 1904-01-01, from which workbooks of old Macintoshes count.
_DAYS_1904: Final = 1462
_REFERENCE: Final = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,8})", re.IGNORECASE)
_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_WHOLE: Final = re.compile(r"-?[0-9]{1,15}")


@dataclass(frozen=True)
class _Relation:
    """What a part needs: the last word of the kind, and the part."""

    kind: str
    part: str


def is_workbook(parts: Parts) -> bool:
    """Whether a document is a workbook in this form."""
    root = _root(parts)
    return root in parts and bool(_NAME.fullmatch(posixpath.basename(root)))


def sheets_of(parts: Parts) -> Iterator[Sheet]:
    """The sheets, in the order of their tabs.

    Raises:
        ArchiveError: They cannot be read.
        LookupError, ValueError, OverflowError: Neither can they, since something is damaged.
    """
    root = _root(parts)
    relations, book = _relations(parts, root), parts.elements(root)
    shift = _shift(book)
    strings, kinds = _Strings(parts.budget), []
    for relation in relations.values():
        if relation.kind == "sharedStrings":
            parts.read(relation.part, strings)
        elif relation.kind == "styles":
            kinds = _kinds(parts.elements(relation.part))
    for element in book:
        found = relations.get(element.attributes.get("id", ""))
        if element.name == "sheet" and found is not None and found.kind == "worksheet":
            sheet = Sheet(element.attributes.get("name", ""), parts.budget)
            parts.read(found.part, _Cells(sheet, strings.texts, kinds, shift))
            yield sheet


def _root(parts: Parts) -> str:
    package = _relations(parts, "").values()
    return next((each.part for each in package if each.kind == "officeDocument"), _ROOT)


def _relations(parts: Parts, part: str) -> dict[str, _Relation]:
    folder, name = posixpath.split(part)
    told = [each.attributes for each in parts.elements(f"{folder}/_rels/{name}.rels")]
    return {
        each["Id"]: _Relation(
            each.get("Type", "").rpartition("/")[2],
            posixpath.normpath(posixpath.join("/", folder, each.get("Target", ""))),
        )
        for each in told
        if "Id" in each and each.get("TargetMode") != "External"
    }


def _shift(book: Iterable[Element]) -> int:
    """What makes the workbook's dates count from 1899-12-30."""
    properties = (each.attributes for each in book if each.name == "workbookPr")
    from_1904 = any(each.get("date1904", "").lower() in _TRUE for each in properties)
    return _DAYS_1904 if from_1904 else 0


def _kinds(styles: Iterable[Element]) -> list[Kind | None]:
    """What the number of a cell is shown as, by the number of its style."""
    codes: dict[int, str] = {}
    numbers: list[int] = []
    for parent, name, told in styles:
        if name == "numFmt" and parent == "numFmts":
            codes[int(told.get("numFmtId", "0"))] = told.get("formatCode", "")
        elif name == "xf" and parent == "cellXfs":
            numbers.append(int(told.get("numFmtId", "0")))
    known = {number: kind_of(number, codes.get(number)) for number in set(numbers)}
    return [known[number] for number in numbers]


class _Texts:
    """The texts of the elements within one, by their names; reading aids of Japanese left out."""

    def __init__(self) -> None:
        self._found: dict[str, list[str]] = {}
        self._into: list[str] | None = None
        self._is_aid = False

    def clear(self) -> None:
        self._found.clear()

    def start(self, name: str) -> None:
        self._is_aid = self._is_aid or name == "rPh"
        self._into = None if self._is_aid else self._found.setdefault(name, [])

    def end(self, name: str) -> None:
        self._is_aid = self._is_aid and name != "rPh"
        self._into = None

    def add(self, data: str) -> None:
        if self._into is not None:
            self._into.append(data)

    def of(self, name: str) -> str | None:
        found = self._found.get(name)
        return None if found is None else "".join(found)

    def string(self) -> str:
        """The text of a string, of all its runs."""
        return _unescaped(self.of("t") or "")


class _Strings:
    """The strings that cells share."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.texts: list[str] = []
        self._texts = _Texts()

    def start(self, name: str, attributes: Mapping[str, str]) -> None:  # noqa: ARG002  expat tells it
        name = local(name)
        if name == "si":
            self._texts.clear()
        self._texts.start(name)

    def end(self, name: str) -> None:
        name = local(name)
        self._texts.end(name)
        if name == "si":
            self._budget.take()
            self.texts.append(self._texts.string())

    def text(self, data: str) -> None:
        self._texts.add(data)


class _Cells:
    """The cells of a worksheet, put into a sheet.

    A row or a cell that does not tell its place follows the one before.
    """

    def __init__(
        self, sheet: Sheet, strings: Sequence[str], kinds: Sequence[Kind | None], shift: int
    ) -> None:
        self._sheet, self._strings, self._kinds, self._shift = sheet, strings, kinds, shift
        self._row = self._column = 0
        self._cell: Mapping[str, str] = {}
        self._texts = _Texts()

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        name = local(name)
        self._texts.start(name)
        if name == "c":
            self._cell = attributes
            place = _place(attributes["r"]) if "r" in attributes else None
            self._column = place[0] if place else self._column + 1
            self._texts.clear()
        elif name == "row":
            self._row, self._column = int(attributes.get("r", self._row + 1)), 0
        elif name == "mergeCell":
            self._merge(attributes.get("ref", ""))

    def end(self, name: str) -> None:
        name = local(name)
        self._texts.end(name)
        if name == "c":
            self._sheet.put(self._row, self._column, self._read())

    def text(self, data: str) -> None:
        self._texts.add(data)

    def _read(self) -> Any:
        value, kind = self._texts.of("v"), self._cell.get("t", "n")
        if kind == "inlineStr":
            return self._texts.string()
        if not value and kind != "str":
            formula = self._texts.of("f")  # one without a value was never calculated
            return None if formula is None else f"={formula}"
        if kind not in {"n", "d"}:
            return self._other(value or "", kind)
        try:
            return self._number(value or "", is_iso=kind == "d")
        except (ValueError, OverflowError):
            return value  # one bad cell is no reason to lose the others

    def _number(self, value: str, *, is_iso: bool) -> Any:
        style = int(self._cell.get("s", "0"))
        shown_as = self._kinds[style] if style < len(self._kinds) else None
        return _dated(value, shown_as) if is_iso else _numbered(value, shown_as, self._shift)

    def _other(self, value: str, kind: str) -> Any:
        if kind == "s":
            return self._strings[int(value)]
        return value in _TRUE if kind == "b" else _unescaped(value)

    def _merge(self, reference: str) -> None:
        """Note the first column of merged cells."""
        start, _, end = reference.partition(":")
        (column, first), (_, last) = _place(start), _place(end or start)
        self._sheet.merge(column, first, last)


def _place(reference: str) -> tuple[int, int]:
    """Column and row of a reference such as `B12`, both counted from 1."""
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        raise ArchiveError(DAMAGED)
    column = 0
    for letter in found[1].upper():
        column = 26 * column + ord(letter) - ord("A") + 1
    return column, int(found[2])


def _numbered(text: str, kind: Kind | None, shift: int) -> Any:
    """A number, or the date or time that it is shown as."""
    value = int(text) if _WHOLE.fullmatch(text) else float(text)
    if not math.isfinite(value):
        return text
    if kind is None:
        return value
    return {kind: value if kind == "time" else value + shift}


def _dated(text: str, kind: Kind | None) -> Any:
    """A date or time that is written in ISO 8601, as days since 1899-12-30."""
    told = "date" if ":" not in text else "moment" if "T" in text else "time"
    whole = f"1899-12-30T{text}" if told == "time" else text
    return {kind or told: serial_of(datetime.fromisoformat(whole))}


def _unescaped(text: str) -> str:
    """A text without the codes for what XML cannot hold."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
