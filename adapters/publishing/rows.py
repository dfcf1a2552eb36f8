"""Questions to a row of a published table."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from dataflows.measurement import CUFFLESS, CUFFLESS_SOURCES

Row = Mapping[str, Any]


def is_cuffless(reading: Row) -> bool:
    """Whether a blood pressure was estimated without a cuff: by its source, or by its flag."""
    return reading["source"] in CUFFLESS_SOURCES or CUFFLESS in (reading["flags"] or "").split(";")


def local_minutes(row: Row, column: str) -> int:
    """The local time of day of an instant, in minutes after midnight."""
    utc: datetime = row[column]
    local = utc + timedelta(minutes=row["utc_offset_minutes"])
    return local.hour * 60 + local.minute
