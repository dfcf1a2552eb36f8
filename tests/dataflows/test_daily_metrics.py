"""The merge of all signals into one row a day."""

from datetime import date, timedelta

import pyarrow as pa
import pytest

from dataflows.contracts import ContractError
from dataflows.daily_metrics import DAILY_METRICS, daily_metrics

DAY = date(2026, 3, 3)
SIGNALS = {
    "blood_pressure": DAILY_METRICS.names[1:7],
    "heart_rate": DAILY_METRICS.names[7:14],
    "sleep": DAILY_METRICS.names[14:],
}


def schema_of(signal):
    return pa.schema([DAILY_METRICS.field(name) for name in ("local_date", *SIGNALS[signal])])


def days(signal, *rows):
    return pa.Table.from_pylist(
        [{"local_date": DAY + timedelta(days=number), **values} for number, values in rows],
        schema_of(signal),
    )


def merged(blood_pressure=(), heart_rate=(), sleep=()):
    return daily_metrics(
        days("blood_pressure", *blood_pressure),
        days("heart_rate", *heart_rate),
        days("sleep", *sleep),
    )


def test_the_columns_are_those_of_the_contract_in_its_order():
    assert merged().schema.names == [
        "local_date",
        "systolic_mean_mmhg",
        "diastolic_mean_mmhg",
        "pulse_mean_bpm",
        "blood_pressure_reading_count",
        "mean_arterial_pressure_mmhg",
        "pulse_pressure_mmhg",
        "heart_rate_mean_bpm",
        "heart_rate_min_bpm",
        "heart_rate_max_bpm",
        "heart_rate_sample_count",
        "heart_rate_basis",
        "resting_heart_rate_bpm",
        "resting_heart_rate_method",
        "sleep_asleep_minutes",
        "sleep_deep_minutes",
        "sleep_light_minutes",
        "sleep_rem_minutes",
        "sleep_awake_minutes",
        "sleep_in_bed_minutes",
        "sleep_efficiency_ratio",
        "nap_asleep_minutes",
    ]


def test_types_are_dates_whole_counts_and_floats_also_without_a_row():
    table = merged()
    assert table.num_rows == 0
    types = {field.name: field.type for field in table.schema}
    assert types.pop("local_date") == pa.date32()
    counts = [name for name in types if name.endswith("_count")]
    assert [types.pop(name) for name in counts] == [pa.int64(), pa.int64()]
    assert [types.pop(name) for name in ("heart_rate_basis", "resting_heart_rate_method")] == [
        pa.string(),
        pa.string(),
    ]
    assert set(types.values()) == {pa.float64()}


def test_every_date_of_any_signal_has_one_row_ascending():
    table = merged(
        blood_pressure=[(5, {"systolic_mean_mmhg": 120.0}), (0, {"systolic_mean_mmhg": 130.0})],
        heart_rate=[(2, {"heart_rate_mean_bpm": 60.0}), (5, {"heart_rate_mean_bpm": 61.0})],
        sleep=[(-1, {"sleep_asleep_minutes": 400.0}), (2, {"sleep_asleep_minutes": 410.0})],
    )
    dates = [(day - DAY).days for day in table["local_date"].to_pylist()]
    assert dates == [-1, 0, 2, 5]
    assert table["systolic_mean_mmhg"].to_pylist() == [None, 130, None, 120]
    assert table["heart_rate_mean_bpm"].to_pylist() == [None, None, 60, 61]
    assert table["sleep_asleep_minutes"].to_pylist() == [400, None, 410, None]


def test_a_signal_that_is_missing_is_null_and_not_zero():
    row = merged(sleep=[(0, {"nap_asleep_minutes": 30.0})]).to_pylist()[0]
    assert {name for name, value in row.items() if value is not None} == {
        "local_date",
        "nap_asleep_minutes",
    }


def test_counts_of_a_narrower_type_and_encoded_texts_are_taken():
    heart_rate = days(
        "heart_rate", (0, {"heart_rate_sample_count": 7, "heart_rate_basis": "samples"})
    )
    narrow = heart_rate.set_column(
        4, "heart_rate_sample_count", heart_rate["heart_rate_sample_count"].cast(pa.int32())
    ).set_column(5, "heart_rate_basis", heart_rate["heart_rate_basis"].dictionary_encode())
    table = daily_metrics(days("blood_pressure"), narrow, days("sleep"))
    assert table.schema == DAILY_METRICS
    assert table["heart_rate_basis"].to_pylist() == ["samples"]
    assert table["heart_rate_sample_count"].to_pylist() == [7]


def test_a_date_told_twice_breaks_the_contract():
    twice = [(0, {"sleep_asleep_minutes": 400.0}), (0, {"sleep_asleep_minutes": 30.0})]
    with pytest.raises(ContractError, match="ascending_and_unique"):
        merged(sleep=twice)


def test_a_value_outside_its_bounds_breaks_the_contract_and_is_not_told():
    with pytest.raises(ContractError) as error:
        merged(sleep=[(0, {"sleep_efficiency_ratio": 1.25})])
    assert error.value.column == "sleep_efficiency_ratio"
    assert "1.25" not in str(error.value)


def test_the_same_days_give_the_same_table_whatever_the_order_of_rows():
    rows = [(number, {"sleep_asleep_minutes": 300.0 + number}) for number in range(50)]
    assert merged(sleep=rows) == merged(sleep=rows[::-1])
