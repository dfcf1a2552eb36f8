"""How sources, dates, times and pressures are written for people; and middles of values."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from statistics import median, quantiles
from typing import Final

from dataflows.guidelines import shown

Lines = tuple[Sequence[int], Sequence[int]]

SOURCES: Final[Mapping[str, str]] = {
    "mi_fitness": "Mi Fitness",
    "zepp": "Zepp",
    "omron": "OMRON",
    "ihealth": "iHealth",
    "beurer": "Beurer",
    "withings": "Withings",
    "blood_pressure_sheet": "log kept by hand",
}
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
NO_LINES: Final[Lines] = ((), ())
_DAY_MINUTES: Final = 24 * 60


def source(name: str) -> str:
    """A source's name for people."""
    return SOURCES.get(name, name.replace("_", " "))


def day(when: date) -> str:
    """`28 Jun 2026`."""
    return f"{when.day} {MONTHS[when.month - 1]} {when.year}"


def weekday(when: date) -> str:
    """`Sun 28 Jun`."""
    return f"{WEEKDAYS[when.weekday()]} {when.day} {MONTHS[when.month - 1]}"


def days(first: date, last: date) -> str:
    """`22 to 28 Jun 2026`, saying no month or year twice."""
    if first == last:
        return day(first)
    begin = str(first.day)
    if (first.year, first.month) != (last.year, last.month):
        begin += f" {MONTHS[first.month - 1]}"
    if first.year != last.year:
        begin += f" {first.year}"
    return f"{begin} to {day(last)}"


def counted(number: int, what: str) -> str:
    """`1 day`, `2 days`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def duration(minutes: float) -> str:
    """`7 h 05 min`."""
    hours, rest = divmod(round(minutes), 60)
    return f"{hours} h {rest:02} min"


def clock(minutes: float) -> str:
    """`23:05`, of minutes after some midnight."""
    hours, rest = divmod(round(minutes) % _DAY_MINUTES, 60)
    return f"{hours:02}:{rest:02}"


def clock_median(minutes: Iterable[float]) -> float:
    """The median of times of day that may lie on both sides of midnight.

    They are counted from noon on, so that 23:50 and 00:10 are neighbours.
    """
    half = _DAY_MINUTES // 2
    return median((minute - half) % _DAY_MINUTES for minute in minutes) + half


def pressure(systolic: float | None, diastolic: float | None, lines: Lines) -> str:
    """`134.6/84`: whole numbers, unless rounding would cross a line; nothing of nothing.

    Args:
        systolic: The systolic mean in mmHg.
        diastolic: The diastolic mean in mmHg.
        lines: The systolic and the diastolic lines that must not be crossed.
    """
    if systolic is None or diastolic is None:
        return ""
    return f"{shown(systolic, lines[0])}/{shown(diastolic, lines[1])}"


def mean(values: Iterable[float]) -> float | None:
    """The mean of some values; None of none."""
    found = list(values)
    return sum(found) / len(found) if found else None


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """The quartiles of some values, of which there is at least one."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    low, middle, high = quantiles(values, n=4, method="inclusive")
    return low, middle, high


def shortened(text: str, most: int) -> str:
    """A text on one line, cut with an ellipsis where it is too long."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"
