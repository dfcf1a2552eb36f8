"""Blood pressure readings as exact numbers, each with the part of its local day."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from dataflows.clocks import integers, wall_time
from dataflows.daily_sums import in_thousandths
from dataflows.day_windows import windows_of
from dataflows.measurement import is_cuffless

MORNING: Final = "morning"
EVENING: Final = "evening"
PARTS: Final = (MORNING, EVENING)
_MINUTE: Final = 60_000_000
_DAY_MINUTES: Final = 1440


def readings_frame(readings: pa.Table, day_windows: Mapping[str, str]) -> pd.DataFrame:
    """Readings as exact numbers, in the order of the table.

    Shape: `day` since 1970, `minute` of the local day, `cuffless`, `systolic`, `diastolic` and
    `pulse` in thousandths (pulse 0 where there is none), `has_pulse`, `morning`, `evening`,
    `flags`.
    """
    minutes = local_minutes(readings)
    windows = windows_of(day_windows)
    parts = {
        name: (minutes >= windows[name].first) & (minutes <= windows[name].last) for name in PARTS
    }
    return pd.DataFrame(
        {
            "day": integers(readings["local_date"]),
            "minute": minutes,
            "cuffless": is_cuffless(readings),
            "systolic": in_thousandths(readings["systolic_mmhg"]),
            "diastolic": in_thousandths(readings["diastolic_mmhg"]),
            "pulse": in_thousandths(readings["pulse_bpm"]),
            "has_pulse": np.asarray(readings["pulse_bpm"].is_valid()),
            **parts,
            "flags": readings["flags"].cast(pa.string()).to_pylist(),
        }
    )


def local_minutes(readings: pa.Table) -> NDArray[np.int64]:
    """The minute of the local day at which each reading was taken."""
    clock = integers(wall_time(readings["start_utc"], integers(readings["utc_offset_minutes"])))
    return np.mod(clock // _MINUTE, _DAY_MINUTES)
