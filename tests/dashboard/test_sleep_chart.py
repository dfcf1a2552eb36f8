"""Sleep is drawn night by night, and stage by stage where a few nights fill the chart."""

import numpy as np
import pyarrow as pa
import pytest

from adapters.dashboard.chart_data import drawn
from adapters.dashboard.charts import sleep
from adapters.dashboard.columns import DAY_MS
from adapters.dashboard.figures import Figures
from tests.dashboard.invented import published, stages


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
