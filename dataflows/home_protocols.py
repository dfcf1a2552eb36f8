"""Home blood pressure protocols: what each drops, what it needs, and where it draws its line.

A protocol looks at the last seven days of a series. It drops what it does not count, refuses what
is left if that is too little, and else takes the mean of all readings that it kept. No protocol
tells whether a mean is over readings or over days; "average all readings" means readings, save
where JSH asks for the value of an occasion. Only morning and evening readings of a cuff count.

Minimums that a protocol leaves open are ours: the schedule of the fewest days that it accepts, two
readings in the morning and two in the evening.

Marks: [2nd] read in somebody else's words; [RECALL] from memory; [ours] no source.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from itertools import groupby
from typing import Final

from dataflows.guidelines import Band
from dataflows.home_series import (
    Reading,
    Series,
    days_of,
    longest_run,
    sittings_of,
)
from dataflows.readings_by_part import EVENING, MORNING, PARTS

_SCALE: Final = 1000


@dataclass(frozen=True)
class Mean:
    """The exact mean of some readings.

    Units: mmHg.
    """

    systolic: Fraction
    diastolic: Fraction


@dataclass(frozen=True)
class HomeProtocol:
    """A protocol's rules.

    Attributes:
        name: Its name in tables.
        title: Its name for people.
        guideline: Whose bands its mean is classified by; None where it names no bands.
        high: From where on it calls a mean high; None where it draws no line.
        days: How many days have to be measured, before any is dropped.
        readings: How many readings have to be left after dropping.
        mornings: On how many days a morning reading has to be left.
        evenings: On how many days an evening reading has to be left.
        dropped_days: How many days at the beginning of a series do not count.
        sitting_readings: How many readings a sitting needs to count.
        dropped_of_sitting: How many readings at the beginning of a sitting do not count.
        is_consecutive: Whether the days have to follow one another.
        judges_parts: Whether morning and evening are judged each for itself, occasion by occasion,
            and the higher category counts.
    """

    name: str
    title: str
    guideline: str | None
    high: Band | None
    days: int
    readings: int
    mornings: int
    evenings: int
    dropped_days: int = 0
    sitting_readings: int = 1
    dropped_of_sitting: int = 0
    is_consecutive: bool = False
    judges_parts: bool = False


ESC_2024: Final = HomeProtocol(
    "esc_2024",
    "ESC 2024",
    guideline="esc_2024",
    high=Band("high", 135, 85),
    days=3,
    readings=12,
    mornings=3,
    evenings=3,
)
"""Two readings, morning and evening, 3 to 7 days; all readings are averaged, none is dropped.
135/85 or higher. Eur Heart J 2024;45:3912, sections 5.2.3 and 5.2.4, table 5. The guideline names
no number of readings: 12 is what three days of its schedule give."""

AHA_AMA_2020: Final = HomeProtocol(
    "aha_ama_2020",
    "AHA/AMA 2020",
    guideline="aha_acc_2025",
    high=Band("high", 130, 80),
    days=3,
    readings=12,
    mornings=3,
    evenings=3,
    is_consecutive=True,
)
"""Two readings, morning and evening, 7 days, at least 3 in a row; at least 12 readings, all
averaged. 130/80 or higher. LOINC 96607-7, which quotes it; TargetBP; examples of HL7 CardX. That
day 1 may be dropped was not found. AHA/ACC 2025's own schedule was not found either."""

ESH_2018: Final = HomeProtocol(
    "esh_2018",
    "ESH group 2018",
    guideline="esh_2023",
    high=Band("high", 135, 85),
    days=4,
    readings=12,
    mornings=3,
    evenings=3,
    dropped_days=1,
)
"""Two readings, morning and evening, 7 days, at least 4; day 1 is dropped, at least 12 readings are
left. 135/85 or higher. [2nd: J Clin Hypertens 2018;20:1116, table 3, PMC8030885, by members of the
ESH group]"""

CANADA_2020: Final = HomeProtocol(
    "canada_2020",
    "Hypertension Canada 2020",
    guideline="canada_2020",
    high=Band("high", 135, 85),
    days=7,
    readings=12,
    mornings=6,
    evenings=6,
    dropped_days=1,
)
"""Two readings, morning and evening, 7 days; day 1 is dropped, the six days that follow are
averaged. 135/85 or higher. CHEP 2015 and 2017; CMAJ, PMC8342011, which does not mention the
dropping. No minimum is named: six days with a morning and an evening [ours], be it with one
reading each."""

CANADA_2025: Final = HomeProtocol(
    "canada_2025",
    "Hypertension Canada 2025",
    guideline="canada_2025",
    high=Band("high", 130, 80),
    days=7,
    readings=12,
    mornings=6,
    evenings=6,
    dropped_days=1,
)
"""130/80 or higher: CMAJ 2025;197:E549, the abstract. Its schedule was not found; that of 2020
stands in for it [ours]."""

NICE_NG136: Final = HomeProtocol(
    "nice",
    "NICE NG136",
    guideline="nice",
    high=Band("high", 135, 85),
    days=4,
    readings=12,
    mornings=3,
    evenings=3,
    dropped_days=1,
)
"""Two readings, twice a day, at least 4 days, ideally 7; day 1 is dropped, all others are averaged.
135/85 or higher at home, together with 140/90 or higher in the clinic. NG136 1.2.7 and 1.2.8."""

JSH_2019: Final = HomeProtocol(
    "jsh_2019",
    "JSH 2019",
    guideline="jsh_2019",
    high=Band("high", 135, 85),
    days=5,
    readings=10,
    mornings=5,
    evenings=5,
    judges_parts=True,
)
"""Morning and evening, two readings averaged to the value of the occasion, or the one that was
taken; at least 5 days. The morning mean or the evening mean decides: 135 or higher, or 85 or
higher. [2nd: Ohasama Study group]. An occasion is all readings of the morning or evening of a day,
and both need their 5 days [ours]."""

JABFM: Final = HomeProtocol(
    "jabfm",
    "JABFM",
    guideline=None,
    high=None,
    days=5,
    readings=12,
    mornings=3,
    evenings=3,
    dropped_days=2,
    sitting_readings=3,
    dropped_of_sitting=1,
    is_consecutive=True,
)
"""Three readings, morning and evening, at least 5 days in a row; the first two days and the first
of each three are dropped, the rest are averaged. jabfm.org, markup/8155. It draws no line."""

PROTOCOLS: Final = (
    ESC_2024,
    AHA_AMA_2020,
    ESH_2018,
    CANADA_2020,
    CANADA_2025,
    NICE_NG136,
    JSH_2019,
    JABFM,
)


def protocol_of(guideline: str) -> HomeProtocol:
    """The protocol whose mean a guideline classifies."""
    return next(protocol for protocol in PROTOCOLS if protocol.guideline == guideline)


def kept(protocol: HomeProtocol, series: Series) -> list[Reading]:
    """The readings of a series that a protocol counts, in order of time."""
    begin = series.first_day + timedelta(days=protocol.dropped_days)
    after = [reading for reading in _scheduled(series) if reading.day >= begin]
    return [
        reading
        for sitting in sittings_of(after)
        if len(sitting) >= protocol.sitting_readings
        for reading in sitting[protocol.dropped_of_sitting :]
    ]


def missing(protocol: HomeProtocol, series: Series, readings: Sequence[Reading]) -> str | None:
    """What a series lacks, such as `7 of 12 readings, 3 of 6 mornings`; None if nothing.

    Args:
        protocol: Whose rules.
        series: The series.
        readings: What `kept` left of it.
    """
    measured = days_of(_scheduled(series))
    days = longest_run(measured) if protocol.is_consecutive else len(measured)
    needs = (
        (len(readings), protocol.readings, _readings_called(protocol)),
        (days, protocol.days, "days in a row" if protocol.is_consecutive else "days"),
        (len(days_of(of_part(readings, MORNING))), protocol.mornings, "mornings"),
        (len(days_of(of_part(readings, EVENING))), protocol.evenings, "evenings"),
    )
    lacks = [f"{have} of {need} {what}" for have, need, what in needs if have < need]
    return ", ".join(lacks) or None


def _readings_called(protocol: HomeProtocol) -> str:
    if protocol.sitting_readings == 1:
        return "readings"
    return f"readings after the first in sittings of {protocol.sitting_readings}"


def _scheduled(series: Series) -> list[Reading]:
    return [reading for reading in series.judged if reading.part in PARTS]


def of_part(readings: Iterable[Reading], part: str) -> list[Reading]:
    """The morning readings, or the evening readings."""
    return [reading for reading in readings if reading.part == part]


def mean_of(readings: Sequence[Reading]) -> Mean:
    """The mean of all readings, of which there is at least one."""
    scale = _SCALE * len(readings)
    return Mean(
        Fraction(sum(reading.systolic for reading in readings), scale),
        Fraction(sum(reading.diastolic for reading in readings), scale),
    )


def part_mean(protocol: HomeProtocol, readings: Sequence[Reading]) -> Mean:
    """The mean of the mornings, or of the evenings: of their readings, or of their occasions."""
    if not protocol.judges_parts:
        return mean_of(readings)
    occasions = [mean_of(list(group)) for _, group in groupby(readings, lambda found: found.day)]
    return Mean(
        sum((occasion.systolic for occasion in occasions), Fraction()) / len(occasions),
        sum((occasion.diastolic for occasion in occasions), Fraction()) / len(occasions),
    )
