"""The cells of a column as numbers and times, and the rows that are taken out for a bad one."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dataflows import records

SECOND: Final = 1_000_000
DAY: Final = 86_400 * SECOND
EPOCH: Final = date(1970, 1, 1).toordinal()

# Instants before year 1 or after year 9999 have no date; parsers take no other offence at a time.
FIRST_INSTANT: Final = -62_135_596_800 * SECOND
LAST_INSTANT: Final = 253_402_300_799 * SECOND
NO_INSTANT: Final = np.iinfo(np.int64).min

# Clock ticks in a second, from the largest epoch value that is plausible in that unit on.
UNITS: Final = ((10**11, 1), (10**14, 1_000), (10**17, 1_000_000), (10**20, 1_000_000_000))
LONGEST_VALUE: Final = 500

# No clock on Earth is further from UTC.
MOST_OFFSET_MINUTES: Final = 14 * 60

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATE_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)"
    r" ?(Z|[+-][0-9]{2}:?[0-9]{2})"
)

REASONS: Final = {
    "invalid_json": "the value is no JSON object",
    "missing_time": "the row tells no time",
    "missing_value": "the row lacks a value that its record needs",
    "not_a_number": "the value is not a number",
    "not_a_time": "the value is not a time in the form that this export uses",
    "out_of_range": "the time lies outside the years 1 to 9999",
    "unknown_stage": "the value names no sleep stage that is known",
    "wrong_field_count": "the row has more or fewer fields than the header",
}


def mapped(
    column: Any, parse: Callable[[str], float | None], kind: Any
) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """A column of text through a function of its distinct texts.

    Args:
        column: An Arrow array of text without nulls.
        parse: Gives None for a text that means nothing.
        kind: Numpy type of the result.

    Shape: the numbers, 0 or NaN where a text means nothing; a mask of these rows, None if there
    are none.
    """
    encoded = column.dictionary_encode()
    codes = np.asarray(encoded.indices)
    found = [parse(text) for text in encoded.dictionary.to_pylist()]
    nothing = math.nan if np.issubdtype(kind, np.floating) else 0
    values: NDArray[Any] = np.array([nothing if value is None else value for value in found], kind)
    if None not in found:
        return values[codes], None
    return values[codes], np.array([value is None for value in found])[codes]


def integers(column: Any) -> NDArray[np.int64]:
    """A column of text as whole numbers; what is none is `NO_INSTANT`."""
    try:
        return np.asarray(column.cast(pa.int64()))
    except pa.ArrowInvalid:
        whole = pc.match_substring_regex(column, r"^-?(?:[0-9]{1,18}|[1-8][0-9]{18})$")
        values = pc.if_else(whole, column, str(NO_INSTANT))
        return np.asarray(values.cast(pa.int64()))


def number(value: object) -> float | None:
    """A finite number as JSON or a cell gives it, also where it stands as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def whole(value: object) -> int | None:
    """A number cut to a whole one that fits 64 bits."""
    found = value if type(value) is int else number(value)
    return int(found) if found is not None and abs(found) < 2**62 else None


def day_number(text: str) -> int | None:
    """Days since 1970 of an ISO date."""
    try:
        return date.fromisoformat(text).toordinal() - EPOCH if _DATE.fullmatch(text) else None
    except ValueError:
        return None


def instant(text: str) -> int | None:
    """Microseconds since 1970 UTC of a date and time that tells its offset from UTC."""
    shape = _DATE_TIME.fullmatch(text)
    if shape is None:
        return None
    try:
        found = datetime.fromisoformat(f"{shape[1]}{shape[2]}")
        return (found - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    except (ValueError, OverflowError):
        return None


def offset_minutes(sign: str, hours: str, minutes: str) -> int | None:
    """Minutes from UTC of an offset's parts; None for what no clock shows."""
    found = int(hours) * 60 + int(minutes)
    return None if found > MOST_OFFSET_MINUTES else -found if sign == "-" else found


def minutes_from_utc(offsets: Any, ticks: int) -> Any:
    """Offsets in minutes; what no clock shows is null.

    Args:
        offsets: Whole numbers, an Arrow column.
        ticks: How many of them are a minute.

    Shape: an Arrow column of `int16`.
    """
    most = MOST_OFFSET_MINUTES * ticks
    possible = pc.and_(pc.greater_equal(offsets, -most), pc.less_equal(offsets, most))
    return pc.divide(pc.if_else(possible, offsets, None), ticks).cast(pa.int16())


def ticks_per_second(epochs: NDArray[np.int64]) -> int:
    """The unit of a column of epoch values: seconds, or thousandths, millionths, billionths.

    The middle value decides for the column, so that one damaged value changes no other.
    """
    told = epochs[(epochs != NO_INSTANT) & (epochs != 0)]
    if not len(told):
        return 1
    middle = abs(int(np.partition(told, len(told) // 2)[len(told) // 2]))
    return next(ticks for limit, ticks in UNITS if middle < limit)


def instants(epochs: NDArray[np.int64], ticks: int) -> NDArray[np.int64]:
    """Epoch values as microseconds; `NO_INSTANT` where they are none, or outside the calendar."""
    if ticks > SECOND:
        found = epochs // (ticks // SECOND)
        outside = (found < FIRST_INSTANT) | (found > LAST_INSTANT)
    else:
        factor = SECOND // ticks
        outside = (epochs < FIRST_INSTANT // factor) | (epochs > LAST_INSTANT // factor)
        found = np.where(outside, 0, epochs) * factor if outside.any() else epochs * factor
    outside |= epochs == NO_INSTANT
    if outside.any():
        found[outside] = NO_INSTANT
    return found


def in_calendar(epochs: Any, ticks: int) -> Any:
    """Epoch values, an Arrow column; what lies outside the calendar is null."""
    first, last = (edge // SECOND * ticks for edge in (FIRST_INSTANT, LAST_INSTANT))
    inside = pc.and_(pc.greater_equal(epochs, first), pc.less_equal(epochs, last))
    return pc.if_else(inside, epochs, None)


def timestamps(micros: NDArray[np.int64], kind: Any) -> Any:
    """Microseconds as Arrow timestamps; `NO_INSTANT` is null.

    Shape: an Arrow array of type `kind` (`records.INSTANT` or `records.WALL_TIME`).
    """
    absent = micros == NO_INSTANT
    column = pa.array(micros, mask=absent) if absent.any() else pa.array(micros)
    return column.view(kind)


def rejected_row(
    signal: str,
    source: str,
    sha256: str,
    row: int,
    check: str,
    *,
    column: str | None = None,
    value: str | None = None,
    reason: str | None = None,
) -> dict[str, Any]:
    """One row for `records.REJECTED`."""
    return {
        "signal": signal,
        "source": source,
        "raw_sha256": sha256,
        "raw_row": row,
        "column": column,
        "check": check,
        "reason": reason or REASONS[check],
        "value": None if value is None else value[:LONGEST_VALUE],
    }


def table_of(name: str, rows: Sequence[Mapping[str, Any]]) -> Any:
    """A parsed table of rows, without the columns that none of them fills.

    Shape: columns of `records.PARSED[name]`.
    """
    table = records.table_from_rows(records.PARSED[name], rows)
    filled = [
        field.name
        for field in table.schema
        if not field.nullable or table[field.name].null_count < table.num_rows
    ]
    return table.select(filled) if rows else table


def joined(parts: Iterable[Any]) -> Any:
    """Dictionary-encoded arrays, one after the other, over one dictionary.

    Shape: an Arrow array of type `records.TEXT`.
    """
    chunks = list(parts)
    if not chunks:
        return pa.array([], pa.string()).dictionary_encode().cast(records.TEXT)
    unified = pa.chunked_array(chunks).unify_dictionaries().combine_chunks()
    column = unified.chunk(0) if isinstance(unified, pa.ChunkedArray) else unified
    return column.cast(records.TEXT)
