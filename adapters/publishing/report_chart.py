"""The chart of the report: places and numbers; how it is drawn is the template's affair.

Up to some months, every reading and the means of mornings and evenings are drawn; over longer
times, which an eye could not read so, weeks or months are: their range, quartiles and median.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Any, Final

from adapters.publishing.rows import Row, local_minutes
from adapters.publishing.words import MONTHS, quartiles
from dataflows.guidelines import Band, guideline_named

SINGLE_DAYS: Final = 130
"""Up to so many days, each day is drawn for itself."""
_WEEKLY_DAYS: Final = 800
_FEWEST_DAYS: Final = 7
_DAY_MINUTES: Final = 24 * 60
_MORNING_PLACE: Final = 0.3
_EVENING_PLACE: Final = 0.75
_MOST_LABELS: Final = 9
_ROOM: Final = 6
_STEP: Final = 20
_LETTERS: Final = "ABCDEFGH"
_LETTER_WIDTH: Final = 0.02


class TimeAxis:
    """Where a moment stands between the first and the last day: 0 to 1.

    A short time gets some days before it, so that a day keeps the width of one.
    """

    def __init__(self, first: date, last: date) -> None:
        self.first = min(first, last - timedelta(days=_FEWEST_DAYS - 1))
        self.days = (last - self.first).days + 1

    def place(self, when: date, part: float = 0.5) -> float:
        """The place of a day, or of a part of it."""
        return round(((when - self.first).days + part) / self.days, 5)

    def ticks(self) -> list[dict[str, Any]]:
        """Labelled days, few enough to be read."""
        return [
            {"x": self.place(when, 0), "label": label}
            for when, label in self._labels()
            if 0 <= self.place(when, 0) < 1
        ]

    def _labels(self) -> Iterator[tuple[date, str]]:
        if self.days <= SINGLE_DAYS:
            for number in range(0, self.days, _step(self.days, (1, 2, 7, 14))):
                when = self.first + timedelta(days=number)
                yield when, f"{when.day} {MONTHS[when.month - 1]}"
            return
        months = self.days // 28 + 1
        step = _step(months, (1, 2, 3, 6, 12, 24, 60, 120))
        for number in range(0, months + 12, step):
            when = date(self.first.year + number // 12, number % 12 + 1, 1)
            whole_years = step % 12 == 0
            yield when, f"{when.year}" if whole_years else f"{MONTHS[when.month - 1]} {when.year}"


def _step(length: int, steps: Sequence[int]) -> int:
    """The smallest step that gives few enough labels."""
    return next((step for step in steps if length / step <= _MOST_LABELS), steps[-1])


def chart(
    readings: Sequence[Row],
    days: Sequence[Row],
    annotations: Sequence[Row],
    guideline: str,
    axis: TimeAxis,
    series: tuple[date, date] | None,
) -> dict[str, Any]:
    """Two panels over one time axis: systolic above, diastolic below.

    Args:
        readings: Rows of `blood_pressure_readings`, at least one.
        days: Rows of `blood_pressure_days`.
        annotations: Rows of `annotations`.
        guideline: Whose bands are drawn.
        axis: The time that is shown.
        series: The first and the last day of the protocol's mean.
    """
    bands = guideline_named(guideline).home
    return {
        "ticks": axis.ticks(),
        "marks": list(_marks(annotations, axis)),
        "series": series
        and {
            "from": max(axis.place(series[0], 0), 0),
            "to": axis.place(series[1], 1),
        },
        "is_single_days": axis.days <= SINGLE_DAYS,
        "bin": "week" if axis.days <= _WEEKLY_DAYS else "month",
        "panels": [
            _panel(which, readings, days, bands, axis) for which in ("systolic", "diastolic")
        ],
    }


def marked(annotations: Sequence[Row], axis: TimeAxis) -> dict[str, Row]:
    """The annotations that begin within the time, each with its letter, in order of time."""
    found = sorted(
        (row for row in annotations if row["start_date"] >= axis.first),
        key=lambda row: row["start_date"],
    )
    return dict(zip(_LETTERS, found, strict=False))


def _marks(annotations: Sequence[Row], axis: TimeAxis) -> Iterator[dict[str, Any]]:
    """Where each annotation begins and ends, and where its letter does not cover another."""
    last = axis.first + timedelta(days=axis.days - 1)
    free = 0.0
    for letter, row in marked(annotations, axis).items():
        begin, end = axis.place(row["start_date"], 0), row["end_date"]
        free = max(begin, free)
        yield {
            "letter": letter,
            "at": round(free, 5),
            "from": begin,
            "to": axis.place(end, 1) if end and end <= last else None,
        }
        free += _LETTER_WIDTH


def _panel(
    which: str, readings: Sequence[Row], days: Sequence[Row], bands: Sequence[Band], axis: TimeAxis
) -> dict[str, Any]:
    pressures = [row[f"{which}_mmhg"] for row in readings]
    low, high = _limits(pressures, [line for band in bands if (line := _line(band, which))])
    drawn = _days(which, readings, days, axis)
    if axis.days > SINGLE_DAYS:
        drawn = {"ranges": _ranges(which, readings, axis)}
    nothing: dict[str, Any] = {
        name: [] for name in ("dots", "mornings", "evenings", "lines", "ranges")
    }
    return {
        "name": which.capitalize(),
        "low": low,
        "high": high,
        "ticks": [*range(-(-low // _STEP) * _STEP, high + 1, _STEP)],
        "bands": _bands(which, bands, low, high),
        **nothing,
        **drawn,
    }


def _limits(pressures: Sequence[float], lines: Sequence[int]) -> tuple[int, int]:
    low = min(*pressures, *lines) - _ROOM
    high = max(*pressures, *lines) + _ROOM
    return int(low // 10 * 10), int(-(-high // 10) * 10)


def _line(band: Band, which: str) -> int | None:
    return band.systolic if which == "systolic" else band.diastolic


def _bands(which: str, bands: Sequence[Band], low: int, high: int) -> list[dict[str, Any]]:
    """Every band that this pressure decides, with where it begins and ends in the panel."""
    begins = [(low, bands[0].category)]
    begins += [(line, band.category) for band in bands if (line := _line(band, which))]
    ends = [begin for begin, _ in begins[1:]] + [high]
    return [
        {
            "from": begin,
            "to": end,
            "label": category.replace("_", " "),
            "line": begin if number else None,
            "shade": number / max(len(begins) - 1, 1),
        }
        for number, ((begin, category), end) in enumerate(zip(begins, ends, strict=True))
    ]


def _days(
    which: str, readings: Sequence[Row], days: Sequence[Row], axis: TimeAxis
) -> dict[str, Any]:
    """Readings at their time; means of mornings and evenings, and of days as a line."""
    parts: dict[str, list[list[float]]] = {}
    for part, place in (("morning", _MORNING_PLACE), ("evening", _EVENING_PLACE)):
        column = f"{which}_{part}_mean_mmhg"
        parts[f"{part}s"] = [
            [axis.place(row["local_date"], place), row[column]]
            for row in days
            if row[column] is not None
        ]
    return {
        "dots": [
            [
                axis.place(row["local_date"], local_minutes(row, "start_utc") / _DAY_MINUTES),
                row[f"{which}_mmhg"],
            ]
            for row in readings
        ],
        "lines": list(_lines(which, days, axis)),
        **parts,
    }


def _lines(which: str, days: Sequence[Row], axis: TimeAxis) -> Iterator[list[list[float]]]:
    """Runs of days that follow one another; a gap stays a gap."""
    numbered = enumerate(sorted(days, key=lambda row: row["local_date"]))
    runs = groupby(numbered, key=lambda pair: pair[1]["local_date"] - timedelta(days=pair[0]))
    for _, run in runs:
        yield [[axis.place(row["local_date"]), row[f"{which}_mean_mmhg"]] for _, row in run]


def _ranges(which: str, readings: Sequence[Row], axis: TimeAxis) -> list[list[float]]:
    """Of each week or month: place, lowest, quartiles, highest."""

    def bin_of(row: Row) -> date:
        when: date = row["local_date"]
        if axis.days <= _WEEKLY_DAYS:
            return when - timedelta(days=when.weekday())
        return when.replace(day=1)

    half = 3.5 if axis.days <= _WEEKLY_DAYS else 15.2
    found = []
    for begin, rows in groupby(sorted(readings, key=bin_of), key=bin_of):
        values = sorted(row[f"{which}_mmhg"] for row in rows)
        place = min(max(axis.place(begin, half), 0.0), 1.0)
        found.append([place, values[0], *quartiles(values), values[-1]])
    return found
