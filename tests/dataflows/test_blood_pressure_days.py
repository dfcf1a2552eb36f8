"""Blood pressure by day, morning and evening."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows.blood_pressure import blood_pressure_daily
from dataflows.blood_pressure_schemas import DAY_COLUMNS
from tests.dataflows.reading_examples import DAY, days, reading, table

PRESSURES = ("systolic_mean_mmhg", "diastolic_mean_mmhg")


def only(*rows, **options):
    (found,) = days(*rows, **options).to_pylist()
    return found


def test_a_day_of_four_readings_by_hand():
    found = only(
        reading(at="07:00", systolic=140, diastolic=90, pulse_bpm=60),
        reading(at="07:02", systolic=137, diastolic=89, pulse_bpm=63),
        reading(at="20:00", systolic=128, diastolic=80),
        reading(at="14:00", systolic=121, diastolic=77),
    )
    assert found == {
        "local_date": DAY,
        "measurement": "cuff",
        "reading_count": 4,
        "systolic_mean_mmhg": 131.5,
        "diastolic_mean_mmhg": 84.0,
        "pulse_mean_bpm": 61.5,
        "systolic_morning_mean_mmhg": 138.5,
        "diastolic_morning_mean_mmhg": 89.5,
        "morning_reading_count": 2,
        "systolic_evening_mean_mmhg": 128.0,
        "diastolic_evening_mean_mmhg": 80.0,
        "evening_reading_count": 1,
        "systolic_morning_evening_difference_mmhg": 10.5,
        "diastolic_morning_evening_difference_mmhg": 9.5,
        "mean_arterial_pressure_mmhg": pytest.approx(84 + 47.5 / 3, abs=1e-12),
        "pulse_pressure_mmhg": 47.5,
        "flags": None,
    }


@pytest.mark.parametrize(
    ("systolic", "diastolic", "arterial", "pulse"),
    [(120, 80, 93.33, 40), (135, 85, 101.67, 50)],
)
def test_arterial_and_pulse_pressure_are_those_of_the_sources(systolic, diastolic, arterial, pulse):
    found = only(reading(systolic=systolic, diastolic=diastolic))
    assert round(found["mean_arterial_pressure_mmhg"], 2) == arterial
    assert found["pulse_pressure_mmhg"] == pulse


@pytest.mark.parametrize(
    ("at", "part"),
    [
        ("03:59", None),
        ("04:00", "morning"),
        ("11:59", "morning"),
        ("12:00", None),
        ("16:59", None),
        ("17:00", "evening"),
        ("23:59", "evening"),
        ("00:00", None),
    ],
)
def test_both_minutes_of_a_window_are_inside(at, part):
    found = only(reading(at=at))
    counts = {name: found[f"{name}_reading_count"] for name in ("morning", "evening")}
    assert counts == {name: int(name == part) for name in counts}
    assert found["systolic_morning_evening_difference_mmhg"] is None


def test_windows_are_those_that_are_configured():
    late = {"morning": "10:00-13:00", "evening": "22:00-23:59"}
    found = only(reading(at="07:30"), reading(at="12:30", systolic=130), windows=late)
    assert (found["morning_reading_count"], found["systolic_morning_mean_mmhg"]) == (1, 130)


def test_the_part_of_the_day_is_that_of_the_local_clock():
    late = reading(at="23:30", utc_offset_minutes=-300)
    assert only(late)["morning_reading_count"] == 0
    assert only(late)["evening_reading_count"] == 1


def test_readings_without_a_cuff_are_a_row_of_their_own():
    cuff, band, said = days(
        reading(systolic=120),
        reading(systolic=150, source="mi_fitness"),
        reading(1, systolic=130, flags="cuffless;unusual_pulse"),
    ).to_pylist()
    assert (cuff["measurement"], cuff["systolic_mean_mmhg"]) == ("cuff", 120)
    assert (band["measurement"], band["systolic_mean_mmhg"]) == ("cuffless", 150)
    assert (said["measurement"], said["flags"]) == ("cuffless", "single_reading;unusual_pulse")
    assert cuff["local_date"] == band["local_date"] < said["local_date"]


@pytest.mark.parametrize(("pulse", "flags"), [(59.9, None), (60, "wide_pulse_pressure")])
def test_a_mean_pulse_pressure_of_sixty_is_wide(pulse, flags):
    rows = [reading(systolic=80 + pulse - 1), reading(systolic=80 + pulse + 1)]
    assert only(*rows)["flags"] == flags


def test_flags_of_readings_are_those_of_their_day_each_once():
    found = days(
        reading(flags="unusual_pulse"),
        reading(flags="converted_from_kpa;unusual_pulse"),
        reading(1),
    ).to_pylist()
    assert [row["flags"] for row in found] == ["converted_from_kpa;unusual_pulse", "single_reading"]


def test_no_reading_is_no_row_of_the_same_columns():
    assert days().schema == DAY_COLUMNS
    assert days().num_rows == 0


READINGS = st.lists(
    st.builds(
        reading,
        st.integers(0, 4),
        st.sampled_from(["03:00", "07:30", "12:30", "19:00"]),
        st.integers(900, 1500).map(lambda tenths: tenths / 10),
        st.integers(40, 89),
        pulse_bpm=st.sampled_from([None, 61.0, 72.5]),
        source=st.sampled_from(["omron", "blood_pressure_sheet"]),
    ),
    max_size=14,
)


@settings(max_examples=25, deadline=None)
@given(rows=READINGS, data=st.data())
def test_the_order_of_rows_does_not_matter(rows, data):
    shuffled = data.draw(st.permutations(rows))
    assert days(*rows).to_pylist() == days(*shuffled).to_pylist()


@settings(max_examples=25, deadline=None)
@given(rows=READINGS, more=st.integers(0, 4))
def test_another_reading_changes_no_other_day(rows, more):
    added = reading(more, systolic=133)
    before, after = days(*rows).to_pylist(), days(*rows, added).to_pylist()
    others = [[row for row in found if row["local_date"] != added["local_date"]]
              for found in (before, after)]  # fmt: skip
    assert others[0] == others[1]


@settings(max_examples=25, deadline=None)
@given(rows=READINGS)
def test_without_a_band_the_days_are_those_of_the_daily_table(rows):
    readings = table(*rows)
    daily = blood_pressure_daily(readings, readings.slice(0, 0)).to_pylist()
    found = days(*rows).to_pylist()
    names = (*PRESSURES, "pulse_mean_bpm", "mean_arterial_pressure_mmhg", "pulse_pressure_mmhg")
    assert [[row[name] for name in names] for row in found] == [
        [row[name] for name in names] for row in daily
    ]


@settings(max_examples=25, deadline=None)
@given(rows=READINGS)
def test_the_mean_lies_between_what_was_read(rows):
    for row in days(*rows).to_pylist():
        of_day = [r["systolic_mmhg"] for r in rows if r["local_date"] == row["local_date"]]
        assert min(of_day) <= row["systolic_mean_mmhg"] <= max(of_day)
        assert row["diastolic_mean_mmhg"] < row["mean_arterial_pressure_mmhg"]
        assert row["mean_arterial_pressure_mmhg"] < row["systolic_mean_mmhg"]
