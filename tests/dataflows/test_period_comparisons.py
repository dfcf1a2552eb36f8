"""Before and after: what differs, and what that cannot show."""

from datetime import date, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows import records
from dataflows.daily_metrics import DAILY_METRICS
from dataflows.intervals import CANNOT_SHOW
from dataflows.period_comparisons import period_comparisons
from tests.dataflows.reading_examples import DAY, days_of_means

NO_DAYS = DAILY_METRICS.empty_table()


def event(start=28, end=None, label="ramipril", kind="medication"):
    begin = DAY + timedelta(days=start)
    return {
        "annotation": f"{begin} {kind} {label}",
        "kind": kind,
        "label": label,
        "start_date": begin,
        "end_date": None if end is None else DAY + timedelta(days=end),
        "raw_sha256": "a" * 64,
        "raw_row": 2,
    }


def compared(means, *events, metric="systolic_mean_mmhg", first=0):
    told = records.table_from_rows(records.ANNOTATIONS, events or [event()])
    found = period_comparisons(told, days_of_means(means, first=first), NO_DAYS).to_pylist()
    return [row for row in found if row["metric"] == metric]


def test_four_weeks_before_and_after_by_hand():
    before = [137, 138, 139, 140, 140, 141, 142, 143] * 3 + [140] * 4
    (found,) = compared([*before, *(value - 10 for value in before)])
    assert (found["before_start"], found["before_end"]) == (DAY, DAY + timedelta(days=27))
    assert (found["after_start"], found["after_end"]) == (
        DAY + timedelta(days=28),
        DAY + timedelta(days=55),
    )
    assert (found["before_count"], found["after_count"]) == (28, 28)
    assert (found["before_mean"], found["after_mean"], found["difference"]) == (140, 130, -10)
    # Variance 84 / 27 on both sides; 54 degrees of freedom, t = 2.004879.
    half = 2.004879 * (2 * (84 / 27) / 28) ** 0.5
    assert found["lower"] == pytest.approx(-10 - half, abs=1e-5)
    assert found["upper"] == pytest.approx(-10 + half, abs=1e-5)
    assert (found["basis"], found["method"]) == ("cuff", "welch")
    assert found["warning"] == CANNOT_SHOW


def test_days_further_away_do_not_count():
    near = [140] * 28 + [130] * 28
    (found,) = compared([999 - 800, *near, 200], event(start=29))
    assert (found["before_mean"], found["after_mean"]) == (140, 130)


def test_an_annotation_that_ends_is_compared_while_it_lasts():
    (found,) = compared([120] * 28 + [130] * 5 + [120] * 30, event(end=32, kind="illness"))
    assert found["after_end"] == DAY + timedelta(days=32)
    assert (found["after_count"], found["after_mean"]) == (5, 130)
    assert found["end_date"] == found["after_end"]


def test_a_day_of_one_day_is_itself_the_period():
    (found,) = compared([120] * 28 + [130, 120], event(end=28))
    assert (found["after_count"], found["difference"]) == (1, 10)
    assert found["warning"].startswith("Days after with a value: 1, too few")


@pytest.mark.parametrize(("count", "has_interval"), [(6, False), (7, True)])
def test_six_days_on_a_side_have_no_interval_and_say_so(count, has_interval):
    means = [None] * (28 - count) + [120] * count + [130] * 28
    (found,) = compared(means, first=0)
    assert found["difference"] == 10
    assert (found["lower"] is not None) is has_interval
    lacking = f"Days before with a value: {count}, too few for an interval. "
    assert found["warning"] == (CANNOT_SHOW if has_interval else lacking + CANNOT_SHOW)


def test_no_day_before_has_no_difference():
    (found,) = compared([130] * 28, first=28)
    assert (found["before_count"], found["before_mean"], found["difference"]) == (0, None, None)
    assert "Days before with a value: 0" in found["warning"]


def test_a_figure_without_a_day_on_either_side_has_no_row():
    assert compared([120] * 10, event(start=90)) == []


@pytest.mark.parametrize(
    ("other", "is_named"),
    [
        (event(40, label="flu"), True),
        (event(-90, 10, label="flu"), True),
        (event(0, label="flu"), False),
        (event(1, label="flu"), True),
        (event(-90, 55, label="flu"), False),
        (event(-90, 54, label="flu"), True),
        (event(-90, label="flu"), False),
        (event(55, label="flu"), True),
        (event(56, label="flu"), False),
        (event(-90, 0, label="flu"), True),
        (event(-90, -1, label="flu"), False),
        (event(28, label="flu"), True),
    ],
)
def test_what_else_begins_or_ends_in_these_days_is_named(other, is_named):
    found = next(row for row in compared([120] * 56, event(), other) if row["label"] == "ramipril")
    assert ("flu" in found["warning"]) is is_named


def test_the_warning_names_what_it_cannot_show():
    assert CANNOT_SHOW.startswith("This shows that the days differ")
    for words in ("not why", "no control", "regression to the mean", "too narrow", "by chance"):
        assert words in CANNOT_SHOW


def test_an_annotation_long_ago_or_to_come_breaks_nothing():
    old, future = (
        records.table_from_rows(records.ANNOTATIONS, [event() | {"start_date": start}])
        for start in (date(1900, 1, 1), date(2199, 12, 31))
    )
    for told in (old, future):
        assert period_comparisons(told, days_of_means([120]), NO_DAYS).num_rows == 0


def test_without_annotations_there_is_no_row():
    none = records.ANNOTATIONS.empty_table()
    assert period_comparisons(none, days_of_means([120] * 60), NO_DAYS).num_rows == 0
    assert isinstance(none, pa.Table)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(90, 170), min_size=56, max_size=56), st.integers(-20, 20))
def test_a_change_that_is_added_after_the_start_is_the_difference(means, change):
    (flat,) = compared(means)
    (found,) = compared([*means[:28], *(mean + change for mean in means[28:])])
    assert found["difference"] == pytest.approx(flat["difference"] + change, abs=1e-9)
    assert found["upper"] - found["lower"] == pytest.approx(flat["upper"] - flat["lower"], abs=1e-9)
