"""What the rows of a hand-kept log tell of its readings, and what they leave unsaid.

- Where no clock tells the time but a word does, of the column (`AM sys`) or in place of the time
  (`evening`), the reading counts as one of 8:00, 13:00 or 20:00.
- Where a clock of twelve hours stands beside a word, in the name of its column or in a column of
  its own, the word tells which half of the day it is; that is said, and not assumed.
- Where one time stands for several readings of a row, or one word for several of a day, each
  counts as a minute after the one before.
- Where the day is written once, in the first of its rows, it holds for the rows right below whose
  times follow each other; but only where at least three rows are written so, since a single one
  may have been forgotten.

What is assumed flags the reading.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import time
from typing import Final

from dataflows.exports.hand_kept import key
from dataflows.exports.log_names import part_of
from dataflows.exports.written_dates import Moment, moment_of, time_of

ASSUMED_TIME: Final = "assumed_time"
ASSUMED_DATE: Final = "assumed_date"
# Ours; each lies inside the part of the day that `day_windows` gives it by default.
TIMES: Final = {"morning": "08:00", "noon": "13:00", "evening": "20:00"}
# Rows without a date that make a habit.
HABIT: Final = 3
_NOON: Final = 12
_EARLIEST_EVENING: Final = 4
_VALUES: Final = ("systolic", "diastolic", "pressure", "pulse")


@dataclass(frozen=True)
class Told:
    """A reading as a row tells it.

    Attributes:
        row: The row's number.
        cells: By column.
        moment: When it was.
        minutes: After that, since it is not the first at this time.
        assumed: The flags for what the row does not say itself.
    """

    row: int
    cells: Mapping[str, str]
    moment: Moment
    minutes: int = 0
    assumed: frozenset[str] = frozenset()

    @property
    def has_values(self) -> bool:
        """Whether it tells any value."""
        return any(self.cells[name] for name in _VALUES)


def told(row: int, cells: Mapping[str, str], part: str | None) -> Told:
    """What a row tells of a reading.

    Args:
        row: The row's number.
        cells: By column.
        part: The part of the day that its columns belong to, if they tell one.
    """
    time_text, half = cells["time"], cells["half"]
    moment = moment_of(cells["date"], _clock(time_text, half or (part or "" if time_text else "")))
    if not cells["date"] and moment_of(cells["time"], "").time_text:
        moment = moment_of(cells["time"], "")  # a column `time` that tells the date too
    word = part_of(moment.time_text) if moment.time_text else part
    if word is None:
        return Told(row, cells, moment)
    assumed = moment._replace(time_text=TIMES[word])
    return Told(row, cells, assumed, assumed=frozenset({ASSUMED_TIME}))


def _clock(text: str, half: str) -> str:
    """A time of the clock with the half of the day that stands in a cell beside it."""
    clock, part = time_of(text), part_of(half)
    if not text or clock is None or part is None or any(map(str.isalpha, text)):
        return text or half
    if part == "morning":
        return f"{text} AM" if clock.hour == _NOON else text
    # At night one may be an hour after midnight, so that only PM says that it is in the afternoon.
    earliest = 0 if key(half) == "pm" else _EARLIEST_EVENING if part == "evening" else 1
    return f"{text} PM" if earliest <= clock.hour < _NOON else text


def completed(readings: Sequence[Told]) -> list[Told]:
    """The readings with the dates and minutes that others tell for them."""
    dated = list(_dated(readings))
    carried = sum(ASSUMED_DATE in each.assumed for each in dated)
    return list(_apart(dated if carried >= HABIT else readings))


def _dated(readings: Sequence[Told]) -> Iterator[Told]:
    """The readings, with the date of the row above where a row leaves it out."""
    before: Told | None = None
    for each in readings:
        reading = each
        if before is not None and not each.moment.date_text and _follows(each, before):
            moment = each.moment._replace(date_text=before.moment.date_text)
            reading = replace(each, moment=moment, assumed=each.assumed | {ASSUMED_DATE})
        before = reading
        yield reading


def _follows(reading: Told, before: Told) -> bool:
    """Whether a reading stands right below another one, and is later in the day."""
    earliest = time()
    return (
        reading.row - before.row == 1
        and bool(before.moment.date_text)
        and (time_of(before.moment.time_text) or earliest)
        < (time_of(reading.moment.time_text) or earliest)
    )


def _apart(readings: Sequence[Told]) -> Iterator[Told]:
    """The readings, a minute apart from those that stand at the same time though they were not."""
    before: Counter[object] = Counter()
    for each in readings:
        place = each.moment if ASSUMED_TIME in each.assumed else (each.row, each.moment)
        minutes = before[place]
        before[place] += 1
        if minutes:
            yield replace(each, minutes=minutes, assumed=each.assumed | {ASSUMED_TIME})
        else:
            yield each
