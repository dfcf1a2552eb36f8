"""Zepp's minutes of sleep: `SLEEP_MINUTE`, a stage for each minute, on the local clock.

The date of a row is the label of its night, and parsers disagree on what it means: the wake date,
or one day later than that of `SLEEP`. Here the minutes of one label follow each other over
midnight, beginning on the label's date, and the label stays with them: the night that they belong
to is found later, by the windows of `SLEEP`. Minutes occur twice, some with another stage: the one
that tells more counts, of equals the first.
"""

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dataflows import records
from dataflows.exports import cells
from dataflows.exports.csv_rows import Rows
from dataflows.exports.export_file import ParsedExport, parsed_export
from dataflows.exports.zepp.cells import (
    SOURCE,
    Reader,
    clock_time,
    day,
    plain,
    readings,
    rejected_rows,
)

NEEDED: Final = ("date", "time", "stage")
OPTIONAL: Final = ("hr", "respiratory_rate")
STAGES: Final = ("light", "deep", "rem", "awake")
CODES: Final = {"LIGHT": 0, "DEEP": 1, "REM": 2, "WAKE": 3, "AWAKE": 3, "": -1}
NO_STAGE: Final = -1

MINUTE: Final = 60 * cells.SECOND
MINUTES_OF_DAY: Final = 1_440

Integers = NDArray[np.int64]


def _stage(text: str) -> int | None:
    return CODES.get(plain(text).upper())


def _told(text: str) -> int:
    """Whether a cell tells anything; 0 does not."""
    return int(plain(text) not in ("", "0"))


READERS: Final = (
    Reader("date", "not_a_time", day),
    Reader("time", "not_a_time", clock_time),
    Reader("stage", "unknown_stage", _stage),
)


def parsed(parts: Iterable[Rows], sha256: str) -> ParsedExport:
    """The stages of one file, one row for each run of minutes of one stage.

    Args:
        parts: Rows with the columns `NEEDED` and maybe those of `OPTIONAL`.
        sha256: Of the file.
    """
    readers = [reader.remembering() for reader in READERS]
    kept: list[Integers] = [np.empty((5, 0), np.int64)]
    rejected: list[dict[str, Any]] = []
    sentinels = 0
    for part in parts:
        (days, times, stages), bad = readings(part, readers)
        silent = stages == NO_STAGE
        bad &= ~silent
        sentinels += int(np.count_nonzero(silent))
        minutes = np.array([days, times // 60, stages, _richness(part), part.numbers])
        kept.append(minutes[:, ~(bad | silent)])
        rejected += rejected_rows(part, bad, readers, "sleep", sha256)
    minutes, dropped = _once(_ascending(np.concatenate(kept, axis=1)))
    return parsed_export(
        {
            "sleep_stages": _table(_runs(minutes), sha256),
            "rejected": records.table_from_rows(records.REJECTED, rejected),
        },
        source=SOURCE,
        sentinels={"sleep_minutes": sentinels},
        dropped=dropped,
    )


def _richness(part: Rows) -> Integers:
    """How much each row tells beside its stage."""
    richness = np.zeros(len(part.numbers), np.int64)
    for name in part.columns.keys() & set(OPTIONAL):
        richness += cells.mapped(part.columns[name], _told, np.int64)[0]
    return richness


def _ascending(minutes: Integers) -> Integers:
    """The minutes, turned round if the file runs backwards."""
    steps = np.diff(minutes[1])
    backwards = np.count_nonzero(steps == -1) > np.count_nonzero(steps == 1)
    return minutes[:, ::-1] if backwards else minutes


def _once(minutes: Integers) -> tuple[Integers, dict[str, int]]:
    """Each minute of a label once, label by label, otherwise in the order of the file.

    Shape: days, minutes of the day, stages, row numbers.
    """
    days, times, stages, richness, numbers = minutes
    keys = days * MINUTES_OF_DAY + times
    places = np.arange(len(keys))
    _, first, key_of = np.unique(keys, return_index=True, return_inverse=True)
    best = np.lexsort((places, -richness, keys))
    best = best[np.diff(keys[best], prepend=-1) != 0] if len(best) else best
    order = np.lexsort((first, days[best]))
    conflicts = stages != stages[best][key_of]
    counts = {
        "repeated_sleep_minutes": len(keys) - len(first),
        "conflicting_sleep_minutes": int(np.count_nonzero(conflicts)),
    }
    return np.array([days, times, stages, numbers])[:, best[order]], counts


def _runs(minutes: Integers) -> Integers:
    """Runs of successive minutes of one label and stage.

    Shape: days of the labels, first minutes since 1970, minutes after the last, stages, numbers
    of the rows of the first minutes.
    """
    days, times, stages, numbers = minutes
    if not len(days):
        return np.empty((5, 0), np.int64)
    new_label = np.diff(days, prepend=days[0] - 1) != 0
    over_midnight = np.diff(times, prepend=times[0]) < -MINUTES_OF_DAY // 2
    midnights = np.cumsum(over_midnight & ~new_label)
    midnights -= midnights[np.flatnonzero(new_label)][np.cumsum(new_label) - 1]
    clock = (days + midnights) * MINUTES_OF_DAY + times
    order = np.lexsort((clock, days))
    days, clock, stages, numbers = (column[order] for column in (days, clock, stages, numbers))
    breaks = np.diff(clock, prepend=clock[0]) != 1
    breaks |= np.diff(days, prepend=days[0]) != 0
    breaks |= np.diff(stages, prepend=stages[0]) != 0
    starts = np.flatnonzero(breaks)
    last = np.append(starts[1:], len(clock)) - 1
    return np.array([days[starts], clock[starts], clock[last] + 1, stages[starts], numbers[starts]])


def _table(runs: Integers, sha256: str) -> Any:
    days, starts, ends, stages, numbers = runs
    codes = pa.array(stages.astype(np.int32))
    given = {
        "source": SOURCE,
        "raw_sha256": sha256,
        "raw_row": numbers.astype(np.int32),
        "start_local": cells.timestamps(starts * MINUTE, records.WALL_TIME),
        "end_local": cells.timestamps(ends * MINUTE, records.WALL_TIME),
        "local_date": pa.array(days.astype(np.int32)).view(pa.date32()),
        "stage": pa.DictionaryArray.from_arrays(codes, pa.array(STAGES)),
    }
    return records.table_from_columns(records.PARSED["sleep_stages"], given, len(starts))
