"""Morning and evening by the local clock.

No protocol tells hours; JSH ties them to waking and going to bed. The defaults are ours and can be
configured; a reading between the windows belongs to neither.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_WRITTEN: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*[-\u2013]\s*([01]?\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True)
class Window:
    """A part of the day by the local clock; both of its minutes are inside.

    Attributes:
        first: Its first minute after midnight.
        last: Its last minute after midnight.
    """

    first: int
    last: int

    def __str__(self) -> str:
        return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in (self.first, self.last))

    def __contains__(self, minute: int) -> bool:
        return self.first <= minute <= self.last


MORNING: Final = Window(4 * 60, 11 * 60 + 59)
"""Ours: 04:00 to 11:59."""

EVENING: Final = Window(17 * 60, 23 * 60 + 59)
"""Ours: 17:00 to 23:59."""


def window_of(text: str) -> Window:
    """The window that is written as `HH:MM-HH:MM`.

    Raises:
        ValueError: It is not, or ends before it begins.
    """
    match = _WRITTEN.fullmatch(text.strip())
    if match is None:
        raise ValueError(
            f"{text!r} is no part of the day; give it as HH:MM-HH:MM, such as {MORNING}"
        )
    first_hour, first_minute, last_hour, last_minute = map(int, match.groups())
    window = Window(first_hour * 60 + first_minute, last_hour * 60 + last_minute)
    if window.last < window.first:
        raise ValueError(
            f"{text!r} ends before it begins; a reading after midnight belongs to the next day"
        )
    return window


def windows_of(day_windows: Mapping[str, str]) -> dict[str, Window]:
    """The windows of the flow's input `day_windows`: `morning` and `evening`."""
    return {name: window_of(text) for name, text in day_windows.items()}
