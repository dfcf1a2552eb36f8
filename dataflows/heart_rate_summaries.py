"""Vendors' daily summaries of heart rates: whose word counts where several tell of one day."""

from typing import Any, Final

import numpy as np
import pyarrow as pa

from dataflows import resolution
from dataflows.clocks import integers
from dataflows.heart_rate_duplicates import MERGED_DEVICE
from dataflows.text_codes import equals, ranks_of

OTHER_SUMMARY: Final = "other_summary_of_day"
SUMMARY_VALUES: Final = (
    "heart_rate_mean_bpm",
    "heart_rate_min_bpm",
    "heart_rate_max_bpm",
    "resting_heart_rate_bpm",
)
# Whose word counts where several vendors tell a day's resting heart rate or summary.
SOURCE_PRIORITY: Final = (
    "mi_fitness",
    "zepp",
    "gadgetbridge",
    "fitbit",
    "oura",
    "withings",
    "apple_health",
    "samsung_health",
    "health_connect",
    "google_fit",
)


def one_a_day(summaries: pa.Table) -> tuple[resolution.Indices, Any]:
    """Winner and rule of each summary among those of its local date."""
    updates = resolution.updates_of(summaries)
    sources, devices = ranks_of(summaries["source"]), ranks_of(summaries["device"])
    values = [summaries[name].to_numpy() for name in SUMMARY_VALUES]
    is_merged = equals(summaries["device"], MERGED_DEVICE)
    winners = resolution.winners_of(
        [integers(summaries["local_date"])],
        [
            resolution.priority_of(summaries["source"], SOURCE_PRIORITY),
            ~is_merged,
            -updates,
            devices,
            *values,
            ranks_of(summaries["raw_sha256"]),
            integers(summaries["raw_row"]),
        ],
    )
    series = (sources == sources[winners]) & (devices == devices[winners])
    equal = series.copy()
    for column in values:
        equal &= (column == column[winners]) | (np.isnan(column) & np.isnan(column[winners]))
    rules = np.full(len(winners), OTHER_SUMMARY, object)
    rules[series] = resolution.CONFLICT
    rules[series & (updates != updates[winners])] = resolution.LATER_ISSUE
    rules[equal] = resolution.SAME_READING
    return winners, rules
