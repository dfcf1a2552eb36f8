"""Mi Fitness' sleep: nights and naps from the sensors' rows and from the daily reports.

- Bedtimes are true UTC; `timezone` counts quarter-hours, summer time included.
- `duration` is deep, light and REM sleep, without the time awake. A row without stages has a
  duration alone and is flagged `unstaged`; where the stages fall short of it, the rest is unstaged.
- A daily report sums naps into its totals: its segments count, each a session of its own.
- `watch_daytime_sleep` was seen with bedtimes of 0 and items hours apart: each run of items is a
  nap then. State 6 fills nights without stages and adds up to their duration: asleep [RECALL].
- A night that ends when it begins, or in which nobody slept, is a placeholder and no record.

Source: keys, units and states as in formats.md, section 1, a to h; state codes as in Gadgetbridge's
XiaomiSampleProvider.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from dataflows.exports import cells
from dataflows.exports.found import Found

SLEEP_KEYS: Final = ("sleep", "watch_night_sleep", "watch_daytime_sleep")
NAP_BY_KEY: Final = {"watch_night_sleep": False, "watch_daytime_sleep": True}
STATES: Final = {2: "deep", 3: "light", 4: "rem", 5: "awake", 6: "asleep"}
STAGED: Final = ("deep", "light", "rem")
STARTS: Final = ("bedtime", "device_bedtime")
ENDS: Final = ("wake_up_time", "device_wake_up_time")

MINUTE: Final = 60 * cells.SECOND
QUARTER_HOUR: Final = 15

# No clock on Earth is further from UTC than 14 hours.
MOST_QUARTER_HOURS: Final = 56

# Items of one row further apart than this are sleeps of their own.
LONGEST_GAP: Final = 60 * MINUTE

Item = tuple[int, int, str]


@dataclass(frozen=True)
class JsonRow:
    """A row whose value is a JSON object.

    Attributes:
        number: Row number.
        device: Sid.
        key: Kind of the value.
        value: The object.
        text: The object as it stands in the file.
        time: Microseconds since 1970 UTC, or `cells.NO_INSTANT`.
        updated: The same, of the last change.
    """

    number: int
    device: str
    key: str
    value: Mapping[str, Any]
    text: str
    time: int
    updated: int


def add(found: Found, table: str, row: JsonRow, **values: Any) -> None:
    """Add a record of a row."""
    found.add(table, row.number, device=row.device or None, **values)


def reject(
    found: Found, signal: str, number: int, check: str, text: str, reason: str | None = None
) -> None:
    """Add a rejected row whose value is to blame."""
    found.reject(signal, number, check, column="Value", value=text, reason=reason)


def add_sleep(found: Found, rows: Sequence[JsonRow], *, daily_report: bool) -> None:
    """Add the sessions and stages of rows about sleep."""
    pieces = [(row, value) for row in rows for value in _values(row, daily_report=daily_report)]
    epochs = [epoch for _, value in pieces for epoch in _epochs(value)]
    ticks = cells.ticks_per_second(np.array(epochs, np.int64))
    for row, value in pieces:
        _add(found, row, value, ticks)
    if daily_report:
        for row in rows:
            if not _values(row, daily_report=True):
                _add_total(found, row)


def _values(row: JsonRow, *, daily_report: bool) -> list[Mapping[str, Any]]:
    if not daily_report:
        return [row.value]
    segments = row.value.get("segment_details")
    return (
        [each for each in segments if isinstance(each, dict)] if isinstance(segments, list) else []
    )


def _add_total(found: Found, row: JsonRow) -> None:
    """A daily report without segments has no time of day, so it makes no session."""
    if cells.number(row.value.get("total_duration")):
        reason = "the daily report of sleep names no segment with a bedtime"
        reject(found, "sleep", row.number, "missing_time", row.text, reason)
    else:
        found.sentinels["placeholder_nights"] += 1


def _epochs(value: Mapping[str, Any]) -> list[int]:
    names = (*STARTS, *ENDS)
    told = [cells.whole(value.get(name)) for name in names]
    for item in _items_of(value):
        told += [cells.whole(item.get("start_time")), cells.whole(item.get("end_time"))]
    return [epoch for epoch in told if epoch]


def _items_of(value: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    items = value.get("items")
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _add(found: Found, row: JsonRow, value: Mapping[str, Any], ticks: int) -> None:
    items = _stages(found, value, ticks)
    start, end = (_first_moment(value, names, ticks) for names in (STARTS, ENDS))
    if start is not None and end is not None:
        _add_session(found, row, value, (start, end), items)
        return
    runs = _runs(items)
    for run in runs:
        durations = value if len(runs) == 1 else {"timezone": value.get("timezone")}
        _add_session(found, row, durations, (run[0][0], max(stop for _, stop, _ in run)), run)
    if runs:
        return
    if cells.number(value.get("duration")):
        reject(found, "sleep", row.number, "missing_time", row.text)
    else:
        found.sentinels["placeholder_nights"] += 1


def _add_session(
    found: Found, row: JsonRow, value: Mapping[str, Any], window: tuple[int, int], items: list[Item]
) -> None:
    start, end = window
    if start > end:
        reason = "the night ends before it begins"
        reject(found, "sleep", row.number, "out_of_range", row.text, reason)
        return
    durations = _durations(value, items)
    if start == end or not durations["asleep_minutes"]:
        found.sentinels["placeholder_nights"] += 1
        return
    offset = _offset_minutes(found, value)
    updated = None if row.updated == cells.NO_INSTANT else row.updated
    times = {"start_utc": start, "end_utc": end, "utc_offset_minutes": offset}
    nap = NAP_BY_KEY.get(row.key)
    add(found, "sleep_sessions", row, **times, updated_utc=updated, is_nap=nap, **durations)
    for begin, stop, stage in items:
        times = {"start_utc": begin, "end_utc": stop, "utc_offset_minutes": offset}
        add(found, "sleep_stages", row, **times, stage=stage)


def _durations(value: Mapping[str, Any], items: list[Item]) -> dict[str, Any]:
    """Minutes in each stage: as the value tells them, else as its items add up."""
    told = {stage: cells.number(value.get(f"sleep_{stage}_duration")) for stage in STAGED}
    summed = dict.fromkeys(STATES.values(), 0.0)
    for begin, stop, stage in items:
        summed[stage] += (stop - begin) / MINUTE
    if not sum(filter(None, told.values())):
        in_items = any(summed[stage] for stage in STAGED)
        told = {stage: summed[stage] if in_items else None for stage in STAGED}
    staged = sum(filter(None, told.values()))
    asleep = cells.number(value.get("duration")) or staged + summed["asleep"]
    awake = cells.number(value.get("sleep_awake_duration"))
    return {
        "asleep_minutes": asleep,
        **{f"{stage}_minutes": minutes for stage, minutes in told.items()},
        "awake_minutes": summed["awake"] if awake is None and items else awake,
        "unstaged_minutes": asleep - staged if asleep > staged else None,
        "flags": None if staged else "unstaged",
    }


def _offset_minutes(found: Found, value: Mapping[str, Any]) -> int | None:
    """Minutes from UTC; what no clock shows is dropped."""
    if value.get("timezone") is None:
        return None
    quarters = cells.whole(value["timezone"])
    if quarters is None or abs(quarters) > MOST_QUARTER_HOURS:
        found.dropped["time_zones"] += 1
        return None
    return quarters * QUARTER_HOUR


def _stages(found: Found, value: Mapping[str, Any], ticks: int) -> list[Item]:
    """The items of a value that can be used, in the order of time."""
    stages: list[Item] = []
    for item in _items_of(value):
        begin, stop = (_moment(item.get(name), ticks) for name in ("start_time", "end_time"))
        stage = STATES.get(cells.whole(item.get("state")) or 0)
        if begin is None or stop is None or stage is None or begin >= stop:
            found.dropped["sleep_stages"] += 1
        else:
            stages.append((begin, stop, stage))
    return sorted(stages)


def _runs(items: Iterable[Item]) -> list[list[Item]]:
    runs: list[list[Item]] = []
    for item in items:
        if runs and item[0] - max(stop for _, stop, _ in runs[-1]) <= LONGEST_GAP:
            runs[-1].append(item)
        else:
            runs.append([item])
    return runs


def _first_moment(value: Mapping[str, Any], names: Iterable[str], ticks: int) -> int | None:
    moments = (_moment(value.get(name), ticks) for name in names)
    return next((moment for moment in moments if moment is not None), None)


def _moment(value: object, ticks: int) -> int | None:
    """Microseconds since 1970 UTC of an epoch value; 0 is none."""
    epoch = cells.whole(value)
    if not epoch:
        return None
    moment = int(cells.instants(np.array([epoch], np.int64), ticks)[0])
    return None if moment == cells.NO_INSTANT else moment
