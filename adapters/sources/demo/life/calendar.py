"""What happens when in the demo person's life, and which clock hangs on the wall.

Days are counted from 0, the first day of the exports. Minutes are whole: `utc` minutes since 1970
in UTC, `local` minutes since 1970 of the wall clock where the person is.
"""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

HOME_ZONE: Final = "Europe/Berlin"
TRIP_ZONE: Final = "America/New_York"

TRIP: Final = range(60, 69)
AGGREGATES_LOST: Final = range(95, 100)
ZEPP_WORN: Final = range(130, 222)
MEDICATION_STARTS: Final = 150
BAD_SLEEP: Final = range(205, 212)
RAW_LOST: Final = range(250, 252)
ILLNESS: Final = range(262, 268)
SECOND_BAND_FROM: Final = 278
FIRST_BAND_UNTIL: Final = 280
NOT_WORN: Final = range(330, 337)

MINUTES_OF_DAY: Final = 1440
_EPOCH: Final = date(1970, 1, 1)
_LANDED_UTC_HOUR: Final = 16
_RETURNED_UTC_HOUR: Final = 26


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - _EPOCH).days


def date_of(number: int) -> date:
    """The date of a count of days since 1970-01-01."""
    return _EPOCH + timedelta(days=number)


def clock_text(local: int) -> str:
    """The wall time `HH:MM` of a local minute."""
    hour, minute = divmod(local % MINUTES_OF_DAY, 60)
    return f"{hour:02d}:{minute:02d}"


def utc_text(utc: int) -> str:
    """The instant of a UTC minute, as `YYYY-MM-DD HH:MM:SS`."""
    return f"{date_of(utc // MINUTES_OF_DAY)} {clock_text(utc)}:00"


@dataclass(frozen=True)
class Clock:
    """Which offset from UTC the person's clocks show, from when on.

    Attributes:
        starts: UTC minutes, ascending, at which an offset begins to hold.
        offsets: The offset in minutes that holds from the same position of `starts`.
    """

    starts: tuple[int, ...]
    offsets: tuple[int, ...]

    def offset_at(self, utc: int) -> int:
        """Minutes to add to a UTC minute to read the person's clock."""
        return self.offsets[max(0, bisect_right(self.starts, utc) - 1)]

    def utc_of(self, local: int) -> int:
        """The UTC minute of a wall time.

        The later minute where the wall time comes twice, the minute of the change where it is
        skipped.
        """
        following: int | None = None
        for start, offset in zip(reversed(self.starts), reversed(self.offsets), strict=True):
            utc = local - offset
            if utc >= start:
                return utc if following is None else min(utc, following)
            following = start
        return local - self.offsets[0]

    def stretches(self, first: int, last: int) -> list[tuple[int, int, int]]:
        """Start, end and offset of the stretches of one offset between two UTC minutes."""
        ends = [*self.starts[1:], last]
        return [
            (max(start, first), min(end, last), offset)
            for start, end, offset in zip(self.starts, ends, self.offsets, strict=True)
            if max(start, first) < min(end, last)
        ]


def person_clock(first_day: date, days: int) -> Clock:
    """The clock of a person at home in Berlin who flies to New York for the days of `TRIP`."""
    midnight = day_number(first_day) * MINUTES_OF_DAY
    begin, end = midnight - 2 * MINUTES_OF_DAY, midnight + (days + 2) * MINUTES_OF_DAY
    away = midnight + TRIP.start * MINUTES_OF_DAY + _LANDED_UTC_HOUR * 60
    back = midnight + (TRIP.stop - 1) * MINUTES_OF_DAY + _RETURNED_UTC_HOUR * 60
    pieces = [
        *_offsets(HOME_ZONE, begin, min(away, end)),
        *_offsets(TRIP_ZONE, away, min(back, end)),
        *_offsets(HOME_ZONE, back, end),
    ]
    return Clock(tuple(start for start, _ in pieces), tuple(offset for _, offset in pieces))


def _offsets(zone_name: str, begin: int, end: int) -> list[tuple[int, int]]:
    """The offsets of one zone between two UTC minutes, each with the minute it begins."""
    if begin >= end:
        return []
    zone = ZoneInfo(zone_name)
    pieces = [(begin, _offset(zone, begin))]
    for day in range(begin, end, MINUTES_OF_DAY):
        if _offset(zone, day + MINUTES_OF_DAY) == pieces[-1][1]:
            continue
        for hour in range(day, min(day + MINUTES_OF_DAY, end), 60):
            if _offset(zone, hour) != pieces[-1][1]:
                pieces.append((hour, _offset(zone, hour)))
    return pieces


def _offset(zone: ZoneInfo, utc: int) -> int:
    moment = datetime.fromtimestamp(utc * 60, UTC).astimezone(zone)
    return int((moment.utcoffset() or timedelta()).total_seconds()) // 60
