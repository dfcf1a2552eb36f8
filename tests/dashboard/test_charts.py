"""Charts are drawn, copied and filled without a server."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from bokeh.core.validation import check_integrity
from bokeh.document import Document
from bokeh.models import ColumnDataSource

from adapters.dashboard import fragments
from adapters.dashboard.chart_data import drawn
from adapters.dashboard.charts import heart, pressure, sleep
from adapters.dashboard.columns import DAY_MS
from adapters.dashboard.figures import Figures
from adapters.dashboard.key_figures import key_figures
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


def coded(values) -> pa.Array:
    """Texts as published tables hold them."""
    return pa.array(values, pa.string()).dictionary_encode()


def published(days: int, **more) -> Published:
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
            "source": coded(["blood_pressure_sheet"] * len(times)),
            "flags": coded([None] * len(times)),
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
    tables = {"blood_pressure_readings": readings, "daily_metrics": daily, **more}
    return Published(Facts("demo", 1, "2026-06-30T00:00:00Z"), tables, TablesInMemory(tables))


@pytest.fixture(scope="module")
def quarter() -> Published:
    return published(90)


def test_each_chart_is_an_overlay_of_its_layers():
    assert len(pressure.draw("systolic", pressure.frames())) == 8
    assert len(heart.draw(heart.frames())) == 4
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
    for stage in ("deep", "light", "rem", "unstaged", "awake"):
        assert np.array_equal(data[f"sleep.{stage}"]["low"], below)
        below = data[f"sleep.{stage}"]["high"]


def stages(*told) -> pa.Table:
    """Stages of the night to 2 January, each as its name, its beginning and its minutes."""
    starts = [pd.Timestamp(f"2026-01-{begun}") for _, begun, _ in told]
    ends = [
        start + pd.Timedelta(minutes=length)
        for start, (_, _, length) in zip(starts, told, strict=True)
    ]
    return pa.table(
        {
            "local_date": pa.array([START.date() + pd.Timedelta(days=1)] * len(told)),
            "start_utc": pa.array(starts, pa.timestamp("us", "UTC")),
            "end_utc": pa.array(ends, pa.timestamp("us", "UTC")),
            "utc_offset_minutes": pa.array([0] * len(told), pa.int16()),
            "stage": [stage for stage, _, _ in told],
        }
    )


def test_a_few_nights_show_each_stage_from_its_beginning_to_its_end():
    told = stages(("in_bed", "01 22:30", 120), ("light", "01 23:00", 40), ("rem", "01 23:40", 20))
    source = published(9, sleep_stages=told)
    start, end = source.series.bounds
    few = drawn(source, start, start + 3 * DAY_MS, "esc_2024")
    assert few.sleep_level == "stages"
    light, rem = (few.data[f"sleep.{stage}"] for stage in ("light", "rem"))
    assert light["end"] - light["time"] == [40 * 60_000]
    assert light["end"] == rem["time"]
    assert light["high"] < rem["low"]
    assert not len(few.data["sleep.awake"]["time"])
    assert list(few.data["sleep.stage"]["name"]) == ["light, 40 min", "REM, 20 min"]
    assert not len(few.data["sleep.total"]["time"])
    many = drawn(source, start, end, "esc_2024")
    assert many.sleep_level == "days"
    assert len(many.data["sleep.total"]["time"]) == 9
    assert not many.serves(start, start + 3 * DAY_MS)


def test_a_few_nights_without_timed_stages_keep_their_hours():
    source = published(3)
    found = drawn(source, *source.series.bounds, "esc_2024")
    assert found.sleep_level == "days"
    assert len(found.data["sleep.deep"]["time"]) == 3


def test_rows_of_a_chart_are_named_and_its_numbers_come_back():
    figures = Figures()
    axis = figures.figures["sleep"].yaxis[0]
    numbers = axis.ticker
    for _ in range(2):
        figures.name_rows("sleep", sleep.ROWS)
    assert axis.axis_label == ""
    assert axis.major_label_overrides == {0.5: "deep", 1.5: "light", 2.5: "REM", 3.5: "awake"}
    figures.name_rows("sleep", ())
    assert (axis.ticker, axis.axis_label) == (numbers, "hours")
    assert axis.major_label_overrides == {}


def test_a_click_within_a_long_stage_is_its_own_though_a_short_one_is_nearer():
    figures = Figures()
    long = {"time": [100.0, 195.0], "half": [90.0, 5.0], "value": [1.5, 0.5], "name": ["a", "b"]}
    figures.fill({"sleep.stage": {name: np.array(one) for name, one in long.items()}})
    assert figures.nearest("sleep", 170.0)[1]["name"] == "a"
    assert figures.nearest("sleep", 192.0)[1]["name"] == "b"


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


def test_what_no_source_told_of_a_night_stands_as_sleep_of_an_unknown_stage():
    source = published(3)
    daily = source.table("daily_metrics")
    place = daily.schema.get_field_index("sleep_light_minutes")
    nothing = pa.array([None] * daily.num_rows, pa.float64())
    source = published(3, daily_metrics=daily.set_column(place, "sleep_light_minutes", nothing))
    data = drawn(source, *source.series.bounds, "esc_2024").data
    unstaged = data["sleep.unstaged"]
    assert unstaged["high"] - unstaged["low"] == pytest.approx(260 / 60)
    assert data["sleep.awake"]["low"] == pytest.approx(data["sleep.total"]["value"])


def test_the_parts_of_a_week_of_nights_add_up_to_what_was_slept():
    source = published(21)
    daily = source.table("daily_metrics")
    names = [f"sleep_{stage}_minutes" for stage in ("deep", "light", "rem", "awake")]
    for name in names:
        told = [None if at % 4 == 0 else value.as_py() for at, value in enumerate(daily[name])]
        place = daily.schema.get_field_index(name)
        daily = daily.set_column(place, name, pa.array(told, pa.float64()))
    weeks = published(21, daily_metrics=daily).series.night_weeks
    parts = sum(weeks[stage] for stage in ("deep", "light", "rem", "unstaged"))
    assert parts == pytest.approx(weeks["asleep"])
    assert (weeks["unstaged"] > 0).any()


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
