"""Dates as workbooks count them: days since 1899-12-30, the time of day as a fraction."""

from datetime import datetime
from typing import Final

# Source: ECMA-376 part 1, 18.17.4.1; what this origin gives is right from 1900-03-01 on.
ORIGIN: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - a wall time
DAY_SECONDS: Final = 86_400


def serial_of(moment: datetime) -> float:
    """The number of days of a wall time; an offset from UTC that it tells is left out."""
    return (moment.replace(tzinfo=None) - ORIGIN).total_seconds() / DAY_SECONDS
