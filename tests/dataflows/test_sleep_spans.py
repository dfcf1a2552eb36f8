"""Which sleep a stage lies in, and intervals without overlaps."""

import numpy as np
import pandas as pd

from dataflows import records
from dataflows.sleep_spans import clipped, runs_of, sleep_edges, stages_of_sleeps
from dataflows.sleep_tables import MINUTE

SLEEPS = pd.DataFrame({"start_utc": [100, 300, 500], "end_utc": [200, 400, 600]}) * MINUTE


def stages(*told):
    """A table of stages from (start, end, kind), in minutes."""
    rows = [
        {
            "source": "zepp",
            "start_utc": start * MINUTE,
            "end_utc": end * MINUTE,
            "utc_offset_minutes": 0,
            "time_zone_source": "recorded",
            "local_date": 0,
            "raw_sha256": "a",
            "raw_row": 2,
            "stage": kind,
        }
        for start, end, kind in told
    ]
    return records.table_from_rows(records.SLEEP_STAGES, rows)


def intervals(*told):
    return pd.DataFrame(told, columns=["sleep", "start", "end"])


def rows(frame):
    return [tuple(row) for row in frame[["sleep", "start", "end"]].to_numpy().tolist()]


def owners(*told):
    found = stages_of_sleeps(SLEEPS, stages(*told))
    return dict(zip(found["start"] // MINUTE, found["sleep"], strict=True))


def test_a_stage_belongs_to_the_sleep_that_its_middle_lies_in():
    told = [(100, 110), (90, 112), (190, 209), (200, 201), (300, 301), (598, 602), (597, 602)]
    assert owners(*((start, end, "light") for start, end in told)) == {
        100: 0, 90: 0, 190: 0, 300: 1, 597: 2,
    }  # fmt: skip


def test_a_stage_outside_of_every_sleep_belongs_to_none():
    assert owners((10, 20, "light"), (240, 260, "light"), (700, 710, "awake")) == {}
    assert stages_of_sleeps(SLEEPS.iloc[:0], stages((10, 20, "light"))).empty


def test_a_sleep_goes_from_its_first_stage_asleep_to_the_end_of_its_last():
    told = stages(
        (100, 110, "awake"), (110, 150, "light"), (150, 160, "awake"), (160, 170, "rem"),
        (170, 200, "in_bed"), (300, 310, "deep"), (310, 320, "asleep"), (500, 600, "awake"),
    )  # fmt: skip
    edges = sleep_edges(stages_of_sleeps(SLEEPS, told), 3) / MINUTE
    assert edges.iloc[:2].to_numpy().tolist() == [[110, 170], [300, 320]]
    assert edges.iloc[2].isna().all()


def test_intervals_that_meet_or_overlap_are_one_within_a_sleep():
    told = intervals(
        (0, 5, 9), (0, 1, 3), (0, 3, 4), (0, 6, 7), (1, 9, 10), (0, 8, 10), (1, 12, 13)
    )
    assert rows(runs_of(told)) == [(0, 1, 4), (0, 5, 10), (1, 9, 10), (1, 12, 13)]


def test_a_long_interval_swallows_those_in_it():
    assert rows(runs_of(intervals((0, 1, 10), (0, 2, 3), (0, 5, 6)))) == [(0, 1, 10)]


def test_what_is_clipped_away_is_left_out():
    told = intervals((0, 1, 5), (0, 5, 9), (1, 0, 3), (1, 9, 12), (1, 2, 4))
    found = clipped(told, np.array([3, 3]), np.array([9, 10]))
    assert rows(found) == [(0, 3, 5), (0, 5, 9), (1, 9, 10), (1, 3, 4)]
