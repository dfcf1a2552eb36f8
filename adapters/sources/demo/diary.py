"""What happened to the demo person, as they wrote it down: a CSV file of annotations."""

from typing import Final, NamedTuple

from adapters.sources.demo.life.calendar import (
    BAD_SLEEP,
    ILLNESS,
    MEDICATION_STARTS,
    SECOND_BAND_FROM,
    TRIP,
    date_of,
)
from adapters.sources.demo.life.person import Person
from adapters.sources.demo.sheet import Sheet

DIARY_NAME: Final = "annotations.csv"
_HEADER: Final = "Kind,Label,Start,End,Note"


class _Event(NamedTuple):
    """One line; days are counted from the first of the exports."""

    kind: str
    label: str
    start: int
    end: int | None
    note: str = ""


_EVENTS: Final = (
    _Event("travel", "New York", TRIP[0], TRIP[-1]),
    _Event("medication", "amlodipine 5 mg", MEDICATION_STARTS, None, "one tablet in the morning"),
    _Event("note", "noise next door", BAD_SLEEP[0], BAD_SLEEP[-1], "builders from six"),
    _Event("illness", "flu", ILLNESS[0], ILLNESS[-1], "in bed"),
    _Event("note", "new band", SECOND_BAND_FROM, None),
)


def diary(person: Person) -> dict[str, bytes]:
    """Name and bytes of the annotations; nothing while nothing has happened."""
    events = [event for event in _EVENTS if event.start < person.days]
    lines = [_line(event, person) for event in events]
    if not lines:
        return {}
    return {DIARY_NAME: Sheet(DIARY_NAME, [_HEADER, *lines]).content()}


def _line(event: _Event, person: Person) -> str:
    start = date_of(person.first_day + event.start)
    end = ""
    if event.end is not None and event.end < person.days:
        end = str(date_of(person.first_day + event.end))
    return f"{event.kind},{event.label},{start},{end},{event.note}"
