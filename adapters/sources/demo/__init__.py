"""A made-up person's exports in the vendors' own formats, to try the pipeline without one's own.

The same arguments give the same bytes on every machine. The files go through the same parsers as
anybody's: nothing of the demo is known to the rest of the program.

What is in the person's life, by day: a trip to New York (60 to 68), a second band worn for some
months beside the first (130 to 221), a tablet against high blood pressure (from 150), the end of
summer time (172), a week of bad sleep (205), an illness (262), a new band (278), the beginning of
summer time (326), a week without any band (330). The trip is within the months of the first band
only: the second one writes wall times without a zone, and read as home time they would be wrong.
"""

from datetime import date
from typing import Final

from adapters.sources.demo.diary import diary
from adapters.sources.demo.life.calendar import HOME_ZONE
from adapters.sources.demo.life.person import person
from adapters.sources.demo.log import log
from adapters.sources.demo.mi_fitness import mi_fitness
from adapters.sources.demo.sheet import DAMAGE, DUPLICATE, SENTINEL, Planted
from adapters.sources.demo.zepp import zepp

__all__ = [
    "DAMAGE",
    "DEMO_DAYS",
    "DEMO_END_DATE",
    "DEMO_SEED",
    "DEMO_TIME_ZONE",
    "DUPLICATE",
    "SENTINEL",
    "Planted",
    "demo_exports",
    "planted_damage",
    "planted_rows",
]

DEMO_TIME_ZONE: Final = HOME_ZONE
DEMO_END_DATE: Final = date(2026, 6, 30)
DEMO_DAYS: Final = 420
DEMO_SEED: Final = 7


def demo_exports(
    *, end: date = DEMO_END_DATE, days: int = DEMO_DAYS, seed: int = DEMO_SEED
) -> dict[str, bytes]:
    """The exports by name: a Mi Fitness zip, a Zepp folder, a blood pressure log, annotations.

    Args:
        end: The last day.
        days: How many days up to `end`.
        seed: Another seed is another person.

    Raises:
        ValueError: `days` is not positive.
    """
    return _made(end, days, seed)[0]


def planted_rows(
    *, end: date = DEMO_END_DATE, days: int = DEMO_DAYS, seed: int = DEMO_SEED
) -> tuple[Planted, ...]:
    """The damaged, duplicated and placeholder rows that stand in the exports on purpose."""
    return _made(end, days, seed)[1]


def planted_damage(
    *, end: date = DEMO_END_DATE, days: int = DEMO_DAYS, seed: int = DEMO_SEED
) -> tuple[Planted, ...]:
    """The planted rows that must be rejected, and with which code."""
    rows = planted_rows(end=end, days=days, seed=seed)
    return tuple(row for row in rows if row.kind == DAMAGE)


def _made(end: date, days: int, seed: int) -> tuple[dict[str, bytes], tuple[Planted, ...]]:
    someone = person(end, days, seed)
    archive, packed, in_archive = mi_fitness(someone, seed)
    folder, in_folder = zepp(someone, seed)
    sheet, text, in_sheet = log(someone, seed)
    files = {archive: packed, **folder, sheet: text, **diary(someone)}
    return files, (*in_archive, *in_folder, *in_sheet)
