"""Dates and times as people write them by hand.

A year of four digits that stands first makes a date certain, and so does the name of a month.
Elsewhere the order of day and month must be known: it is configured, or the column itself tells,
when at least three of its dates have a day above 12 at the same place and none at the other.
Anything less is refused and not guessed; so is a configured order that the column contradicts in as
many dates.
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple

from dataflows.exports.month_names import month_of

TELLING_DATES: Final = 3
DAY_FIRST: Final = "DMY"
MONTH_FIRST: Final = "MDY"
YEAR_FIRST: Final = "YMD"
_MONTHS: Final = 12
_CENTURY: Final = 2000
_HALF_DAY: Final = 12
_NUMBERS: Final = re.compile(r"(\d{1,4})[-./ ]\s?(\d{1,2})[-./ ]\s?(\d{1,4})\.?")
_COMPACT: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
_NAMED: Final = re.compile(
    r"(?:(\d{1,2})(?:\.|st|nd|rd|th)?[- ](?:de )?)?([^\W\d_]{3,})\.?[- ,]*(?:de )?"
    r"(?:(\d{1,2})(?:st|nd|rd|th)?,? )?(\d{4}|\d{2})(?: ?\u0433\.?)?",
    re.IGNORECASE,
)
_WEEKDAY: Final = re.compile(r"[^\W\d_]{2,}\.?,?\s+(?=.*\d)")
# Dates of Chinese and Japanese, and the day of the week behind them.
_CHARACTERS: Final = re.compile(r"(\d+)年(\d+)月(\d+)日.*")
_MOMENT: Final = re.compile(
    r"(.*?\d)(?:T|,? +)(\d{1,2}[:.h].*|\d{1,2} ?[ap]\.?m\.?)", re.IGNORECASE
)
_TIME: Final = re.compile(
    r"(\d{1,2})(?:[:.h](\d{2}))?(?:[:.](\d{2}))?(?:[.,]\d+)? ?(?:([ap])\.? ?m\.?)?"
    r"(uhr|hrs?|h|uur)?",
    re.IGNORECASE,
)
_BARE_TIME: Final = re.compile(r"\d{3,4}")  # 730 or 1930, as the military writes it
_HALVES: Final = {"上午": "am", "午前": "am", "下午": "pm", "午後": "pm"}
_MIDNIGHT: Final = re.compile(r"0?0[:.h]00(?:[:.]00)?(?:[.,]0+)?")
_OFFSET: Final = re.compile(r"(.*\d) ?(Z|[+-]\d{2}:?\d{2})")


class AmbiguousDatesError(Exception):
    """A column of dates that cannot be read without doubt; its text is a sentence for people."""


class Moment(NamedTuple):
    """What a row tells of its time: a date, a time of day, maybe an offset in minutes."""

    date_text: str
    time_text: str
    offset_minutes: int | None


def plain(text: str) -> str:
    """A cell in plain letters and digits: full-width, Arabic and other digits as ASCII ones."""
    if text.isascii():
        return text.strip()
    found = unicodedata.normalize("NFKC", text).replace("\u066b", ".").replace("\u060c", ",")
    return "".join(_digit(letter) for letter in found).strip()


def _digit(letter: str) -> str:
    value = unicodedata.decimal(letter, None)
    return letter if value is None else str(value)


def moment_of(date_text: str, time_text: str) -> Moment:
    """Take a cell apart that tells date and time, and an offset behind the time.

    Beside a time of its own, a date may stand with midnight, as programs write days, and the time
    with the date.
    """
    both = _MOMENT.fullmatch(date_text)
    if both is not None and (not time_text or _MIDNIGHT.fullmatch(both[2])):
        date_text, time_text = both[1], time_text or both[2]
    again = _MOMENT.fullmatch(time_text)
    if again is not None and again[1] == date_text:
        time_text = again[2]
    shifted = _OFFSET.fullmatch(time_text)
    if shifted is None:
        return Moment(date_text, time_text, None)
    return Moment(date_text, shifted[1], _offset_minutes(shifted[2]))


def _offset_minutes(text: str) -> int:
    if text in "Zz":
        return 0
    hours, minutes = int(text[1:3]), int(text[-2:])
    return (60 * hours + minutes) * (-1 if text[0] == "-" else 1)


def _bare(text: str) -> str:
    """A date without the day of the week, and with the signs of Chinese as dashes."""
    found = _CHARACTERS.fullmatch(text)
    if found is not None:
        return "-".join(found.groups())
    weekday = _WEEKDAY.match(text)
    rest = "" if weekday is None else text[weekday.end() :]
    named = _NAMED.fullmatch(rest)
    is_whole = _NUMBERS.fullmatch(rest) or (named is not None and (named[1] or named[3]))
    return rest if is_whole else text


def order_of(texts: Iterable[str], configured: str | None) -> str | None:
    """The order of day and month in a column of dates; None where each date is certain.

    Raises:
        AmbiguousDatesError: The column may mean either, or contradicts what is configured.
    """
    bare = [_bare(text) for text in texts]
    pairs = {pair for text in bare if (pair := _unordered(text, configured)) is not None}
    if not pairs:
        return configured
    day_first = sum(first > _MONTHS >= second for first, second in pairs)
    month_first = sum(second > _MONTHS >= first for first, second in pairs)
    told = {DAY_FIRST: day_first, MONTH_FIRST: month_first}
    if configured in told:
        other = MONTH_FIRST if configured == DAY_FIRST else DAY_FIRST
        if told[other] >= TELLING_DATES:
            raise AmbiguousDatesError(
                f"the dates are not in the order {configured} that PDP_DATE_ORDER says; set it to "
                f"{other}, or write the dates as 2024-12-31"
            )
        return configured
    for order, other in ((DAY_FIRST, MONTH_FIRST), (MONTH_FIRST, DAY_FIRST)):
        if told[order] >= TELLING_DATES and not told[other]:
            return order
    if day_first and month_first:
        raise AmbiguousDatesError(
            "the dates mix day-month and month-day; write them as 2024-12-31 (year-month-day)"
        )
    raise AmbiguousDatesError(
        "the dates may be day-month or month-day; set PDP_DATE_ORDER to DMY or MDY, or write "
        "them as 2024-12-31 (year-month-day)"
    )


def _unordered(text: str, configured: str | None) -> tuple[int, int] | None:
    """The first two numbers of a date whose year is not certain to stand first."""
    found = _NUMBERS.fullmatch(text)
    if found is None or len(found[1]) > 2:  # noqa: PLR2004  a year of four digits
        return None
    if configured == YEAR_FIRST and len(found[3]) <= 2:  # noqa: PLR2004
        return None
    return int(found[1]), int(found[2])


def date_of(text: str, order: str | None) -> date | None:
    """The date that a text tells, None if it tells none."""
    text = _bare(text)
    named = _NAMED.fullmatch(text)
    if named is not None:
        return _named_date(named)
    found = _COMPACT.fullmatch(text) or _NUMBERS.fullmatch(text)
    if found is None:
        return None
    first, second, third = (int(number) for number in found.groups())
    if len(found[1]) == 4:  # noqa: PLR2004  digits of a year
        return _date(first, second, third)
    if order == YEAR_FIRST:
        return _date(_full_year(first), second, third)
    day, month = (first, second) if order == DAY_FIRST else (second, first)
    return _date(_full_year(third), month, day)


def _full_year(year: int) -> int:
    return year if year >= 100 else _CENTURY + year  # noqa: PLR2004  two digits


def _named_date(found: re.Match[str]) -> date | None:
    day, month = found[1] or found[3], month_of(found[2])
    if day is None or (found[1] and found[3]) or month is None:
        return None
    if len(found[4]) == 2 and not found[1]:  # noqa: PLR2004  `Mar 5, 24` is no way to write it
        return None
    return _date(_full_year(int(found[4])), month, int(day))


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def time_of(text: str) -> time | None:
    """The time of day that a text tells, on a clock of 24 hours or of 12 with AM or PM."""
    if text[:2] in _HALVES:
        text = f"{text[2:].strip()} {_HALVES[text[:2]]}"
    if _BARE_TIME.fullmatch(text):
        text = f"{text[:-2]}:{text[-2:]}"
    found = _TIME.fullmatch(text)
    if found is None or not (found[2] or found[4] or found[5]):
        return None
    hour, minute, second = (int(number or 0) for number in found.groups()[:3])
    if found[4]:
        if not 1 <= hour <= _HALF_DAY:
            return None
        hour = hour % _HALF_DAY + (_HALF_DAY if found[4] in "pP" else 0)
    try:
        return time(hour, minute, second)
    except ValueError:
        return None


def microseconds(day: date, clock: time) -> int:
    """Microseconds since 1970 of a wall time."""
    wall = datetime.combine(day, clock) - datetime.combine(date(1970, 1, 1), time())
    return wall // timedelta(microseconds=1)
