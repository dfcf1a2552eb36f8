"""How long a heart beat in each of five zones of effort; only for a person of known age.

Zones are steps of the highest heart rate that is expected at an age, which misses a single person's
by 10 beats and more.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from dataflows.heart_rate_groups import DaySamples

ZONE_PERCENTS: Final = (50, 60, 70, 80, 90)
"""Where the zones begin, in % of the highest heart rate: the five sport zones of Polar's manuals
(CS600X, RS800CX). The last one has no end."""

MAXIMUM_AT_BIRTH_BPM: Final = 208
MAXIMUM_LOST_IN_TEN_YEARS_BPM: Final = 7
"""Highest heart rate = 208 - 0.7 x age. Tanaka 2001, doi 10.1016/S0735-1097(00)01054-8, read
second-hand (Front. Physiol. 2018, 9:226). 220 - age, which Polar uses, has no study behind it
(Robergs 2002)."""


def zone_minutes(days: DaySamples, birth_year: int) -> list[NDArray[np.int64]]:
    """Minutes worn in each zone, from the first to the fifth, of each day.

    A sample stands for the time up to the next one. The age is that which is reached in the year of
    the day.

    Units: minutes.

    Source: `ZONE_PERCENTS`, `MAXIMUM_AT_BIRTH_BPM`.
    """
    years = np.asarray(days.dates).astype("M8[Y]").astype(np.int64) + 1970
    lost = (years - birth_year) * MAXIMUM_LOST_IN_TEN_YEARS_BPM
    # Tenths of a beat, times a percentage, are thousandths of a beat.
    maximum = np.repeat(MAXIMUM_AT_BIRTH_BPM * 10 - lost, days.counts)
    beyond = [
        days.sums(np.where(days.values >= maximum * percent, days.worn_minutes, 0))
        for percent in ZONE_PERCENTS
    ]
    following = [*beyond[1:], np.zeros(len(days.starts), np.int64)]
    return [inside - over for inside, over in zip(beyond, following, strict=True)]
