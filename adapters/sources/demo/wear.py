"""When a band was on the wrist: not in the drawer, not on the charger, not forgotten at night."""

from collections.abc import Iterable
from typing import NamedTuple

from adapters.sources.demo.life.calendar import MINUTES_OF_DAY, NOT_WORN
from adapters.sources.demo.life.draws import Draws
from adapters.sources.demo.life.heart import SLOT_MINUTES
from adapters.sources.demo.life.nights import Sleep
from adapters.sources.demo.life.person import Person

_CHARGED_EVERY_DAYS = 4
_CHARGING_SLOTS = 5


class Wear(NamedTuple):
    """What a band could see.

    Attributes:
        slots: One byte per slot of the heart: 1 where the band was worn.
        sleeps: The nights and naps that it recorded.
    """

    slots: bytes
    sleeps: tuple[Sleep, ...]


def day_slots(person: Person, day: int) -> range:
    """The slots of the heart between two local midnights."""
    midnight = (person.first_day + day) * MINUTES_OF_DAY
    begin, end = (
        (person.clock.utc_of(local) - person.heart.first) // SLOT_MINUTES
        for local in (midnight, midnight + MINUTES_OF_DAY)
    )
    return range(max(0, begin), min(end, len(person.heart.slots)))


def wear(person: Person, days: Iterable[int], forgotten_percent: int, draws: Draws) -> Wear:
    """What a band saw that was worn on `days`, taken off for charging and some whole nights."""
    slots = bytearray(len(person.heart.slots))
    for day in days:
        if day >= person.days or day in NOT_WORN:
            continue
        span = day_slots(person, day)
        slots[span.start : span.stop] = b"\x01" * len(span)
        if day % _CHARGED_EVERY_DAYS == 0:
            evening = span.stop - draws.whole(20, 30)
            slots[evening : evening + _CHARGING_SLOTS] = bytes(_CHARGING_SLOTS)
    seen = []
    for sleep in person.sleeps:
        begin, end = _slot(person, sleep.start), _slot(person, sleep.end)
        if not (begin >= 0 and end <= len(slots) and slots[begin] and slots[end - 1]):
            continue
        if not sleep.is_nap and draws.chance(forgotten_percent):
            slots[begin:end] = bytes(end - begin)
            continue
        seen.append(sleep)
    return Wear(bytes(slots), tuple(seen))


def _slot(person: Person, utc: int) -> int:
    return (utc - person.heart.first) // SLOT_MINUTES
