"""The owner's corrections: readings to leave out, kept in a CSV file that people edit too.

    file,row,reason
    export.zip/BODY.csv,17,wrong cuff size

`file` is a raw file's name or the beginning of its hash, `row` the row as a spreadsheet program
counts it. The commas may be semicolons or tabs, as spreadsheet programs write them.

    CorrectionsError    the file, or a correction, cannot be used (exit code 2)
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa

from adapters import AdapterError
from registry.objects import replace_file
from registry.raw_files import NoSuchRawFileError, RawEntry, RawFiles, plain_name

COLUMNS: Final = ("file", "row", "reason")
EXCLUSIONS: Final = pa.schema(
    [
        pa.field("raw_sha256", pa.string(), nullable=False),
        pa.field("raw_row", pa.int32(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
    ]
)
_LARGEST_ROW: Final = 2**31 - 1


class CorrectionsError(AdapterError):
    """A correction that cannot be used: in which file, in which row, and what to do."""

    exit_code = 2

    def __init__(self, path: Path, problems: Sequence[str]) -> None:
        super().__init__(f"{path}: {'; '.join(problems)}")
        self.path = path
        self.problems = tuple(problems)


@dataclass(frozen=True)
class Correction:
    """One row of the file: leave this row of that file out."""

    file: str
    row: int
    reason: str
    line: int


@dataclass(frozen=True)
class Exclusions:
    """The corrections as the flow takes them, and those that no raw file answers to."""

    table: pa.Table
    problems: Sequence[str]


def read_corrections(path: Path) -> list[Correction]:
    """The corrections in a file, which need not exist.

    Raises:
        CorrectionsError: It cannot be read; every bad row is named.
    """
    return _parsed(path, _text(path))


def add_correction(path: Path, raw_files: RawFiles, file: str, row: int, reason: str) -> bool:
    """Leave a row of a raw file out from now on. False if it was left out already.

    The file is written down by its hash: a name may come to mean another file.

    Raises:
        CorrectionsError: The row is none, or what is in the file cannot be read.
        NoSuchRawFileError: No raw file, or more than one, goes by this name.
    """
    if not 1 <= row <= _LARGEST_ROW:
        raise CorrectionsError(path, [f"{row} is no row; count as a spreadsheet does, from 1"])
    entry = _found(raw_files, file)
    text = _text(path)
    left_out = (
        exclusions(_parsed(path, text), raw_files, path).table.drop_columns("reason").to_pylist()
    )
    if {"raw_sha256": entry.sha256, "raw_row": row} in left_out:
        return False
    values = {"file": entry.sha256, "row": str(row), "reason": plain_name(" ".join(reason.split()))}
    replace_file(path, [_appended(text, values).encode()])
    return True


def remove_corrections(path: Path, is_meant: Callable[[str], bool]) -> int:
    """Remove the corrections whose file is meant; the rest stays as it is written.

    Args:
        path: The file; it need not exist, and one that cannot be read is left alone.
        is_meant: Says it of a row's file, by name or by the beginning of its hash.

    Returns:
        How many were removed.
    """
    try:
        text = _text(path)
        lines = {found.line for found in _parsed(path, text) if is_meant(found.file)}
    except CorrectionsError:
        return 0
    if lines:
        kept = [raw for line, raw in enumerate(_raw_rows(text), 1) if line not in lines]
        replace_file(path, ["".join(kept).encode()])
    return len(lines)


def exclusions(corrections: Iterable[Correction], raw_files: RawFiles, path: Path) -> Exclusions:
    """The corrections as a table: the first reason of each row, sorted by file and row.

    Shape: one row per raw file and row, columns as in `EXCLUSIONS`.
    """
    reasons: dict[tuple[str, int], str] = {}
    problems: list[str] = []
    for correction in corrections:
        try:
            entry = _found(raw_files, correction.file)
        except NoSuchRawFileError as error:
            problems.append(f"{path}: row {correction.line}: {error}")
            continue
        reasons.setdefault((entry.sha256, correction.row), correction.reason)
        if entry.retired:
            problems.append(
                f"{path}: row {correction.line}: a newer state of {entry.name} counts, where this "
                "correction has no effect; correct the spreadsheet itself, or name the newer state"
            )
    rows = [
        {"raw_sha256": sha256, "raw_row": row, "reason": reasons[sha256, row]}
        for sha256, row in sorted(reasons)
    ]
    return Exclusions(pa.Table.from_pylist(rows, EXCLUSIONS), problems)


def _found(raw_files: RawFiles, file: str) -> RawEntry:
    entry = raw_files.find(file)
    if entry.kind == "archive":
        members = [other.name for other in raw_files.entries() if other.container == entry.sha256]
        raise NoSuchRawFileError(file, "it is an archive; name the file within it", members)
    return entry


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise CorrectionsError(path, ["it is not UTF-8; save it as CSV UTF-8"]) from None
    except OSError as error:
        raise CorrectionsError(path, [f"it cannot be read ({error.strerror}); mend it"]) from None


def _rows(text: str) -> Iterator[list[str]]:
    """The rows as a spreadsheet program counts them."""
    lines = io.StringIO(text.removeprefix("\ufeff"), newline="")
    for row in csv.reader(lines, delimiter=_delimiter(text), strict=True):
        yield [cell.strip() for cell in row]


def _raw_rows(text: str) -> Iterator[str]:
    """The texts of the rows; a quoted cell may hold ends of lines."""
    lines = text.splitlines(keepends=True)
    reader = csv.reader(iter(lines), delimiter=_delimiter(text), strict=True)
    start = 0
    for _ in reader:
        yield "".join(lines[start : reader.line_num])
        start = reader.line_num


def _delimiter(text: str) -> str:
    return max(",;\t", key=text.lstrip().partition("\n")[0].count)


def _parsed(path: Path, text: str) -> list[Correction]:
    found: list[Correction] = []
    problems: list[str] = []
    columns: list[str] | None = None
    line = 0
    try:
        for line, row in enumerate(_rows(text), 1):
            if not any(row):
                continue
            if columns is None:
                columns = _columns(path, row)
                continue
            try:
                found.append(_correction(dict(zip(columns, row, strict=False)), line))
            except ValueError as error:
                problems.append(str(error))
    except csv.Error:
        problems.append(f"row {line + 1}: a quotation mark is left open or out of place; mend it")
    if problems:
        raise CorrectionsError(path, problems)
    return found


def _columns(path: Path, row: list[str]) -> list[str]:
    columns = [cell.lower() for cell in row]
    missing = [name for name in COLUMNS if name not in columns]
    if missing:
        raise CorrectionsError(
            path, [f"no column {', '.join(missing)}; its first row has to be {','.join(COLUMNS)}"]
        )
    return columns


def _correction(cells: dict[str, str], line: int) -> Correction:
    file, row = cells.get("file", ""), cells.get("row", "")
    if not file:
        raise ValueError(f"row {line}: no file; give a file's name or the beginning of its hash")
    if not (row.isascii() and row.isdigit() and 1 <= int(row[:20]) <= _LARGEST_ROW):
        raise ValueError(
            f"row {line}: {row[:20]!r} is no row; give its number as a spreadsheet does"
        )
    return Correction(file, int(row), cells.get("reason", ""), line)


def _appended(text: str, values: dict[str, str]) -> str:
    """The text with one row more, in the way in which it is written."""
    text = text if text.strip("\ufeff \t\r\n") else ",".join(COLUMNS) + "\n"
    line_end = "\r\n" if "\r\n" in text else "\n"
    header = next(row for row in _rows(text) if any(row))
    row = io.StringIO(newline="")
    writer = csv.writer(row, delimiter=_delimiter(text), lineterminator=line_end)
    writer.writerow([values.get(name.lower(), "") for name in header])
    return text + ("" if text.endswith("\n") else line_end) + row.getvalue()
