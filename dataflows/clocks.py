"""Clocks: what offset a zone, or the evidence of other records, gives to a moment.

A clock is a short table of segments of constant offset, so that millions of moments are converted
by one binary search. Zones come from the `tzdata` package and not from the operating system: the
same versions of packages give the same instants on every machine.
"""

import difflib
import importlib.resources
import itertools
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import tzdata  # type: ignore[import-untyped]  # publishes no types
from numpy.typing import NDArray

from dataflows import DataflowError, records

MINUTE: Final = 60_000_000
DAY: Final = 86_400_000_000
_SECOND: Final = 1_000_000
_DAY_SECONDS: Final = 86_400
# Zones are looked up between 1970-01-01 and 2100-01-01; beyond, the nearest offset counts.
_FIRST_DAY: Final = 0
_LAST_DAY: Final = 47_482

Instants = NDArray[np.int64]
Offsets = NDArray[np.int16]


class UnknownTimeZoneError(DataflowError):
    """The home zone is not a name that the time zone database knows."""


@dataclass(frozen=True)
class Segments:
    """Offsets over time: before `edges[0]` the first one, and so on."""

    edges: Instants
    offsets: Offsets
    ambiguous: NDArray[np.bool_]
    nonexistent: NDArray[np.bool_]

    def at(self, times: Instants) -> NDArray[np.int64]:
        """The index of the segment that each time lies in."""
        return np.searchsorted(self.edges, times, side="right")


@dataclass(frozen=True)
class Clock:
    """How instants and wall times convert, and what to write beside a converted record."""

    by_instant: Segments
    by_wall_time: Segments
    time_zone: str | None
    time_zone_source: str


def zone_named(name: str) -> ZoneInfo:
    """The zone of the packaged time zone database.

    Raises:
        UnknownTimeZoneError: The database has no such zone.
    """
    parts = name.split("/")
    if all(part.strip(".") for part in parts) and "\\" not in name:
        resource = importlib.resources.files(tzdata).joinpath("zoneinfo", *parts)
        if resource.is_file():
            with resource.open("rb") as file:
                try:
                    return ZoneInfo.from_file(file, key=name)
                except ValueError:
                    pass
    near = difflib.get_close_matches(name, _zone_names(), n=1)
    hint = f"; did you mean {near[0]}?" if near else ", such as Europe/Berlin"
    raise UnknownTimeZoneError(f"PDP_TIME_ZONE: no IANA time zone is called {name!r}{hint}")


def _zone_names() -> list[str]:
    listing = importlib.resources.files(tzdata).joinpath("zones")
    return listing.read_text(encoding="utf-8").split()


def _offset_seconds(zone: ZoneInfo, second: int) -> int:
    offset = datetime.fromtimestamp(second, zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


def _transition(zone: ZoneInfo, low: int, high: int) -> int:
    """The first second in (low, high] with the offset of `high`."""
    offset = _offset_seconds(zone, high)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset_seconds(zone, middle) == offset:
            high = middle
        else:
            low = middle
    return high


def _changes(zone: ZoneInfo, first_day: int, last_day: int) -> list[tuple[int, int]]:
    """(instant, offset from then on in minutes), beginning with the offset of the first day."""
    offset = _offset_seconds(zone, first_day * _DAY_SECONDS)
    changes = [(first_day * DAY, offset // 60)]
    for day in range(first_day + 1, last_day + 1):
        second = day * _DAY_SECONDS
        after = _offset_seconds(zone, second)
        if after != offset:
            moment = _transition(zone, second - _DAY_SECONDS, second)
            changes.append((moment * _SECOND, after // 60))
            offset = after
    return changes


def _instant_segments(changes: list[tuple[int, int]]) -> Segments:
    none = np.zeros(len(changes), np.bool_)
    edges = np.array([moment for moment, _ in changes[1:]], np.int64)
    return Segments(edges, np.array([offset for _, offset in changes], np.int16), none, none)


def _wall_time_segments(changes: list[tuple[int, int]]) -> Segments:
    """Each change of offset makes two segments: the hour shown twice or skipped, and the rest."""
    edges: list[int] = []
    offsets, folds, gaps = [changes[0][1]], [False], [False]
    for (_, before), (moment, after) in itertools.pairwise(changes):
        edges += [moment + min(before, after) * MINUTE, moment + max(before, after) * MINUTE]
        offsets += [before, after]
        folds += [after < before, False]
        gaps += [after > before, False]
    return Segments(
        np.array(edges, np.int64),
        np.array(offsets, np.int16),
        np.array(folds, np.bool_),
        np.array(gaps, np.bool_),
    )


def zone_clock(zone: ZoneInfo, days: tuple[int, int], time_zone_source: str) -> Clock:
    """The clock of a zone between two days since 1970."""
    changes = _changes(zone, *days)
    return Clock(
        _instant_segments(changes), _wall_time_segments(changes), zone.key, time_zone_source
    )


def recorded_clock(name: str, days: tuple[int, int], home: Clock) -> Clock:
    """The clock of a zone that an export names; a name that nobody knows is as good as none."""
    try:
        zone = zone_named(name)
    except UnknownTimeZoneError:
        return home
    return zone_clock(zone, days, "recorded")


def _nearest_segments(times: Instants, offsets: Offsets) -> Segments:
    """The offset of the nearest evidence: it changes half-way between two that differ."""
    order = np.lexsort((offsets, times))
    times, offsets = times[order], offsets[order]
    last = np.flatnonzero(np.diff(offsets))
    edges = times[last] + (times[last + 1] - times[last] + 1) // 2
    kept = offsets[np.concatenate(([0], last + 1))]
    none = np.zeros(len(kept), np.bool_)
    return Segments(edges, kept, none, none)


def evidence_clock(evidence: pa.Table) -> Clock:
    """The clock that shows the offset of the nearest record of `evidence`."""
    instants = integers(evidence["start_utc"])
    offsets = evidence["utc_offset_minutes"].to_numpy()
    walls = instants + offsets.astype(np.int64) * MINUTE
    return Clock(
        _nearest_segments(instants, offsets), _nearest_segments(walls, offsets), None, "inferred"
    )


def offset_minutes(instants: pa.Array, zone: str) -> Offsets:
    """Offset from UTC of each instant in a zone.

    Args:
        instants: Arrow timestamps in microseconds, UTC; without nulls.
        zone: An IANA name.

    Units: minutes, east positive.

    Raises:
        UnknownTimeZoneError: The database has no such zone.
    """
    times = integers(instants)
    segments = _instant_segments(_changes(zone_named(zone), *days_around([times])))
    return segments.offsets[segments.at(times)]


def wall_time(instants: pa.Array, offsets: NDArray[np.int16] | pa.Array) -> pa.Array:
    """What a clock with these offsets (minutes) showed at these instants; Arrow, no zone."""
    shift = np.asarray(offsets).astype(np.int64) * MINUTE
    return pa.array(integers(instants) + shift).cast(records.WALL_TIME)


def integers(column: pa.Array) -> Instants:
    """Numbers, or times in their own unit, as numpy integers; null reads as 0."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    kind = column.type
    if not pa.types.is_integer(kind):
        kind = pa.int32() if kind.bit_width == pa.int32().bit_width else pa.int64()
    numbers = column.view(kind)
    if numbers.null_count:
        numbers = numbers.fill_null(0)
    return np.asarray(numbers.to_numpy(zero_copy_only=False), dtype=np.int64)


def days_around(times: list[Instants]) -> tuple[int, int]:
    """First and last day, since 1970, that a clock for these times has to know."""
    filled = [values for values in times if len(values)]
    if not filled:
        return _FIRST_DAY, _FIRST_DAY + 1
    first = min(int(values.min()) for values in filled) // DAY - 2
    last = max(int(values.max()) for values in filled) // DAY + 3
    first = min(max(first, _FIRST_DAY), _LAST_DAY - 1)
    return first, max(min(last, _LAST_DAY), first + 1)
