"""Members of a Withings export, made up: no value is a person's."""

from datetime import UTC, datetime, timedelta, timezone

BERLIN = timezone(timedelta(hours=1))
SERIES = "start,duration,value"
SLEEP = (
    'from,to,"light (s)","deep (s)","rem (s)","awake (s)","wake up","Duration to sleep (s)",'
    '"Duration to wake up (s)","Snoring (s)","Snoring episodes","Average heart rate",'
    '"Heart rate (min)","Heart rate (max)","Night events",Notes'
)
PRESSURE = 'Date,"Heart rate",Systolic,Diastolic,Comments'
FIRST = datetime(2025, 1, 12, tzinfo=BERLIN)


def series_row(start, durations, values):
    lists = [f"[{','.join(map(str, each))}]" for each in (durations, values)]
    quoted = [f'"{each}"' if "," in each else each for each in lists]
    return ",".join([start.isoformat(), *quoted])


def heart_rates(days=3, step=10):
    """Rows of a watch that measures every ten minutes, some of them faster."""
    return [
        series_row(FIRST + timedelta(minutes=minute), [60], [55 + minute // 30 % 60])
        for minute in range(0, days * 1440, step)
    ]


def steps(days=3):
    return [
        series_row(FIRST + timedelta(minutes=minute), [60], [1 + minute % 130])
        for minute in range(0, days * 1440, 7)
    ]


def oxygen(days=3):
    return [
        series_row(FIRST + timedelta(minutes=minute), [60], [92 + minute % 9])
        for minute in range(0, days * 1440, 9)
    ]


def altitudes(days=30):
    """Whole metres, told during a walk of an hour a day."""
    return [
        series_row(FIRST + timedelta(days=day, hours=17, minutes=minute), [60], [60 + minute])
        for day in range(days)
        for minute in range(60)
    ]


def laps(days=30):
    return [
        series_row(FIRST + timedelta(days=day, hours=17), [60] * 40, [1, 2, 3, 2] * 10)
        for day in range(days)
    ]


def states(nights=3, *, deepest=2):
    """Nights from 23:00 to 07:00, in two rows each, the later one first as in the export."""
    found = []
    for night in range(nights):
        start = FIRST + timedelta(days=night, hours=23)
        found.append(series_row(start + timedelta(hours=4), [3600, 10_800], [1, deepest]))
        found.append(series_row(start, [1800, 1800, 60, 10_740], [0, 1, 1, 2]))
    return found


def night_row(start, end, light=18_000, deep=7200, rem=0, awake=3600, latency=1800):
    return f"{start},{end},{light},{deep},{rem},{awake},2,{latency},0,0,0,55,48,80,,"


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
