"""Samsung Health's binning data: heart rates of minutes in JSON."""

import json
from datetime import UTC, datetime

import pytest

from dataflows.exports import parse
from tests.dataflows.exports.conftest import export_file_of


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def bin_of(start=1_781_841_600_000, rate=61.0, **rest):
    return {"heart_rate": rate, "heart_rate_min": 55.0, "heart_rate_max": 70.0,
            "start_time": start, "end_time": 1_781_841_659_999} | rest  # fmt: skip


def test_binning_data_are_samples_of_minutes():
    bins = [bin_of(), bin_of(1_781_841_660_000, 0.0), bin_of(1_781_841_720_000, 63.5)]
    found = parse(export_file_of(json.dumps(bins)), date_order=None)
    assert found["report"]["format"] == "samsung_health"
    assert found["report"]["sentinels"] == {"heart_rate": 1}
    rows = found["heart_rate"].to_pylist()
    assert [(row["start_utc"], row["heart_rate_bpm"], row["raw_row"]) for row in rows] == [
        (at("2026-06-19 04:00"), 61, 1), (at("2026-06-19 04:02"), 63.5, 3),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("element", "check", "column"),
    [
        ([], "invalid_json", None),
        (bin_of(None), "missing_time", "start_time"),
        (bin_of("noon"), "not_a_time", "start_time"),
        (bin_of(10**18), "not_a_time", "start_time"),
        (bin_of(rate=None), "missing_value", "heart_rate"),
        (bin_of(rate="many"), "not_a_number", "heart_rate"),
    ],
)
def test_a_bin_that_cannot_be_read_is_rejected(element, check, column):
    found = parse(export_file_of(json.dumps([bin_of(), element])), date_order=None)
    (rejected,) = found["rejected"].to_pylist()
    assert (rejected["raw_row"], rejected["check"], rejected["column"]) == (2, check, column)
    assert found["heart_rate"].num_rows == 1
