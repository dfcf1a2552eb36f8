"""The regularity index and circular times of day, against files and figures of others."""

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows.circular import circular_deviation, circular_mean
from dataflows.regularity import ASLEEP, AWAKE, UNKNOWN, day_pairs, regularity_index

GOLDEN = Path(__file__).parent / "data" / "sleep_regularity" / "test.csv"
EPOCHS = 2_880
"""The file, of mengelhard/sri, has epochs of 30 seconds."""

NOT_TRIMMED, MISSING_AS_MISMATCH, MEAN_OF_EPOCHS = 78.7783, 80.6944, 80.8194


def index_of(states):
    pairs = day_pairs(states)
    return regularity_index(int(pairs.equal.sum()), int(pairs.valid.sum()))


@pytest.fixture(scope="module")
def golden():
    """The whole days of the golden file."""
    sleep = pd.read_csv(GOLDEN)["sleep"].fillna(UNKNOWN).to_numpy(np.int8)
    return sleep[: len(sleep) // EPOCHS * EPOCHS].reshape(-1, EPOCHS)


def test_the_golden_file_gives_its_index(golden):
    assert round(index_of(golden), 4) == 80.8074


def test_the_golden_file_gives_none_of_the_wrong_indices(golden):
    assert round(index_of(golden), 4) not in {NOT_TRIMMED, MISSING_AS_MISMATCH, MEAN_OF_EPOCHS}


def test_the_golden_file_has_as_many_pairs_as_were_counted_elsewhere(golden):
    pairs = day_pairs(golden)
    assert (golden.shape, int(pairs.valid.sum())) == ((6, EPOCHS), 14_391)
    share = pairs.equal.sum() / (5 * EPOCHS)
    assert round(200 * share - 100, 4) == MISSING_AS_MISMATCH


def test_days_that_are_alike_are_wholly_regular_and_opposite_ones_wholly_not():
    night = np.zeros(1440, np.int8)
    night[:480] = 1
    assert index_of(np.stack([night] * 3)) == 100
    assert index_of(np.stack([night, 1 - night, night])) == -100


def test_an_hour_later_on_one_day_is_one_part_in_24():
    """The example of Urban Droid, whose page says 96 for lack of the scale from -100."""
    first, second = np.zeros(24, np.int8), np.zeros(24, np.int8)
    first[:7], second[:8] = 1, 1
    assert index_of(np.stack([first, second])) == pytest.approx(91.67, abs=0.005)


def test_each_day_is_compared_with_the_next_for_itself():
    states = np.array([[0, 1, 1], [0, 1, 0], [UNKNOWN, 1, 1], [1, 1, 1]], np.int8)
    pairs = day_pairs(states)
    assert (pairs.valid.tolist(), pairs.equal.tolist()) == ([3, 2, 2], [2, 1, 2])


def test_states_are_those_of_the_golden_file():
    assert (UNKNOWN, AWAKE, ASLEEP) == (-1, 0, 1)


def test_nothing_that_can_be_compared_has_no_index():
    unknown = np.full((3, 1440), UNKNOWN, np.int8)
    assert math.isnan(index_of(unknown))
    assert math.isnan(index_of(np.zeros((1, 1440), np.int8)))


@given(st.lists(st.lists(st.sampled_from([UNKNOWN, 0, 1]), min_size=4, max_size=4), min_size=2))
def test_the_index_counts_only_pairs_of_known_epochs(days):
    states = np.array(days, np.int8)
    pairs = [
        one == other
        for today, tomorrow in pairwise(days)
        for one, other in zip(today, tomorrow, strict=True)
        if UNKNOWN not in {one, other}
    ]
    expected = 200 * sum(pairs) / len(pairs) - 100 if pairs else math.nan
    assert index_of(states) == pytest.approx(expected, nan_ok=True)


def minutes(*times):
    return np.array(
        [int(hour) * 60 + int(minute) for hour, minute in (t.split(":") for t in times)]
    )


def test_the_mean_of_half_an_hour_before_and_after_midnight_is_midnight():
    late = minutes("23:30", "00:30")
    assert min(circular_mean(late), 1440 - circular_mean(late)) == pytest.approx(0, abs=1e-9)
    assert 0 <= circular_mean(late) < 1440
    assert circular_deviation(late) / 60 == pytest.approx(0.5007, abs=5e-5)


def test_times_that_cancel_each_other_out_have_no_mean():
    noon_and_midnight = minutes("00:00", "12:00")
    assert math.isnan(circular_mean(noon_and_midnight))
    assert math.isnan(circular_deviation(noon_and_midnight))


def test_equal_times_have_no_spread():
    for minute in range(0, 1440, 7):
        nights = np.full(6, float(minute))
        assert circular_deviation(nights) == pytest.approx(0, abs=1e-4)
        assert circular_mean(nights) == pytest.approx(minute, abs=1e-6)


@given(st.lists(st.integers(0, 240), min_size=2, max_size=8), st.integers(0, 1439))
def test_turning_the_clock_turns_the_mean_and_leaves_the_spread(times, turn):
    early = np.array(times, float)
    turned = (early + turn) % 1440
    away = (circular_mean(turned) - circular_mean(early) - turn) % 1440
    assert min(away, 1440 - away) == pytest.approx(0, abs=1e-6)
    assert circular_deviation(turned) == pytest.approx(circular_deviation(early), abs=1e-3)
