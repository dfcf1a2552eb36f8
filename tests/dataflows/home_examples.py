"""Weeks of home readings, written the way people tell of them."""

from datetime import UTC, date, datetime, time, timedelta

from dataflows import records
from dataflows.blood_pressure_alerts import blood_pressure_alerts
from dataflows.home_blood_pressure import home_blood_pressure

FIRST_DAY = date(2024, 3, 4)
WINDOWS = {"morning": "04:00-11:59", "evening": "17:00-23:59"}


def reading(day, clock, systolic=130, diastolic=80, *, offset=60, **more):
    """One reading, `day` days after the first day, at a local time such as `07:30`."""
    local_date = FIRST_DAY + timedelta(days=day)
    local = datetime.combine(local_date, time.fromisoformat(clock))
    return {
        "source": "omron",
        "start_utc": (local - timedelta(minutes=offset)).replace(tzinfo=UTC),
        "utc_offset_minutes": offset,
        "time_zone_source": "configured",
        "local_date": local_date,
        "raw_sha256": "a" * 64,
        "raw_row": 2,
        "systolic_mmhg": systolic,
        "diastolic_mmhg": diastolic,
    } | more


def sitting(day, clock, *pairs, **more):
    """Readings a minute apart."""
    hour, minute = map(int, clock.split(":"))
    return [
        reading(day, f"{hour:02}:{minute + number:02}", *pair, **more)
        for number, pair in enumerate(pairs)
    ]


def full_day(day, pair=(130, 80), *, morning=None, evening=None, count=2):
    """`count` readings in the morning and in the evening."""
    return [
        *sitting(day, "07:00", *[morning or pair] * count),
        *sitting(day, "20:00", *[evening or pair] * count),
    ]


def full_days(*days, **more):
    return [found for day in days for found in full_day(day, **more)]


def table(*rows):
    return records.table_from_rows(records.BLOOD_PRESSURE_READINGS, rows)


def judged(*rows, windows=WINDOWS):
    """What every protocol says, one mapping a row."""
    return home_blood_pressure(table(*rows), windows).to_pylist()


def under(protocol, *rows, windows=WINDOWS):
    """What one protocol says of readings that are one series."""
    (found,) = [row for row in judged(*rows, windows=windows) if row["protocol"] == protocol]
    return found


def means(row):
    return row["systolic_mean_mmhg"], row["diastolic_mean_mmhg"]


def alerts(guideline, *rows):
    return blood_pressure_alerts(table(*rows), guideline).to_pylist()
