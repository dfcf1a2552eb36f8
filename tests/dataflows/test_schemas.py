"""Contracts: which rows they reject, and which tables they refuse."""

import re
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from dataflows import records, schemas
from dataflows.contracts import ContractError, checked, rejected_by

ORIGIN = {
    "source": "omron",
    "start_utc": datetime(2024, 1, 1, 7, tzinfo=UTC),
    "utc_offset_minutes": 60,
    "time_zone": "Europe/Berlin",
    "time_zone_source": "configured",
    "local_date": date(2024, 1, 1),
    "raw_sha256": "a" * 64,
}


def table(schema, *rows):
    return records.table_from_rows(
        schema, [{**ORIGIN, "raw_row": number, **row} for number, row in enumerate(rows, 2)]
    )


def pressures(*pairs, **more):
    return table(
        records.BLOOD_PRESSURE_READINGS,
        *({"systolic_mmhg": high, "diastolic_mmhg": low, **more} for high, low in pairs),
    )


def checks(rejected):
    return [(row["column"], row["check"]) for row in rejected.to_pylist()]


def reject(readings):
    return rejected_by(readings, schemas.BLOOD_PRESSURE_READINGS, signal="blood_pressure")


@pytest.mark.parametrize("pair", [(300, 200), (50, 20), (120, 119)])
def test_a_value_on_its_limit_stays(pair):
    readings = pressures(pair)
    valid, rejected = reject(readings)
    assert valid is readings
    assert rejected.num_rows == 0


@pytest.mark.parametrize(
    ("pair", "column"),
    [
        ((300.1, 100), "systolic_mmhg"),
        ((49.9, 30), "systolic_mmhg"),
        ((250, 200.1), "diastolic_mmhg"),
        ((100, 19.9), "diastolic_mmhg"),
        ((80, 80), "diastolic_mmhg"),
    ],
)
def test_a_value_beyond_its_limit_is_rejected(pair, column):
    valid, rejected = reject(pressures(pair))
    assert valid.num_rows == 0
    assert checks(rejected) == [(column, "out_of_range")]


def test_a_diastolic_value_above_the_systolic_one_suggests_swapped_columns():
    valid, rejected = reject(pressures((80, 130)))
    assert valid.num_rows == 0
    assert checks(rejected) == [("systolic_mmhg", "swapped_columns")]


def test_a_row_that_fails_twice_is_rejected_once():
    _, rejected = reject(pressures((400, 300)))
    assert rejected.num_rows == 1


def test_a_missing_value_is_rejected_and_a_missing_pulse_is_not():
    valid, rejected = reject(pressures((120, None), (120, 80)))
    assert checks(rejected) == [("diastolic_mmhg", "missing_value")]
    assert valid["raw_row"].to_pylist() == [3]


def test_the_rejected_row_shows_its_value_and_the_reason_only_the_bound():
    _, rejected = reject(pressures((120, 80), pulse_bpm=251))
    (row,) = rejected.to_pylist()
    assert (row["value"], row["column"]) == ("251", "pulse_bpm")
    assert row["reason"] == "pulse per minute is outside 20 to 250"


def test_a_not_a_number_is_a_missing_value():
    rates = table(records.HEART_RATE_SAMPLES, {"heart_rate_bpm": 60.0, "kind": "sample"})
    position = rates.column_names.index("heart_rate_bpm")
    rates = rates.set_column(position, "heart_rate_bpm", pa.array(np.array([np.nan])))
    valid, rejected = rejected_by(rates, schemas.HEART_RATE_SAMPLES, signal="heart_rate")
    assert valid.num_rows == 0
    assert checks(rejected) == [("heart_rate_bpm", "missing_value")]


def test_a_time_before_2000_is_rejected():
    _, rejected = reject(
        pressures((120, 80), start_utc=datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC))
    )
    assert checks(rejected) == [("start_utc", "out_of_range")]


@pytest.mark.parametrize(
    ("minutes", "stages", "check"),
    [
        (480, {"deep_minutes": 480 * 1.05}, None),
        (480, {"deep_minutes": 300, "light_minutes": 205}, "inconsistent_stages"),
        (0, {}, "ends_before_start"),
        (1440, {}, None),
        (1441, {}, "out_of_range"),
    ],
)
def test_a_night_is_as_long_as_its_stages_and_at_most_a_day(minutes, stages, check):
    end = ORIGIN["start_utc"] + timedelta(minutes=minutes)
    nights = table(records.SLEEP_SESSIONS, {"end_utc": end, **stages})
    _, rejected = rejected_by(nights, schemas.SLEEP_SESSIONS, signal="sleep")
    assert [row["check"] for row in rejected.to_pylist()] == ([check] if check else [])


def test_a_table_that_keeps_its_contract_is_the_same_table():
    readings = pressures((120, 80))
    assert checked(readings, schemas.BLOOD_PRESSURE_READINGS) is readings


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        (pressures((80, 120)), "swapped_columns in 1 rows"),
        (pressures((120, 80), source="unheard_of"), "blood_pressure_readings.source"),
        (pressures((120, 80)).drop_columns("flags"), "flags"),
        (pressures((120, 80)).append_column("more", pa.array([1])), "more"),
        (pressures((120, 80)).select(list(reversed(pressures().column_names))), "order"),
        (
            pressures((120, 80)).set_column(8, "raw_row", pa.array([2], pa.int64())),
            "raw_row.*type",
        ),
    ],
)
def test_a_table_that_breaks_its_contract_is_refused_by_name(broken, what):
    with pytest.raises(ContractError, match=what):
        checked(broken, schemas.BLOOD_PRESSURE_READINGS)


def test_no_error_shows_a_value():
    with pytest.raises(ContractError) as caught:
        checked(pressures((301.25, 80)), schemas.BLOOD_PRESSURE_READINGS)
    assert "301" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_fault_of_the_table_does_not_reject_rows():
    with pytest.raises(ContractError):
        reject(pressures((120, 80), source="unheard_of"))


def test_no_reason_shows_more_numbers_than_its_bounds():
    _, rejected = reject(pressures((301.25, 80)))
    assert re.findall(r"\d+", rejected["reason"][0].as_py()) == ["50", "300"]
