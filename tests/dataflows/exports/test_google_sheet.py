"""A fetched tab as an export: serial numbers, zones, and dates that a locale misread."""

import json
from datetime import UTC, date, datetime, time, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows.exports import ExportFile, parse
from tests.emulators.sheets import serial

FIRST, LAST = datetime.fromisoformat("1970-01-02"), datetime.fromisoformat("2099-12-31")
HEADER = ["date", "time", "systolic", "diastolic", "pulse", "note"]


def tab(*rows, locale="en_GB", time_zone="Europe/Berlin", first=1):
    head = {"google_sheet": 1, "locale": locale, "time_zone": time_zone}
    lines = [head, *([number, row] for number, row in enumerate(rows, first))]
    content = "".join(json.dumps(line) + "\n" for line in lines).encode()
    return ExportFile("0" * 64, pa.py_buffer(content))


def parsed(*rows, date_order=None, **facts):
    return parse(tab(HEADER, *rows, **facts), date_order=date_order)


def reading(day, clock, *values):
    return [{"date": serial(day)}, {"time": serial(clock)}, *values]


def local(export):
    return [moment.isoformat(" ") for moment in export["blood_pressure"]["start_local"].to_pylist()]


@settings(deadline=None)
@given(st.datetimes(FIRST, LAST))
def test_every_second_survives_its_serial_number(moment):
    moment = moment.replace(microsecond=0)
    day, clock = moment.date(), moment.time()
    apart = parsed(reading(day, clock, 120, 80))
    together = parse(
        tab(["timestamp", "sys", "dia"], [{"moment": serial(moment)}, 120, 80]), date_order=None
    )
    assert local(apart) == local(together) == [moment.isoformat(" ")]


def test_a_fraction_of_a_second_is_rounded_and_midnight_stays_in_its_day():
    almost = {"time": 1 - 1e-9}
    export = parsed(
        [{"date": 45838}, almost, 120, 80], [{"date": 45838}, {"time": 0.31249999}, 1, 2]
    )
    assert local(export)[0] == "2025-06-30 23:59:59"
    assert local(export)[1] == "2025-06-30 07:30:00"


def test_a_moment_that_rounds_up_to_midnight_is_the_next_day():
    export = parse(
        tab(["date", "sys", "dia"], [{"moment": 45838.999999}, 120, 80]), date_order=None
    )
    assert local(export) == ["2025-07-01 00:00:00"]


def test_readings_are_in_the_zone_of_the_spreadsheet_unless_they_tell_an_offset():
    export = parsed(
        reading(date(2025, 6, 30), time(7, 30), 120, 80),
        ["2025-06-30", "08:00+05:30", 121, 81],
    )
    assert export["blood_pressure"]["time_zone"].to_pylist() == ["Europe/Berlin", None]
    assert export["blood_pressure"]["utc_offset_minutes"].to_pylist() == [None, 330]


def test_rows_are_numbered_as_the_spreadsheet_shows_them():
    export = parse(
        tab(HEADER, [], reading(date(2025, 6, 30), time(7, 30), 120, 80), first=4), date_order=None
    )
    assert export["blood_pressure"]["raw_row"].to_pylist() == [6]


def test_a_note_of_several_lines_moves_no_row():
    export = parsed(
        reading(date(2025, 6, 29), time(7, 30), 120, 80, 60, "one\ntwo\r\nthree"),
        reading(date(2025, 6, 30), time(7, 30), 121, 81),
    )
    assert export["blood_pressure"]["raw_row"].to_pylist() == [2, 3]
    assert export["blood_pressure"]["note"].to_pylist() == ["one two three", None]


def test_a_number_that_is_no_date_is_not_taken_for_one():
    export = parsed([45838, {"time": 0.3}, 120, 80])
    assert export["rejected"]["check"].to_pylist() == ["not_a_time"]


def test_a_tab_that_is_no_log_is_unrecognised():
    for rows in ([["a", "b"]], []):
        assert parse(tab(*rows), date_order=None)["report"]["status"] == "unrecognised"


def test_a_tab_may_hold_annotations():
    export = parse(
        tab(["kind", "label", "start"], ["travel", "Lisbon", {"date": 45838}]), date_order=None
    )
    assert export["report"]["records"] == {"annotations": 1}


MISREAD = [[f"{day}/4/2025", {"time": 0.3}, 120, 80] for day in (13, 14, 15)]


@pytest.mark.parametrize("order", [None, "DMY"])
def test_dates_that_the_locale_misread_are_refused(order):
    """Typed day-first into an American spreadsheet: 3/4 became March, 13/4 stayed a text."""
    export = parsed(
        reading(date(2025, 3, 4), time(7, 30), 120, 80), *MISREAD, locale="en_US", date_order=order
    )
    assert export["report"]["status"] == "failed"
    assert "Locale" in export["report"]["reason"]
    assert export["blood_pressure"].num_rows == 0


def test_texts_alone_are_read_in_their_own_order():
    assert len(local(parsed(*MISREAD, locale="en_US"))) == 3


def test_texts_that_may_mean_either_are_read_as_the_locale_writes_dates():
    row = ["3/4/2025", "07:30", 120, 80]
    assert local(parsed(row, locale="en_US")) == ["2025-03-04 07:30:00"]
    assert local(parsed(row, locale="de_DE")) == ["2025-04-03 07:30:00"]
    assert local(parsed(row, locale="de_DE", date_order="MDY")) == ["2025-03-04 07:30:00"]


def test_the_origin_is_the_end_of_1899():
    assert serial(date(1899, 12, 30)) == 0
    assert serial(date(1970, 1, 1)) == 25_569
    assert datetime(1899, 12, 30, tzinfo=UTC) + timedelta(days=25_569) == datetime(
        1970, 1, 1, tzinfo=UTC
    )


@pytest.mark.parametrize("kept", [19, 40, 90, 130])
def test_a_fetched_tab_that_is_cut_short_fails_with_a_reason(kept):
    whole = tab(HEADER, ["2025-05-01", "07:30", 121, 79, 64, None]).content.to_pybytes()
    found = parse(ExportFile("0" * 64, pa.py_buffer(whole[:kept])), date_order=None)
    assert found["report"]["status"] == "failed"
    assert "cut short" in found["report"]["reason"]


def test_a_tab_whose_zone_is_no_text_fails_with_a_reason():
    report = parsed(time_zone="\ud800")["report"]
    assert (report["status"], "damaged" in report["reason"]) == ("failed", True)
