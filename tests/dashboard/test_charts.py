"""Charts are drawn, copied and filled without a server."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from bokeh.core.validation import check_integrity
from bokeh.document import Document
from bokeh.models import ColumnDataSource
from hypothesis import given
from hypothesis import strategies as st

from adapters.dashboard import fragments
from adapters.dashboard.chart_data import drawn
from adapters.dashboard.charts import heart, pressure, sleep
from adapters.dashboard.charts.heart import SAMPLE_GAP_MS, samples_data
from adapters.dashboard.columns import DAY_MS, MINUTE_MS, Series, empty
from adapters.dashboard.figures import Figures
from adapters.dashboard.key_figures import key_figures
from adapters.dashboard.published import Facts, Published
from adapters.dashboard.state import Choice
from tests.dashboard.invented import TablesInMemory, coded, published


@pytest.fixture(scope="module")
def quarter() -> Published:
    return published(90)


def test_each_chart_is_an_overlay_of_its_layers():
    assert len(pressure.draw("systolic", pressure.frames())) == 8
    assert len(heart.draw(heart.frames())) == 5
    assert len(sleep.draw(sleep.frames())) == 7
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


@given(st.lists(st.integers(0, 400), max_size=40, unique=True).map(sorted))
def test_every_single_sample_is_part_of_a_line_or_a_dot(minutes):
    times = np.array(minutes, float) * MINUTE_MS
    samples = Series({"time": times, "value": times + 1})
    nothing = empty(["time", "end", "resting"])
    data = samples_data(samples, nothing, 0, DAY_MS)
    line = data["heart.mean"]
    is_point = ~np.isnan(line["value"])
    joined = is_point[1:] & is_point[:-1]
    drawn_as_line = {*line["time"][1:][joined], *line["time"][:-1][joined]}
    dots = {*data["heart.alone"]["time"]}
    assert drawn_as_line | dots == {*times}
    assert drawn_as_line & dots == set()
    assert {*(np.diff(line["time"])[joined] > SAMPLE_GAP_MS)} <= {False}


def test_a_long_range_is_drawn_as_weeks(quarter):
    long = published(700)
    data = drawn(long, *long.series.bounds, "esc_2024").data
    assert 95 <= len(data["systolic.weeks"]["time"]) <= 102
    assert len(data["systolic.days"]["time"]) == 0
    short = drawn(quarter, *quarter.series.bounds, "esc_2024").data
    assert len(short["systolic.weeks"]["time"]) == 0


def test_a_generation_without_weeks_is_drawn_as_days():
    names = ("blood_pressure_weeks", "heart_rate_weeks", "sleep_weeks")
    older = published(300, **dict.fromkeys(names, pa.table({})))
    found = drawn(older, *older.series.bounds, "esc_2024")
    assert (found.level, found.heart_level, found.sleep_level) == ("days", "days", "days")
    assert found.serves(*older.series.bounds)
    assert len(found.data["systolic.morning"]["time"]) > 200


def test_stages_of_a_night_are_stacked_without_a_gap(quarter):
    data = drawn(quarter, *quarter.series.bounds, "esc_2024").data
    below = np.zeros(len(data["sleep.deep"]["low"]))
    for stage in ("deep", "light", "rem", "unstaged", "awake"):
        assert np.array_equal(data[f"sleep.{stage}"]["low"], below)
        below = data[f"sleep.{stage}"]["high"]


def test_a_click_is_answered_by_what_is_seen():
    figures = Figures()
    points = {"time": np.array([100.0]), "row": np.array([-1])}
    figures.fill(
        {
            "systolic.cuffless": {**points, "value": np.array([np.nan])},
            "systolic.morning": {**points, "value": np.array([120.0])},
        }
    )
    assert figures.nearest("systolic", 100.0)[0] == "systolic.morning"
    assert figures.nearest("heart", 100.0) is None


def test_readings_without_a_cuff_are_marked_and_enter_no_average():
    plain = published(9)
    readings = plain.table("blood_pressure_readings")
    flags = ["cuffless" if at % 3 == 1 else None for at in range(readings.num_rows)]
    place = readings.schema.get_field_index("flags")
    marked = readings.set_column(place, "flags", coded(flags))
    source = published(9, blood_pressure_readings=marked)
    span = source.series.bounds
    data = drawn(source, *span, "esc_2024").data
    assert set(data["systolic.cuffless"]["value"]) == {130.0}
    assert not len(data["systolic.other"]["value"])
    assert {130.0} & set(data["systolic.morning"]["value"]) == set()
    card = key_figures(source, span, None)[0]
    assert card.basis == "mean of 18 readings on 9 days; 9 without a cuff left out"
    choice = Choice(bounds=span, span=span)
    told = fragments.pressure_text(source, choice, weekly=False)
    assert "estimated without a cuff" in told
    assert "Where the 18 readings lie" in told
    assert "without a cuff" not in fragments.pressure_text(plain, choice, weekly=False)
    weeks = source.series.pressure_weeks
    assert set(weeks["systolic_cuffless"]) == {130.0}
    assert weeks["count"].sum() == 18


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
