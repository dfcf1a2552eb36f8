"""Estimates with an interval, against values by hand and by other means."""

from itertools import combinations
from math import isclose
from statistics import median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import theilslopes, ttest_ind

from dataflows.intervals import THEIL_SEN, WELCH, theil_sen_slope, welch_difference


def slope(values, places=None):
    places = range(len(values)) if places is None else places
    return theil_sen_slope(np.array(values, float), np.array(places, np.int64))


def difference(before, after):
    return welch_difference(np.array(before, float), np.array(after, float))


def test_methods_are_told_by_the_name_of_who_found_them():
    assert (THEIL_SEN, WELCH) == ("theil_sen", "welch")


def test_the_slope_of_five_points_by_hand():
    # Slopes of the ten pairs, sorted: -1, 1/2, 1/2, 2/3, 1, 1, 1, 3/2, 2, 2.
    assert slope([1, 2, 4, 3, 5]).value == 1
    assert slope([0, 0, 30], [0, 1, 3]).value == 10


def test_the_bounds_of_a_slope_are_those_of_sen():
    # Of 10 points the variance of Kendall's S is 10 * 9 * 25 / 18 = 125, so that C = 1.96 * 11.18 =
    # 21.9; of the 45 sorted slopes the bounds are number (45 - 21.9) / 2 and (45 + 21.9) / 2 + 1.
    values = [3.0, 1.0, 4.0, 1.5, 5.0, 9.0, 2.0, 6.0, 5.5, 3.5]
    slopes = sorted((b - a) / (j - i) for (i, a), (j, b) in combinations(enumerate(values), 2))
    found = slope(values)
    assert found.value == median(slopes)
    assert found.lower == pytest.approx(slopes[11])
    assert found.upper == pytest.approx(slopes[33])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(80, 180), min_size=8, max_size=25), st.floats(-3, 3))
def test_a_slope_that_is_added_is_found(values, added):
    steeper = [value + added * place for place, value in enumerate(values)]
    flat, steep = slope(values), slope(steeper)
    assert isclose(steep.value, flat.value + added, abs_tol=1e-9)
    assert flat.lower <= flat.value <= flat.upper


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 400), st.integers(115, 125)),
        min_size=2,
        max_size=60,
        unique_by=lambda point: point[0],
    )
)
def test_slope_and_interval_are_those_of_scipy(points):
    places, values = zip(*sorted(points), strict=True)
    expected = theilslopes(values, places, alpha=0.95)
    assert slope(values, places) == (
        pytest.approx(expected.slope),
        pytest.approx(expected.low_slope),
        pytest.approx(expected.high_slope),
    )


def test_one_wild_day_hardly_moves_a_slope():
    values = [120 + number / 10 for number in range(40)]
    values[20] = 300
    assert slope(values).value == pytest.approx(0.1)


def test_the_difference_of_two_groups_by_hand():
    # Both groups have variance 6, so that the standard error is (6/8 + 6/8) ** 0.5 and there are
    # 14 degrees of freedom: t = 2.144787 in any table.
    before = [137, 138, 139, 140, 140, 141, 142, 143]
    after = [value - 10 for value in before]
    found = difference(before, after)
    variance = 28 / 7
    half = 2.144787 * (variance / 8 + variance / 8) ** 0.5
    assert found.value == -10
    assert found.lower == pytest.approx(-10 - half, abs=1e-5)
    assert found.upper == pytest.approx(-10 + half, abs=1e-5)


def test_groups_of_unequal_spread_have_the_degrees_of_freedom_of_welch():
    # Variances 1 and 25 (n - 1) of 3 and 3: se = (26 / 3) ** 0.5, 2.16 degrees of freedom.
    found = difference([119, 120, 121], [115, 120, 125])
    freedom = (26 / 3) ** 2 / ((1 / 3) ** 2 / 2 + (25 / 3) ** 2 / 2)
    assert freedom == pytest.approx(2.1597, abs=1e-4)
    # Of 2 degrees t is 4.303, of 3 it is 3.182; between them lies what is found.
    half = found.upper - found.value
    assert 3.182 * (26 / 3) ** 0.5 < half < 4.303 * (26 / 3) ** 0.5
    assert found.value - found.lower == pytest.approx(half)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(80, 180), min_size=2, max_size=20).filter(lambda g: len(set(g)) > 1),
    st.lists(st.integers(80, 180), min_size=2, max_size=20).filter(lambda g: len(set(g)) > 1),
)
def test_the_interval_is_that_of_scipys_test(before, after):
    bounds = ttest_ind(after, before, equal_var=False).confidence_interval(0.95)
    found = difference(before, after)
    assert (found.lower, found.upper) == (pytest.approx(bounds.low), pytest.approx(bounds.high))


def test_a_group_without_spread_leaves_that_of_the_other():
    found = difference([120] * 7, [117, 118, 119] * 3)
    half = 2.306004 * (6 / 8 / 9) ** 0.5  # 8 degrees of freedom
    assert found.lower == pytest.approx(-2 - half, abs=1e-5)


def test_two_groups_without_spread_differ_by_exactly_that():
    assert difference([120] * 7, [118] * 7) == (-2, -2, -2)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(80, 180), min_size=2, max_size=20),
    st.lists(st.integers(80, 180), min_size=2, max_size=20),
)
def test_an_interval_turns_round_with_its_groups(before, after):
    there, back = difference(before, after), difference(after, before)
    assert there.value == pytest.approx(-back.value, abs=1e-9)
    assert there.lower == pytest.approx(-back.upper, abs=1e-9)
    assert there.lower <= there.value <= there.upper
