"""Charts are drawn, copied and filled without a server."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from bokeh.core.validation import check_integrity
from bokeh.document import Document
from bokeh.models import ColumnDataSource

from adapters.dashboard.chart_data import drawn
from adapters.dashboard.charts import heart, pressure, sleep
from adapters.dashboard.columns import DAY_MS
from adapters.dashboard.figures import Figures
from adapters.dashboard.published import Facts, Published, within_dates
from adapters.dashboard.state import Choice

START = pd.Timestamp("2026-01-01")


class TablesInMemory:
    """Outputs that are there already."""

    def __init__(self, tables):
        self._tables = tables

    def table(self, name):
        """All rows of an output."""
        return self._tables[name]

    def between(self, name, first, last):
        """The rows of an output with a local date from the first to the last."""
        return within_dates(self.table(name), first, last)


def published(days: int) -> Published:
    """A person with three readings, a heart rate and a night each day, but for every tenth."""
    dates = [day for day in pd.date_range(START, periods=days) if day.day % 10]
    times = [day + pd.Timedelta(hours=hour) for day in dates for hour in (7, 13, 20)]
    readings = pa.table(
        {
            "start_utc": pa.array(times, pa.timestamp("us", "UTC")),
            "utc_offset_minutes": pa.array([0] * len(times), pa.int16()),
            "systolic_mmhg": np.tile([120.0, 130.0, 140.0], len(dates)),
            "diastolic_mmhg": np.tile([70.0, 80.0, 90.0], len(dates)),
            "pulse_bpm": np.full(len(times), 60.0),
        }
    )
    numbers = {
        "systolic_mean_mmhg": 130.0, "diastolic_mean_mmhg": 80.0,
        "blood_pressure_reading_count": 3.0, "heart_rate_min_bpm": 50.0,
        "heart_rate_mean_bpm": 70.0, "heart_rate_max_bpm": 120.0, "resting_heart_rate_bpm": 55.0,
        "heart_rate_sample_count": 900.0, "sleep_asleep_minutes": 450.0,
        "sleep_deep_minutes": 90.0, "sleep_light_minutes": 260.0, "sleep_rem_minutes": 100.0,
        "sleep_awake_minutes": 15.0, "sleep_efficiency_ratio": 0.97,
    }  # fmt: skip
    daily = pa.table(
        {
            "local_date": pa.array([day.date() for day in dates]),
            "resting_heart_rate_method": ["vendor:zepp"] * len(dates),
            **{name: [value] * len(dates) for name, value in numbers.items()},
        }
    )
    tables = {"blood_pressure_readings": readings, "daily_metrics": daily}
    return Published(Facts("demo", 1, "2026-06-30T00:00:00Z"), tables, TablesInMemory(tables))


@pytest.fixture(scope="module")
def quarter() -> Published:
    return published(90)


def test_each_chart_is_an_overlay_of_its_layers():
    assert len(pressure.draw("systolic", pressure.frames())) == 7
    assert len(heart.draw(heart.frames())) == 4
    assert len(sleep.draw(sleep.frames())) == 5
    assert len(sleep.draw_quality(sleep.quality_frames())) == 2


def test_a_copy_of_the_charts_holds_no_data_and_shares_nothing_with_another():
    one, other = Figures(), Figures()
    assert all(
        not len(values) for source in one.sources.values() for values in source.data.values()
    )
    one.fill({"heart.mean": {"time": np.array([0.0]), "value": np.array([60.0])}})
    assert not len(other.sources["heart.mean"].data["time"])


def test_bokeh_finds_no_mistake_in_what_is_drawn():
    document = Document()
    for figure in Figures().figures.values():
        document.add_root(figure)
    found = check_integrity(document.models)
    assert not found.error
    assert not found.warning


def test_every_layer_is_filled_and_no_other(quarter):
    start, end = quarter.series.bounds
    rings = {name for name in Figures().sources if name.endswith(".ring")}
    assert set(drawn(quarter, start, end, "esc_2024").data) == set(Figures().sources) - rings


@pytest.mark.parametrize("days", [1, 7, 90, 400])
def test_columns_of_a_layer_are_of_equal_length(days):
    source = published(days)
    for columns in drawn(source, *source.series.bounds, "nice").data.values():
        ColumnDataSource(columns)  # warns, and so fails, when they are not
        assert len({len(values) for values in columns.values()}) == 1


def test_morning_evening_and_other_readings_are_told_apart(quarter):
    data = drawn(quarter, *quarter.series.bounds, "esc_2024").data
    assert set(data["systolic.morning"]["value"]) == {120.0}
    assert set(data["systolic.evening"]["value"]) == {140.0}
    assert set(data["systolic.other"]["value"]) == {130.0}


def test_a_missing_day_is_a_gap_in_every_line(quarter):
    data = drawn(quarter, *quarter.series.bounds, "esc_2024").data
    missing = (pd.Timestamp("2026-01-10") - pd.Timestamp(0)).total_seconds() * 1000
    for layer in ("systolic.days", "heart.mean"):
        times, values = (np.asarray(data[layer][name]) for name in ("time", "value"))
        inside = (times > missing - DAY_MS) & (times < missing + DAY_MS)
        assert np.isnan(values[inside]).any(), layer
    assert not (
        (data["sleep.deep"]["time"] >= missing) & (data["sleep.deep"]["end"] <= missing + DAY_MS)
    ).any()


def test_a_long_range_is_drawn_as_weeks(quarter):
    long = published(700)
    data = drawn(long, *long.series.bounds, "esc_2024").data
    assert 95 <= len(data["systolic.weeks"]["time"]) <= 102
    assert len(data["systolic.days"]["time"]) == 0
    short = drawn(quarter, *quarter.series.bounds, "esc_2024").data
    assert len(short["systolic.weeks"]["time"]) == 0


def test_stages_of_a_night_are_stacked_without_a_gap(quarter):
    data = drawn(quarter, *quarter.series.bounds, "esc_2024").data
    below = np.zeros(len(data["sleep.deep"]["low"]))
    for stage in ("deep", "light", "rem", "awake"):
        assert np.array_equal(data[f"sleep.{stage}"]["low"], below)
        below = data[f"sleep.{stage}"]["high"]


def test_bands_are_those_of_the_guideline(quarter):
    for guideline, edges in (("esc_2024", [120, 135]), ("canada_2025", [130])):
        data = drawn(quarter, *quarter.series.bounds, guideline).data
        assert list(data["systolic.bands"]["y0"]) == edges


def test_a_profile_without_any_signal_draws_empty_charts():
    nothing = Published(Facts("me", 1, "2026-06-30T00:00:00Z"), (), TablesInMemory({}))
    found = drawn(nothing, *nothing.series.bounds, "esc_2024")
    assert not len(found.data["heart.mean"]["time"])


def test_quick_ranges_end_on_the_newest_day_and_stay_inside():
    choice = Choice(bounds=(10 * DAY_MS, 50 * DAY_MS))
    choice.look_at("30 days")
    assert choice.span == (20 * DAY_MS, 50 * DAY_MS)
    choice.look_at("1 year")
    assert choice.span == choice.bounds
    assert choice.before == (-30 * DAY_MS, 10 * DAY_MS)


def test_a_quick_range_moves_on_with_newer_data_and_a_chosen_one_stays():
    choice = Choice(bounds=(0, 100 * DAY_MS))
    choice.look_at("7 days")
    choice.widen((0, 101 * DAY_MS))
    assert choice.span == (94 * DAY_MS, 101 * DAY_MS)
    choice.look_between(20 * DAY_MS, 30 * DAY_MS)
    choice.widen((0, 102 * DAY_MS))
    assert (choice.span, choice.quick) == ((20 * DAY_MS, 30 * DAY_MS), "")
