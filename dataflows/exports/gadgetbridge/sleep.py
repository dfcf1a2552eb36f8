"""Gadgetbridge's sleep, as three families of devices tell it.

- Xiaomi: nights with their durations in minutes (`XIAOMI_SLEEP_TIME_SAMPLE`), and the moments at
  which a stage begins (`XIAOMI_SLEEP_STAGE_SAMPLE`); it lasts until the next, or the wake-up.
- Huami, later (Amazfit, Mi Band 5 on): a kind a minute; 120 is sleep, whose depth two more columns
  estimate by thresholds that Gadgetbridge itself calls arbitrary.
- Huami, earlier (Mi Band 2 to 4): 9 is light and 11 deep sleep; some kinds mean "as before".
  The first Mi Band told 5 and 4. A device that ever tells 9 or 11 is none of those.

Minutes of sleep no more than an hour apart are one session, and what lies between them is awake; a
session of less than five minutes is none, as in Gadgetbridge's SleepAnalysis.

Source: XiaomiSampleProvider, HuamiExtendedSampleProvider, AbstractMiBandSampleProvider.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dataflows.exports import cells
from dataflows.exports.sqlite_tables import Database

XIAOMI_NIGHTS: Final = "XIAOMI_SLEEP_TIME_SAMPLE"
XIAOMI_STAGES: Final = "XIAOMI_SLEEP_STAGE_SAMPLE"
HUAMI: Final = "HUAMI_EXTENDED_ACTIVITY_SAMPLE"
MI_BAND: Final = "MI_BAND_ACTIVITY_SAMPLE"
SLEEP_TABLES: Final = frozenset({XIAOMI_NIGHTS, XIAOMI_STAGES, HUAMI, MI_BAND})

_MINUTE: Final = 60 * cells.SECOND
_LONGEST_PAUSE: Final = 60 * _MINUTE
_SHORTEST: Final = 5 * _MINUTE
_STAGED: Final = ("deep", "light", "rem")
_XIAOMI: Final = {2: "deep", 3: "light", 4: "rem"}
_SLEEPS: Final = 120
_DEEP_FROM, _REM_FROM, _DEPTH = 42, 55, 0x7F
_MI_BAND_2: Final = {9: "light", 11: "deep"}
_MI_BAND_1: Final = {5: "light", 4: "deep"}
_AS_BEFORE: Final = (0, 10, -1, 16, 80, 96, 112)
_KIND: Final = 0x0F
NAMES: Final = ("", "light", "deep", "rem")


@dataclass
class Sleep:
    """Sessions and stages, as rows that lack source and hash, and how many nights were none."""

    sessions: list[dict[str, Any]] = field(default_factory=list)
    stages: list[dict[str, Any]] = field(default_factory=list)
    placeholders: int = 0


@dataclass(frozen=True)
class _Piece:
    """A stage from one instant to another, in microseconds, and the row that tells it."""

    start: int
    end: int
    stage: str
    row: int


def sleep_of(database: Database, devices: Mapping[int, str]) -> Sleep:
    """All sleep of a database.

    Args:
        database: The export.
        devices: Number -> name.
    """
    sleep = Sleep()
    _add_nights(sleep, database, devices)
    extended = ("DEEP_SLEEP", "REM_SLEEP")
    for device, rows in _by_device(database, HUAMI, ("RAW_KIND", *extended)):
        _add_minutes(sleep, devices.get(device), rows, _huami_stages(rows))
    for device, rows in _by_device(database, MI_BAND, ("RAW_KIND",)):
        _add_minutes(sleep, devices.get(device), rows, _mi_band_stages(rows["RAW_KIND"]))
    return sleep


# -- nights that the device tells ----------------------------------------------------------------


def _add_nights(sleep: Sleep, database: Database, devices: Mapping[int, str]) -> None:
    minutes = {stage: f"{stage.upper()}_SLEEP_DURATION" for stage in _STAGED}
    told = ("WAKEUP_TIME", "TOTAL_DURATION", "AWAKE_DURATION", *minutes.values())
    begun = dict(_by_device(database, XIAOMI_STAGES, ("STAGE",)))
    for device, rows in _by_device(database, XIAOMI_NIGHTS, told):
        ends = _micros(rows["WAKEUP_TIME"])
        stages = begun.get(device)
        for at, (start, end) in enumerate(zip(rows["micros"], ends, strict=True)):
            durations = _durations({name: _cell(rows[name][at]) for name in told}, minutes)
            if end == cells.NO_INSTANT or end <= start or not durations["asleep_minutes"]:
                sleep.placeholders += 1
                continue
            place = {"device": devices.get(device), "raw_row": int(rows["row"][at])}
            sleep.sessions.append(place | _span(int(start), int(end)) | durations)
            if stages is not None:
                pieces = _stages_between(stages, int(start), int(end))
                sleep.stages += _stage_rows(devices.get(device), pieces)


def _durations(told: Mapping[str, int | None], minutes: Mapping[str, str]) -> dict[str, Any]:
    by_stage = {stage: told[name] or 0 for stage, name in minutes.items()}
    staged = sum(by_stage.values())
    asleep = staged or (told["TOTAL_DURATION"] or 0)
    return {
        "asleep_minutes": float(asleep),
        **{f"{stage}_minutes": float(of) if staged else None for stage, of in by_stage.items()},
        "awake_minutes": None if told["AWAKE_DURATION"] is None else float(told["AWAKE_DURATION"]),
        "unstaged_minutes": None if staged else float(asleep),
        "flags": None if staged else "unstaged",
    }


def _stages_between(rows: Mapping[str, NDArray[np.int64]], start: int, end: int) -> list[_Piece]:
    inside = slice(*np.searchsorted(rows["micros"], [start, end]))
    begins = [int(at) for at in rows["micros"][inside]]
    return [
        _Piece(begin, stop, _XIAOMI.get(int(stage), "awake"), int(row))
        for (begin, stop), stage, row in zip(
            pairwise([*begins, end]), rows["STAGE"][inside], rows["row"][inside], strict=True
        )
        if stop > begin
    ]


# -- minutes, each of a kind ---------------------------------------------------------------------


def _huami_stages(rows: Mapping[str, NDArray[np.int64]]) -> NDArray[np.int8]:
    """Places in `NAMES`."""
    deep = (rows["DEEP_SLEEP"] & _DEPTH) > _DEEP_FROM
    rem = (rows["REM_SLEEP"] & _DEPTH) > _REM_FROM
    stages = np.select([rem, deep], [NAMES.index("rem"), NAMES.index("deep")], NAMES.index("light"))
    return np.where(rows["RAW_KIND"] == _SLEEPS, stages, 0).astype(np.int8)


def _mi_band_stages(kinds: NDArray[np.int64]) -> NDArray[np.int8]:
    """Places in `NAMES`; a kind that means no change is that of the row before."""
    changes = np.where(np.isin(kinds, _AS_BEFORE), 0, np.arange(len(kinds)))
    kinds = kinds[np.maximum.accumulate(changes)] & _KIND if len(kinds) else kinds
    codes = _MI_BAND_2 if np.isin(kinds, [*_MI_BAND_2]).any() else _MI_BAND_1
    stages = [NAMES.index(stage) for stage in codes.values()]
    return np.select([kinds == kind for kind in codes], stages, 0).astype(np.int8)


def _add_minutes(
    sleep: Sleep,
    device: str | None,
    rows: Mapping[str, NDArray[np.int64]],
    stages: NDArray[np.int8],
) -> None:
    asleep = stages > 0
    times, codes, numbers = rows["micros"][asleep], stages[asleep], rows["row"][asleep]
    if not len(times):
        return
    for run in np.split(np.arange(len(times)), np.flatnonzero(np.diff(times) > _LONGEST_PAUSE) + 1):
        pieces = _pieces(times[run], codes[run], numbers[run])
        start, end = pieces[0].start, pieces[-1].end
        if end - start < _SHORTEST:
            continue
        sums = dict.fromkeys(("awake", *_STAGED), 0.0)
        for piece in pieces:
            sums[piece.stage] += (piece.end - piece.start) / _MINUTE
        minutes = {f"{stage}_minutes": total for stage, total in sums.items()}
        total = {"asleep_minutes": sum(sums[stage] for stage in _STAGED)}
        sleep.sessions.append(
            {"device": device, "raw_row": pieces[0].row, **_span(start, end), **minutes, **total}
        )
        sleep.stages += _stage_rows(device, pieces)


def _pieces(
    times: NDArray[np.int64], codes: NDArray[np.int8], numbers: NDArray[np.int64]
) -> list[_Piece]:
    """Minutes of one stage that follow one another as one; what lies between minutes is awake."""
    breaks = np.flatnonzero((np.diff(times) > _MINUTE) | (np.diff(codes) != 0)) + 1
    pieces: list[_Piece] = []
    for part in np.split(np.arange(len(times)), breaks):
        start, row = int(times[part[0]]), int(numbers[part[0]])
        if pieces and pieces[-1].end < start:
            pieces.append(_Piece(pieces[-1].end, start, "awake", row))
        end = int(times[part[-1]]) + _MINUTE
        pieces.append(_Piece(start, end, NAMES[codes[part[0]]], row))
    return pieces


# -- what all have in common ---------------------------------------------------------------------


def _by_device(
    database: Database, table: str, columns: Iterable[str]
) -> Iterable[tuple[int, dict[str, NDArray[np.int64]]]]:
    """Device -> its rows in the order of time: `micros`, `row`, and the columns; -1 for nothing."""
    names = ("TIMESTAMP", "DEVICE_ID", *columns)
    rows = database.rows(table, dict.fromkeys(names, pa.int64()))
    micros = _micros(np.asarray(rows["TIMESTAMP"].fill_null(cells.NO_INSTANT)))
    rows = rows.append_column("micros", pa.array(micros)).filter(
        pa.array(micros != cells.NO_INSTANT)
    )
    for device in pc.unique(rows["DEVICE_ID"]).drop_null().to_pylist():
        mine = rows.filter(pc.equal(rows["DEVICE_ID"], device)).sort_by("micros")
        yield (
            device,
            {
                name: np.asarray(mine[name].cast(pa.int64()).fill_null(-1))
                for name in ("micros", "row", *columns)
            },
        )


def _micros(epochs: NDArray[np.int64]) -> NDArray[np.int64]:
    return cells.instants(epochs, cells.ticks_per_second(epochs))


def _cell(value: np.int64) -> int | None:
    return None if value < 0 else int(value)


def _span(start: int, end: int) -> dict[str, int]:
    return {"start_utc": start, "end_utc": end}


def _stage_rows(device: str | None, pieces: Iterable[_Piece]) -> list[dict[str, Any]]:
    return [
        {"device": device, "raw_row": one.row, **_span(one.start, one.end), "stage": one.stage}
        for one in pieces
    ]
