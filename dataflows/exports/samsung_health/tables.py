"""The tables of Samsung Health's export: what stands around their rows, and how cells are written.

- Line 1 tells the type, the version of the app and that of the table; line 2 names the columns.
- Rows end with a comma, and the header may or may not: a row then has one field more than it.
- Some columns bear the type before their name, in one table and not in another; they are found by
  what follows the last dot.
- Times are UTC, as `2024-12-22 23:00:00.000`, or milliseconds since 1970; `time_offset` is that of
  the place, as `UTC+0100`, and counts as recorded.
- A row was written by the app `pkg_name`, which may be another maker's.

A row number is that of the line, as a spreadsheet program shows it.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dataflows import records
from dataflows.exports import cells
from dataflows.exports.csv_rows import Layout, Rows, rows
from dataflows.exports.csv_text import (
    SAMPLE_BYTES,
    Header,
    UnusableExportError,
    columns,
    header_of,
)

SOURCE: Final = "samsung_health"
ORIGIN: Final = ("time_offset", "update_time", "pkg_name", "deviceuuid")
_FIRST_LINE: Final = re.compile(
    rb'\s*"?(com\.samsung\.s?health\.[a-z0-9_.]+)"?(?:,[^,\r\n]*)*(?:\r\n|\n|\r|\Z)'
)
_OFFSET: Final = re.compile(r"UTC([+-])([0-9]{2}):?([0-9]{2})")
_EPOCH: Final = re.compile(r"[0-9]{12,14}")
_TAIL: Final = 5
_BETWEEN: Final = "\x1f"


def type_of(text: bytes) -> str | None:
    """The type that the first line of a table tells."""
    found = _FIRST_LINE.match(text)
    return None if found is None else found[1].decode()


def table_rows(text: Any, needed: Sequence[str], optional: Sequence[str]) -> Iterator[Rows]:
    """The rows of a table, in parts; a column that is optional and missing is empty.

    Args:
        text: UTF-8, as a `pyarrow.Buffer`.
        needed: Columns without which it cannot be used.
        optional: Columns that it may have.

    Raises:
        UnusableExportError: A needed column is missing, or the table is damaged.
    """
    header = _header(text)
    places = columns(header, needed, optional)
    for part in rows(text, Layout(header, places, quoted=True)):
        empty = pa.array([""] * len(part.numbers), pa.string())
        missing = {name: empty for name in optional if name not in places}
        yield replace(part, columns={**part.columns, **missing})


def _header(text: Any) -> Header:
    """The line that names the columns, by what follows the last dot of each."""
    head = text.slice(0, min(text.size, SAMPLE_BYTES)).to_pybytes()
    first = _FIRST_LINE.match(head)
    header = None if first is None else header_of(head[first.end() :])
    if first is None or header is None:
        raise UnusableExportError("the line that names the columns is missing; export it again")
    prefixed = {name.rsplit(".", 1)[1] for name in header.names if "." in name}
    names = [
        name.rsplit(".", 1)[1] if "." in name else "" if name in prefixed else name
        for name in header.names
    ]
    end = first.end() + header.end
    if names[-1] and _ends_with_delimiter(head[end:], header.delimiter, len(names)):
        names.append("")
    return replace(header, names=tuple(names), row=header.row + 1, end=end)


def _ends_with_delimiter(body: bytes, delimiter: str, width: int) -> bool:
    """Whether rows have an empty field more; a first row that was cut off is thought to have had.

    Args:
        body: Rows.
        delimiter: Between the fields.
        width: How many fields the header has.
    """
    lines = [line.decode(errors="replace") for line in body.splitlines(keepends=True)]
    reader = csv.reader(lines, delimiter=delimiter)
    first = next(reader, [])
    is_whole = bool(first) and lines[reader.line_num - 1].endswith(("\n", "\r"))
    return not is_whole or first[width:] == [""]


# -- cells ---------------------------------------------------------------------------------------


def times(part: Rows, name: str) -> NDArray[np.int64]:
    """Microseconds of a column of times; `NO_INSTANT` where a cell tells none."""
    micros, absent = cells.mapped(part.columns[name], instant, np.int64)
    if absent is not None:
        micros[absent] = cells.NO_INSTANT
    return micros


def values(part: Rows, name: str) -> NDArray[np.float64]:
    """The numbers of a column; NaN where a cell is none."""
    found, _ = cells.mapped(part.columns[name], cells.number, np.float64)
    return found


def is_told(part: Rows, name: str) -> NDArray[np.bool_]:
    """Which cells of a column hold anything."""
    return np.asarray(pc.greater(pc.binary_length(pc.utf8_trim_whitespace(part.columns[name])), 0))


def instant(text: str) -> int | None:
    """Microseconds since 1970 UTC of a time."""
    bare = text.strip()
    if _EPOCH.fullmatch(bare):
        return int(bare) * 1_000
    return cells.instant(f"{bare}Z")


def offset(text: str) -> float | None:
    """Minutes from UTC; None for what no clock shows."""
    found = _OFFSET.fullmatch(text.strip())
    return None if found is None else cells.offset_minutes(found[1], found[2], found[3])


def origin(part: Rows, sha256: str) -> dict[str, Any]:
    """Source, device, place, offset and last change of each row."""
    minutes, _ = cells.mapped(part.columns["time_offset"], offset, np.float64)
    updated = times(part, "update_time")
    return {
        "source": SOURCE,
        "device": _devices(part),
        "raw_sha256": sha256,
        "raw_row": part.numbers,
        "utc_offset_minutes": pa.array(minutes, from_pandas=True).cast(pa.int16()),
        "updated_utc": cells.timestamps(updated, records.INSTANT),
    }


def joined(tables: Iterable[pa.Table]) -> pa.Table:
    """One table of several; what none of them tells reads as null."""
    return pa.concat_tables(tables, promote_options="default").unify_dictionaries()


def _devices(part: Rows) -> pa.DictionaryArray:
    """The app that wrote each row, and the end of the device's number, which tells equal apart."""
    pairs = pc.binary_join_element_wise(
        part.columns["pkg_name"], part.columns["deviceuuid"], _BETWEEN
    ).dictionary_encode()
    names = [_device(*pair.split(_BETWEEN, 1)) for pair in pairs.dictionary.to_pylist()]
    return pa.array(names, pa.string()).take(pairs.indices).dictionary_encode()


def _device(package: str, number: str) -> str | None:
    tail = f"({number[-_TAIL:]})" if number else ""
    return " ".join(filter(None, (package, tail))) or None
