"""Weeks from Monday to Sunday."""

import statistics
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows import schemas
from dataflows.week_schemas import STAGES
from dataflows.weeks import blood_pressure_weeks, heart_rate_weeks, sleep_weeks

WINDOWS = {"morning": "04:00-11:59", "evening": "17:00-23:59"}
NEW_YEAR = date(2026, 1, 1)  # a Thursday


def monday(day):
    return day - timedelta(days=day.weekday())


def readings(*told):
    """Readings, each as day, hour, systolic, diastolic and flags."""
    return pa.table(
        {
            "local_date": pa.array([day for day, *_ in told], pa.date32()),
            "start_utc": pa.array(
                [datetime(d.year, d.month, d.day, hour, tzinfo=UTC) for d, hour, *_ in told],
                pa.timestamp("us", "UTC"),
            ),
            "utc_offset_minutes": pa.array([0] * len(told), pa.int16()),
            "systolic_mmhg": pa.array([row[2] for row in told], pa.float64()),
            "diastolic_mmhg": pa.array([row[3] for row in told], pa.float64()),
            "pulse_bpm": pa.nulls(len(told), pa.float64()),
            "source": pa.array(["omron"] * len(told), pa.string()).dictionary_encode(),
            "flags": pa.array([row[4] for row in told], pa.string()).dictionary_encode(),
        }
    )


def metrics(*told):
    """Days, each as a date and some of its figures."""
    names = [name for name in schemas.DAILY_METRICS.values.columns if name != "local_date"]
    columns = {
        name: pa.array([figures.get(name) for _, figures in told], pa.float64()) for name in names
    }
    return pa.table({"local_date": pa.array([day for day, _ in told], pa.date32()), **columns})


days = st.integers(0, 40).map(lambda at: NEW_YEAR + timedelta(days=at))
told_readings = st.lists(
    st.tuples(
        days, st.integers(0, 23), st.integers(90, 200), st.integers(50, 89),
        st.sampled_from([None, None, "cuffless"]),
    ),
    max_size=40,
)  # fmt: skip


@given(told_readings)
def test_a_week_s_figures_are_those_of_its_readings(told):
    rows = blood_pressure_weeks(readings(*told), WINDOWS).to_pylist()
    assert [row["period_start"] for row in rows] == sorted({monday(day) for day, *_ in told})
    for row in rows:
        assert row["period_end"] - row["period_start"] == timedelta(days=6)
        inside = [one for one in told if monday(one[0]) == row["period_start"]]
        cuff = [one for one in inside if one[4] is None]
        parts = {
            "": cuff,
            "morning_": [one for one in cuff if 4 <= one[1] < 12],
            "evening_": [one for one in cuff if one[1] >= 17],
            "cuffless_": [one for one in inside if one[4]],
        }
        assert row["reading_count"] == len(cuff)
        assert row["cuffless_reading_count"] == len(parts["cuffless_"])
        for place, which in ((2, "systolic"), (3, "diastolic")):
            for part, of_part in parts.items():
                values = [one[place] for one in of_part]
                median = statistics.median(values) if values else None
                assert row[f"{which}_{part}median_mmhg"] == median
            if len(cuff) > 1:
                quartiles = statistics.quantiles([one[place] for one in cuff], method="inclusive")
                assert row[f"{which}_lower_quartile_mmhg"] == pytest.approx(quartiles[0])
                assert row[f"{which}_upper_quartile_mmhg"] == pytest.approx(quartiles[2])


def test_a_year_begins_in_the_middle_of_a_week():
    told = [(NEW_YEAR + timedelta(days=at), 8, 120 + at, 80, None) for at in (-1, 0, 3, 4)]
    rows = blood_pressure_weeks(readings(*told), WINDOWS).to_pylist()
    assert [(str(row["period_start"]), row["reading_count"]) for row in rows] == [
        ("2025-12-29", 3),
        ("2026-01-05", 1),
    ]


def test_a_week_of_heart_rates_is_the_middle_of_its_days():
    figures = [(50, 70, 120, 55), (52, 72, 130, None), (54, 80, 160, 59)]
    names = ("heart_rate_min_bpm", "heart_rate_mean_bpm", "heart_rate_max_bpm",
             "resting_heart_rate_bpm")  # fmt: skip
    told = [
        (NEW_YEAR + timedelta(days=at), dict(zip(names, row, strict=True)))
        for at, row in enumerate(figures)
    ]
    told.append((NEW_YEAR + timedelta(days=3), {"sleep_asleep_minutes": 400}))
    (row,) = heart_rate_weeks(metrics(*told)).to_pylist()
    del row["period_start"], row["period_end"]
    assert row == {
        "day_count": 3,
        "heart_rate_min_median_bpm": 52,
        "heart_rate_mean_lower_quartile_bpm": 71,
        "heart_rate_mean_median_bpm": 72,
        "heart_rate_mean_upper_quartile_bpm": 76,
        "heart_rate_max_median_bpm": 130,
        "resting_heart_rate_median_bpm": 57,
    }


def night(at, **minutes):
    return NEW_YEAR + timedelta(days=at), {
        f"sleep_{stage}_minutes": value for stage, value in minutes.items()
    }


def test_the_stages_of_a_week_add_up_to_its_sleep():
    staged = night(0, asleep=400, deep=100, light=300, awake=10)
    unstaged = night(1, asleep=300)
    (row,) = sleep_weeks(metrics(staged, unstaged)).to_pylist()
    found = {stage: row[f"sleep_{stage}_mean_minutes"] for stage in STAGES}
    assert row["night_count"] == 2
    assert found == {
        "asleep": 350, "deep": 50, "light": 150, "rem": None, "unstaged": 150, "awake": 5,
    }  # fmt: skip


def test_without_data_there_is_no_week():
    assert blood_pressure_weeks(readings(), WINDOWS).num_rows == 0
    assert heart_rate_weeks(metrics()).num_rows == sleep_weeks(metrics()).num_rows == 0
    day = (NEW_YEAR, {"systolic_mean_mmhg": 120})
    assert heart_rate_weeks(metrics(day)).num_rows == sleep_weeks(metrics(day)).num_rows == 0
