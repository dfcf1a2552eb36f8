"""How alike two successive days are.

The index is 200 times the share of epochs in which the person is in the same state, asleep or
awake, as 24 hours later, less 100: 100 for days that are all alike, 0 for chance, -100 for days
that are each other's opposite. Only pairs count of which both epochs are known.

Source: Phillips 2017, doi 10.1038/s41598-017-03171-4, read second-hand; that a pair with an unknown
epoch is left out, as in `sleepreg` (Windred 2024, doi 10.1093/sleep/zsad253), read first-hand as
code. `mengelhard/sri` counts it as a mismatch, which is another index.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

UNKNOWN: Final = -1
AWAKE: Final = 0
ASLEEP: Final = 1

States = NDArray[np.int8]
"""`ASLEEP`, `AWAKE` or `UNKNOWN`, days by epochs of the day."""


@dataclass(frozen=True)
class DayPairs:
    """What each day and the next one have in common, one entry for each day but the last.

    Attributes:
        valid: Epochs that are known on both.
        equal: Those of them in which the state is the same.
    """

    valid: NDArray[np.int64]
    equal: NDArray[np.int64]


def day_pairs(states: States) -> DayPairs:
    """Compare each day with the next one."""
    today, tomorrow = states[:-1], states[1:]
    valid = (today != UNKNOWN) & (tomorrow != UNKNOWN)
    return DayPairs(valid.sum(axis=1), (valid & (today == tomorrow)).sum(axis=1))


def regularity_index(equal: int, valid: int) -> float:
    """The index of so many equal among so many valid pairs of epochs; NaN if there are none.

    Units: from -100 to 100.
    """
    return 200 * equal / valid - 100 if valid else float("nan")
