"""Sleep as exports tell it, and the way from there to the published tables."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa

from dataflows import records, sleep

BERLIN = "Europe/Berlin"
NOBODY = pa.table(
    {
        "raw_sha256": pa.array([], pa.string()),
        "raw_row": pa.array([], pa.int32()),
        "reason": pa.array([], pa.string()),
    }
)


def at(text, zone=BERLIN):
    """The instant of a wall time such as `2026-03-02 23:10`."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def wall(text):
    return datetime.fromisoformat(text)


def session(start, end, *, zone=BERLIN, **values):
    """A session between two wall times, or two instants."""
    start = at(start, zone) if isinstance(start, str) else start
    end = at(end, zone) if isinstance(end, str) else end
    return {"start_utc": start, "end_utc": end, "source": "zepp"} | values


def staged(start, end, *, deep=100.0, light=250.0, rem=90.0, awake=10.0, **values):
    minutes = {"deep_minutes": deep, "light_minutes": light, "rem_minutes": rem}
    return session(start, end, **minutes, awake_minutes=awake, **values)


def exclusions(*rows):
    return pa.Table.from_pylist(
        [{"raw_sha256": sha, "raw_row": row, "reason": "wrong"} for sha, row in rows],
        NOBODY.schema,
    )


def table(name, rows, sha256):
    origin = {"source": "zepp", "raw_sha256": sha256}
    numbered = [{**origin, "raw_row": number, **row} for number, row in enumerate(rows, 2)]
    return records.table_from_rows(records.PARSED[name], numbered)


def normalized(sessions=(), stages=(), *, sha256="a", zone=BERLIN, zone_source="configured"):
    return sleep.sleep_normalized(
        table("sleep_sessions", sessions, sha256),
        table("sleep_stages", stages, sha256),
        zone,
        zone_source,
    )


def checked(sessions=(), stages=(), **options):
    return sleep.sleep_checked(normalized(sessions, stages, **options))


def resolved(*files, exclude=NOBODY, future_limit=None):
    """The published tables of checked files."""
    return sleep.sleep_resolved(
        [file["valid"] for file in files if file["valid"].num_rows],
        [file["stages"] for file in files if file["stages"].num_rows],
        exclude,
        future_limit,
    )


def daily(*files, **options):
    """Rows of the daily table by local date."""
    rows = sleep.sleep_daily(resolved(*files, **options)["sleep_sessions"]).to_pylist()
    return {row["local_date"]: row for row in rows}


def minutes_between(start, end, stages="LDRL"):
    """One-minute stages between two wall times, without an end, as `SLEEP_MINUTE` tells them."""
    names = {"L": "light", "D": "deep", "R": "rem", "W": "awake"}
    start, end = wall(start), wall(end)
    count = int((end - start).total_seconds() // 60)
    return [
        {
            "start_local": start + timedelta(minutes=number),
            "stage": names[stages[number * len(stages) // count]],
        }
        for number in range(count)
    ]


def labelled(rows, days):
    """The same stages, with dates that are some days late."""
    shift = timedelta(days=days)
    return [{**row, "start_local": row["start_local"] + shift} for row in rows]


def flags_of(table):
    return [set((text or "").split(";")) - {""} for text in table["flags"].to_pylist()]


def day(text):
    return date.fromisoformat(text)
