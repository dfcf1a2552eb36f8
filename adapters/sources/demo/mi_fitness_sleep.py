"""Nights and naps as Mi Fitness writes them into its JSON values."""

import json
from typing import Any, Final

from adapters.sources.demo.life.calendar import MINUTES_OF_DAY, TRIP
from adapters.sources.demo.life.nights import Sleep, Stage
from adapters.sources.demo.life.person import Person

# Until its first update the band knows no dreams; what it takes for light sleep holds them.
WITHOUT_REM: Final = range(30)
UNSTAGED_NIGHTS: Final = (12, TRIP.stop, 118, 190)
SENT_TWICE: Final = (33, 141, 300)
_STATES: Final = {"deep": 2, "light": 3, "rem": 4, "awake": 5}
_OTHER_STATE: Final = 6
_QUARTER_HOUR_MINUTES: Final = 15


def quoted(value: Any) -> str:
    """A JSON value as one quoted CSV field."""
    text = json.dumps(value, separators=(",", ":"))
    return '"' + text.replace('"', '""') + '"'


def as_seen(sleep: Sleep) -> Sleep:
    """The session with the stages that the band could tell apart."""
    if sleep.day not in WITHOUT_REM:
        return sleep
    return sleep._replace(
        stages=tuple(
            stage._replace(kind="light") if stage.kind == "rem" else stage for stage in sleep.stages
        )
    )


def cut_short(sleep: Sleep, minutes: int) -> Sleep:
    """The session as it stood when the band was read some minutes before its end."""
    end = sleep.end - minutes
    stages = (
        Stage(stage.start, min(stage.end, end), stage.kind)
        for stage in sleep.stages
        if stage.start < end
    )
    return sleep._replace(end=end, stages=tuple(stages))


def is_unstaged(sleep: Sleep) -> bool:
    """Whether the band knew no more than how long the session was."""
    return sleep.day in UNSTAGED_NIGHTS and not sleep.is_nap


def segment(person: Person, sleep: Sleep) -> dict[str, Any]:
    """What the raw rows and the daily report both say of one session."""
    awake = sleep.minutes("awake")
    value = {
        "bedtime": sleep.start * 60,
        "sleep_deep_duration": 0 if is_unstaged(sleep) else sleep.minutes("deep"),
        "duration": sleep.end - sleep.start - awake,
        "sleep_light_duration": 0 if is_unstaged(sleep) else sleep.minutes("light"),
        "sleep_rem_duration": sleep.minutes("rem"),
        "timezone": person.clock.offset_at(sleep.end) // _QUARTER_HOUR_MINUTES,
        "awake_count": sleep.awakenings(),
        "sleep_awake_duration": awake,
        "wake_up_time": sleep.end * 60,
    }
    if sleep.day in WITHOUT_REM or is_unstaged(sleep):
        del value["sleep_rem_duration"]
    return value


def stage_items(sleep: Sleep) -> list[dict[str, int]]:
    """The stages of a session, or one stretch of no known stage."""
    if is_unstaged(sleep):
        return [{"end_time": sleep.end * 60, "state": _OTHER_STATE, "start_time": sleep.start * 60}]
    return [
        {"end_time": stage.end * 60, "state": _STATES[stage.kind], "start_time": stage.start * 60}
        for stage in sleep.stages
    ]


def session_value(person: Person, sleep: Sleep) -> dict[str, Any]:
    """The value of a raw row of key `sleep`."""
    pulses = [person.heart.at(minute) for minute in range(sleep.start, sleep.end, 10)]
    return segment(person, sleep) | {
        "avg_hr": sum(pulses) // len(pulses),
        "min_hr": min(pulses),
        "max_hr": max(pulses),
        "device_bedtime": sleep.start * 60,
        "device_wake_up_time": sleep.end * 60,
        "protoTime": sleep.end * 60,
        "items": stage_items(sleep),
        "version": 4,
    }


def watch_value(person: Person, sleep: Sleep) -> dict[str, Any]:
    """The value of a raw row of key `watch_night_sleep` or `watch_daytime_sleep`.

    Of a nap the second band tells nothing but its stages and zone; the rest it leaves at 0.
    """
    value = segment(person, sleep)
    if sleep.is_nap:
        value = {"bedtime": 0, "duration": 0, "timezone": value["timezone"], "wake_up_time": 0}
    return value | {
        "items": stage_items(sleep),
        "date_time": local_date_seconds(person, sleep.day),
    }


def local_date_seconds(person: Person, day: int) -> int:
    """A local date the way the app writes it: as if it were a date in UTC."""
    return (person.first_day + day) * MINUTES_OF_DAY * 60
