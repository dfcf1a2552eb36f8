"""How a blood pressure was measured: by a cuff, or estimated without one and kept apart."""

import re
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dataflows.text_codes import codes_of

CUFF: Final = "cuff"
CUFFLESS: Final = "cuffless"
CUFFLESS_SOURCES: Final = frozenset({"mi_fitness", "zepp", "gadgetbridge"})
"""Ours: bands and watches that estimate the pressure from a pulse wave. AHA/ACC 2025 recommends
against cuffless devices for diagnosis and management (COR 3: no benefit), and ESC 2024 recommends
none for routine use, so they enter no protocol's mean. Elsewhere a record says so itself, by the
flag `cuffless`."""
CUFFLESS_PACKAGES: Final = frozenset(
    {
        "com.samsung.android.shealthmonitor",
        "com.huami.watch.hmwatchmanager",
        "com.mi.health",
        "com.xiaomi.hm.health",
        "com.xiaomi.wearable",
        "nodomain.freeyourgadget.gadgetbridge",
    }
)
"""Android's names of apps whose devices estimate the pressure without a cuff: Samsung Health
Monitor, Zepp, Mi Fitness and its predecessors, Gadgetbridge [RECALL]."""
_WATCH: Final = re.compile(r"\bSM-[RL][0-9]|\bGalaxy Watch", re.IGNORECASE)


def is_watch(name: str) -> bool:
    """Whether a device's name is that of a Galaxy Watch, which has no cuff [RECALL: models]."""
    return _WATCH.search(name) is not None


def is_cuffless(readings: pa.Table) -> NDArray[np.bool_]:
    """Whether each reading was estimated without a cuff: by its source, or by its flag."""
    codes, sources = codes_of(readings["source"])
    by_source = np.array([source in CUFFLESS_SOURCES for source in sources] + [False])
    flag_codes, flags = codes_of(readings["flags"])
    by_flag = np.array([CUFFLESS in flag.split(";") for flag in flags] + [False])
    marked: NDArray[np.bool_] = by_source[codes] | by_flag[flag_codes]
    return marked
