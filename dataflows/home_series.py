"""Series of home readings: runs of days on which somebody measured.

A series is a run of days with readings of a cuff between which at most one day is left out. It is
judged on its last seven days; day 1, which some protocols drop, is the first day of the series. All
of this is ours: protocols tell what to do in a week that was set apart for measuring, and a log
that goes on for years has no such weeks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Final

import pyarrow as pa

from dataflows.clocks import integers
from dataflows.daily_sums import in_thousandths
from dataflows.day_windows import Window
from dataflows.measurement import is_cuffless
from dataflows.readings_by_part import local_minutes

LONGEST_GAP_DAYS: Final = 1
"""Ours: with two days left out, a new series begins."""

JUDGED_DAYS: Final = 7
"""The seven days that ESC 2024, AHA/AMA, ESH, NICE and Hypertension Canada ask for or prefer."""

SITTING_MINUTES: Final = 10
"""Ours: readings within ten minutes of the first one are one sitting. Protocols leave one or two
minutes between the readings of a sitting."""

_MINUTE: Final = 60_000_000


@dataclass(frozen=True, order=True)
class Reading:
    """One reading of a cuff.

    Attributes:
        instant: Microseconds since 1970, UTC.
        day: Its local date.
        part: `morning` or `evening`; empty between them.
        systolic: In whole thousandths of mmHg.
        diastolic: In whole thousandths of mmHg.
    """

    instant: int
    day: date
    part: str
    systolic: int
    diastolic: int


@dataclass(frozen=True)
class Series:
    """A run of days with readings.

    Attributes:
        readings: All of them, in order of time.
    """

    readings: tuple[Reading, ...]

    @property
    def first_day(self) -> date:
        """Day 1."""
        return min(reading.day for reading in self.readings)

    @property
    def judged(self) -> tuple[Reading, ...]:
        """The readings of its last seven days."""
        last = max(reading.day for reading in self.readings)
        begin = last - timedelta(days=JUDGED_DAYS - 1)
        return tuple(reading for reading in self.readings if reading.day >= begin)


def cuff_readings(readings: pa.Table, windows: Mapping[str, Window]) -> list[Reading]:
    """The readings of a table that a cuff took, in order of time.

    Args:
        readings: `records.BLOOD_PRESSURE_READINGS`.
        windows: What counts as `morning` and `evening`.
    """
    table = readings.filter(pa.array(~is_cuffless(readings)))
    found = zip(
        integers(table["start_utc"]).tolist(),
        table["local_date"].to_pylist(),
        (_part(minute, windows) for minute in local_minutes(table).tolist()),
        in_thousandths(table["systolic_mmhg"]).tolist(),
        in_thousandths(table["diastolic_mmhg"]).tolist(),
        strict=True,
    )
    return sorted(Reading(*values) for values in found)


def _part(minute: int, windows: Mapping[str, Window]) -> str:
    return next((name for name, window in windows.items() if minute in window), "")


def series_of(readings: Iterable[Reading]) -> list[Series]:
    """The series of these readings, the earliest first."""
    runs: list[list[Reading]] = []
    for reading in sorted(readings, key=lambda found: (found.day, found)):
        if not runs or (reading.day - runs[-1][-1].day).days > LONGEST_GAP_DAYS + 1:
            runs.append([])
        runs[-1].append(reading)
    return [Series(tuple(run)) for run in runs]


def sittings_of(readings: Iterable[Reading]) -> list[list[Reading]]:
    """Readings by sitting; a sitting is in one part of one day."""
    sittings: list[list[Reading]] = []
    for _, group in groupby(sorted(readings), key=lambda reading: (reading.day, reading.part)):
        first: Reading | None = None
        for reading in group:
            if first is None or reading.instant - first.instant > SITTING_MINUTES * _MINUTE:
                first = reading
                sittings.append([])
            sittings[-1].append(reading)
    return sittings


def days_of(readings: Iterable[Reading]) -> list[date]:
    """The days on which there is a reading, ascending."""
    return sorted({reading.day for reading in readings})


def longest_run(days: Iterable[date]) -> int:
    """How many of these ascending days follow one another without a day between."""
    longest = length = 0
    before: date | None = None
    for day in days:
        length = length + 1 if before and (day - before).days == 1 else 1
        longest = max(longest, length)
        before = day
    return longest
