"""The heart rates of each local day, in the arrays that all figures are made of."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dataflows.clocks import MINUTE, integers
from dataflows.daily_sums import day_groups, in_thousandths

Integers = NDArray[np.int64]

MEASURED: Final = ("start_utc", "utc_offset_minutes", "local_date", "heart_rate_bpm")
"""The columns of a sample that figures are made of."""

WORN_GAP_MINUTES: Final = 35
"""Ours: a device is taken to be worn between two samples of a local day that are not further apart.
Bands measure every 1, 10 or 30 minutes, as their owner has set them (a guide to the Mi Band 4, read
at a blog), and a little late."""


@dataclass(frozen=True)
class DaySamples:
    """Samples day by day, ascending in time in each.

    Attributes:
        dates: Each local date once, ascending.
        starts: Where the samples of each begin.
        instants: Microseconds since 1970, UTC.
        offsets: Minutes from UTC, east positive.
        values: Whole thousandths of a beat per minute.
    """

    dates: pa.Array
    starts: Integers
    instants: Integers
    offsets: Integers
    values: Integers

    @classmethod
    def of(cls, samples: pa.Table) -> "DaySamples":
        """Group samples, which are ascending in time."""
        days = day_groups(samples["local_date"])
        return cls(
            days.dates,
            days.starts,
            days.arranged(integers(samples["start_utc"])),
            days.arranged(integers(samples["utc_offset_minutes"])),
            days.arranged(in_thousandths(samples["heart_rate_bpm"])),
        )

    @cached_property
    def counts(self) -> Integers:
        """How many samples each day has."""
        return np.diff(np.append(self.starts, len(self.values)))

    @cached_property
    def days(self) -> Integers:
        """The day of each sample, as a position in `dates`."""
        return np.repeat(np.arange(len(self.starts)), self.counts)

    @cached_property
    def minutes(self) -> Integers:
        """The minute of each sample, since 1970, UTC."""
        return self.instants // MINUTE

    @cached_property
    def walls(self) -> Integers:
        """The minute that a clock on the wall showed."""
        return self.minutes + self.offsets

    @cached_property
    def worn_minutes(self) -> Integers:
        """For how many minutes, from its own on, each sample tells that the device was worn.

        To the next sample of the day if that is not more than `WORN_GAP_MINUTES` away, else for
        its own minute; no minute is told of twice.
        """
        gaps = np.empty(len(self.minutes), np.int64)
        np.subtract(self.minutes[1:], self.minutes[:-1], out=gaps[:-1])
        gaps[np.append(self.starts[1:], len(gaps)) - 1] = 1
        gaps[gaps > WORN_GAP_MINUTES] = 1
        return gaps

    def sums(self, amounts: Integers) -> Integers:
        """The sum of some amounts, one for each sample, in each day."""
        total: Integers = np.add.reduceat(amounts, self.starts)
        return total
