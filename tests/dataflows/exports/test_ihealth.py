"""iHealth's table of readings; none of them is a person's."""
# ruff: noqa: DTZ001  wall times have no zone

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows import exports
from dataflows.exports import blood_pressure_sheet, ihealth
from tests.dataflows.exports.conftest import csv_of, export_file_of

HEADER = "Date,Time,SYS(mmHg),DIA(mmHg),Pulse(Beats/Min),Note"


def parse(*rows, header=HEADER):
    file = export_file_of(csv_of(header, *rows))
    assert exports.recognised_format(file.content) is ihealth
    return exports.parse(file, date_order=None)


def test_a_row_is_a_reading_in_local_time_with_its_pulse():
    found = parse('"Dec 28, 2025",09:02,124,79,67,', '"Jan 4, 2026",22:38,136,81,,after sport')
    rows = found["blood_pressure"].to_pylist()
    assert [row["start_local"] for row in rows] == [
        datetime(2025, 12, 28, 9, 2),
        datetime(2026, 1, 4, 22, 38),
    ]
    assert [row["pulse_bpm"] for row in rows] == [67, None]
    assert [row["note"] for row in rows] == [None, "after sport"]
    assert {row["source"] for row in rows} == {"ihealth"}


def test_bad_rows_are_rejected_one_by_one():
    good = '"Jan 3, 2026",22:38,136,79,79,'
    found = parse(
        good,
        '"Jan 42, 2026",09:02,124,79,67,',
        '"Jan 4, 2026",09:72,124,79,67,',
        '"Jan 4, 2026",09:02,12-4,79,67,',
        '"Jan 4, 2026",09:02,124,79,6',
        good,
    )
    told = [(row["raw_row"], row["check"]) for row in found["rejected"].to_pylist()]
    assert told == [
        (3, "not_a_time"),
        (4, "not_a_time"),
        (5, "not_a_number"),
        (6, "wrong_field_count"),
    ]
    assert found["blood_pressure"]["raw_row"].to_pylist() == [2, 7]


@pytest.mark.parametrize(
    "header",
    ["Date,Time,SYS(mmHg),DIA(mmHg),Pulse", "Date,Time,SYS (mmHg),DIA (mmHg),Pulse (1/min)"],
)
def test_logs_that_people_keep_stay_theirs(header):
    content = export_file_of(header + "\n").content
    assert exports.recognised_format(content) is blood_pressure_sheet


MOMENTS = st.datetimes(datetime(2010, 1, 1), datetime(2035, 1, 1))


@given(st.lists(st.tuples(MOMENTS, st.integers(60, 250), st.integers(30, 140)), min_size=1))
def test_what_is_written_is_what_is_read(told):
    rows = [f'"{when:%b} {when.day}, {when.year}",{when:%H:%M},{s},{d},61,' for when, s, d in told]
    table = parse(*rows)["blood_pressure"]
    names = ("start_local", "systolic_mmhg", "diastolic_mmhg")
    found = list(zip(*(table[name].to_pylist() for name in names), strict=True))
    assert found == [(when.replace(second=0, microsecond=0), s, d) for when, s, d in told]
