"""Fitbit's newer tables of heart rates."""

from datetime import UTC, date, datetime

import pytest

from dataflows.exports import parse
from tests.dataflows.exports.conftest import export_file_of

TABLE = "timestamp,beats per minute,data source"


def test_a_newer_table_has_samples_in_utc():
    lines = ["2026-09-19T04:00:04Z,65.0,Fitbit Air", "2026-09-19T04:00:09Z,0.0,Fitbit Air",
             "2026-09-19T04:00:14Z,61,", '2026-09-19T04:00:19Z,62,"Watch, large"']  # fmt: skip
    found = parse(export_file_of("\r\n".join([TABLE, *lines]) + "\r\n"), date_order=None)
    assert found["report"]["sentinels"] == {"heart_rate": 1}
    rows = found["heart_rate"].to_pylist()
    assert [(row["raw_row"], row["kind"]) for row in rows] == [(n, "sample") for n in (2, 4, 5)]
    assert rows[0]["start_utc"] == datetime(2026, 9, 19, 4, 0, 4, tzinfo=UTC)


@pytest.mark.parametrize("days", [1, 2, 9])
def test_a_table_of_daily_values_is_of_resting_heart_rates(days):
    lines = [f"2026-09-{day:02}T00:00:00Z,60.25" for day in range(1, days + 1)]
    found = parse(
        export_file_of("\n".join(["timestamp,beats per minute", *lines])), date_order=None
    )
    rows = found["heart_rate"].to_pylist()
    assert [row["local_date"] for row in rows] == [date(2026, 9, n + 1) for n in range(days)]
    assert {row["kind"] for row in rows} == {"resting"}


@pytest.mark.parametrize(
    ("line", "check"),
    [
        (",61,Air", "missing_time"),
        ("noon,61,Air", "not_a_time"),
        ("2026-09-19T04:00:04,61,Air", "not_a_time"),
        ("2026-09-19T04:00:04Z,,Air", "missing_value"),
        ("2026-09-19T04:00:04Z,fast,Air", "not_a_number"),
        ("2026-09-19T04:00:04Z", "wrong_field_count"),
    ],
)
def test_a_line_that_cannot_be_read_is_rejected(line, check):
    good = "2026-09-19T04:00:04Z,61,Air"
    found = parse(export_file_of(f"{TABLE}\n{good}\n{line}\n{good}"), date_order=None)
    (rejected,) = found["rejected"].to_pylist()
    assert (rejected["raw_row"], rejected["check"]) == (3, check)
    assert found["heart_rate"]["raw_row"].to_pylist() == [2, 4]
