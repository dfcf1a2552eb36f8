"""Blood pressure readings for tests, as the flow publishes them."""

from datetime import UTC, date, datetime, time, timedelta

from dataflows import records
from dataflows.blood_pressure_days import blood_pressure_days

DAY = date(2026, 3, 2)
WINDOWS = {"morning": "04:00-11:59", "evening": "17:00-23:59"}


def reading(day=0, at="07:30", systolic=120, diastolic=80, **more):
    """One reading, some days after `DAY`, at a local time an hour before UTC."""
    local = DAY + timedelta(days=day)
    wall = datetime.combine(local, time.fromisoformat(at), UTC)
    return {
        "source": "omron",
        "start_utc": wall - timedelta(hours=1),
        "utc_offset_minutes": 60,
        "time_zone_source": "configured",
        "local_date": local,
        "raw_sha256": "a" * 64,
        "raw_row": 2,
        "systolic_mmhg": systolic,
        "diastolic_mmhg": diastolic,
    } | more


def table(*rows):
    return records.table_from_rows(records.BLOOD_PRESSURE_READINGS, rows)


def days(*rows, windows=WINDOWS):
    return blood_pressure_days(table(*rows), windows)


def days_of_means(means, *, first=0):
    """Days with one cuff reading each; None is a day without."""
    rows = [
        reading(first + number, systolic=mean, diastolic=mean - 50)
        for number, mean in enumerate(means)
        if mean is not None
    ]
    return days(*rows)
