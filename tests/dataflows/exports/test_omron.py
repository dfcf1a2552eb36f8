"""OMRON connect's mailed report and its saved file; no reading in them is a person's."""
# ruff: noqa: DTZ001  wall times have no zone

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows import exports
from dataflows.exports import blood_pressure_sheet, omron

REPORT = "Date,Time,Systolic (mmHg),Diastolic (mmHg),Pulse (bpm),Symptoms,Consumed,TruRead,Notes"
SAVED = (
    "\ufeffMeasurement Date,Timezone,SYS(mmHg),DIA(mmHg),Pulse(bpm),Irregular heartbeat,"
    "IHB detection count,Body Movement,Cuff wrap guide,Positioning Indicator,"
    "room temperature(°C),Measurement Mode,Device"
)
GERMAN = (
    "Datum;Zeit;Systolisch (mmHg);Diastolisch (mmHg);Puls (bpm);"
    "Unregelmäßiger Herzschlag festgestellt;Mögliches AFib;Gerät;Notizen"
)


def saved(date="2025/01/12 08:12", zone="Asia/Manila", values="121,79,63", remarks=",0,,,"):
    return f"{date},{zone},{values},{remarks},22,Single,HEM-7600T"


@pytest.fixture
def parsed(export_file, lines):
    def parse(*rows, order=None, end="\n"):
        file = export_file(lines(*rows, end=end))
        assert exports.recognised_format(file.content) is omron
        return exports.parse(file, date_order=order)

    return parse


@pytest.fixture
def readings(parsed):
    def rows_of(*rows, **options):
        found = parsed(*rows, **options)
        assert found["report"]["status"] == "parsed", found["report"]["reason"]
        assert found["rejected"].to_pylist() == []
        return found["blood_pressure"].to_pylist()

    return rows_of


def test_a_row_of_the_report_is_a_reading_in_local_time(readings):
    (row,) = readings(REPORT, "Jan 12 2025,08:12,121,79,63,-,-,-,-")
    del row["raw_sha256"]
    assert row == {
        "source": "omron",
        "raw_row": 2,
        "start_local": datetime(2025, 1, 12, 8, 12),
        "systolic_mmhg": 121,
        "diastolic_mmhg": 79,
        "pulse_bpm": 63,
    }


def test_notes_of_the_report_are_kept_without_the_dashes(readings):
    rows = readings(
        REPORT,
        "Jan 12 2025,08:12,121,79,63,Dizzy,-,-,before breakfast",
        "Jan 11 2025,08:12,121,79,63,-,Coffee,Yes,-",
    )
    assert [row["note"] for row in rows] == ["Dizzy; before breakfast", "Coffee"]
    assert [row["flags"] for row in rows] == [None, "truread"]


def test_a_row_of_the_saved_file_keeps_its_zone_and_device(readings):
    (row,) = readings(SAVED, saved())
    assert row["start_local"] == datetime(2025, 1, 12, 8, 12)
    assert (row["time_zone"], row["device"]) == ("Asia/Manila", "HEM-7600T")
    assert (row["systolic_mmhg"], row["diastolic_mmhg"], row["pulse_bpm"]) == (121, 79, 63)
    assert "flags" not in row


@pytest.mark.parametrize(
    ("remarks", "flags"),
    [
        ("Detected,2,,,", "irregular_heartbeat"),
        (",3,,,", "irregular_heartbeat"),
        (",,Detected,OK,", "body_movement"),
        (",,,NG,Error", "cuff_fit;cuff_position"),
        ("-,0,-,OK,Not detected", None),
    ],
)
def test_what_the_monitor_remarks_becomes_a_flag_and_the_reading_stays(remarks, flags, readings):
    (row,) = readings(SAVED, saved(remarks=remarks))
    assert row.get("flags") == flags


def test_a_remark_in_words_that_are_not_known_is_counted_and_flags_nothing(parsed):
    found = parsed(SAVED, saved(remarks=",,wackelig,,"))
    assert found["report"]["dropped"] == {"unknown_remarks": 1}
    assert "flags" not in found["blood_pressure"].column_names


def test_german_names_and_months_are_read(readings):
    rows = readings(
        GERMAN,
        "12 Mai 2025;08:12;121;79;63;Ja;;HEM;-",
        "11 März 2025;20:05;119;77;60;;Ja;HEM;im Sitzen",
        "3. Dez. 2024;20:05;119;77;60;;;HEM;",
    )
    assert [row["start_local"].month for row in rows] == [5, 3, 12]
    flags = ["irregular_heartbeat", "possible_atrial_fibrillation", None]
    assert [row["flags"] for row in rows] == flags


def test_columns_stand_in_any_order_and_may_be_quoted(readings):
    (row,) = readings(
        '"Pulse(bpm)","DIA(mmHg)","SYS(mmHg)","Timezone","Measurement Date",'
        '"Irregular heartbeat detected","IHB detection counts(times)"',
        '"63","79","121","Europe/Berlin","2025/01/12 08:12","Detected","2"',
    )
    assert (row["systolic_mmhg"], row["diastolic_mmhg"], row["pulse_bpm"]) == (121, 79, 63)
    assert row["flags"] == "irregular_heartbeat"


@pytest.mark.parametrize(
    ("row", "column", "check"),
    [
        ("Jan 42 2025,08:12,121,79,63,-,-,-,-", "date", "not_a_time"),
        ("Jan 12 2025,28:12,121,79,63,-,-,-,-", "time", "not_a_time"),
        ("-,08:12,121,79,63,-,-,-,-", "date", "missing_time"),
        ("Jan 12 2025,-,121,79,63,-,-,-,-", "time", "missing_time"),
        ("Jan 12 2025,08:12,-,79,63,-,-,-,-", "systolic", "missing_value"),
        ("Jan 12 2025,08:12,12-1,79,63,-,-,-,-", "systolic", "not_a_number"),
        ("Jan 12 2025,08:12,121,7", None, "wrong_field_count"),
    ],
)
def test_a_bad_row_is_rejected_with_its_reason_and_costs_no_other(row, column, check, parsed):
    good = "Jan 11 2025,08:12,121,79,63,-,-,-,-"
    found = parsed(REPORT, good, row, good)
    (rejected,) = found["rejected"].to_pylist()
    assert (rejected["raw_row"], rejected.get("column"), rejected["check"]) == (3, column, check)
    assert not any(value in rejected["reason"] for value in ("121", "79", "63"))
    assert found["blood_pressure"]["raw_row"].to_pylist() == [2, 4]


@pytest.mark.parametrize(
    ("header", "told"),
    [
        (REPORT.replace("Diastolic (mmHg)", "Bottom"), "the column diastolic is missing"),
        (REPORT.replace("Date", "Fecha"), "set the app to English"),
        (SAVED.replace("DIA(mmHg)", "DIA"), "the column diastolic is missing"),
        (SAVED.replace("Timezone,SYS(mmHg)", "Zone,SYS"), "the column systolic is missing"),
    ],
)
def test_a_header_that_is_not_understood_fails_with_one_clear_line(header, told, parsed):
    found = parsed(header, "Jan 12 2025,08:12,121,79,63,-,-,-,-")
    assert found["report"]["status"] == "failed"
    assert told in found["report"]["reason"]
    assert found["blood_pressure"].num_rows == 0


def test_numeric_dates_that_may_mean_either_are_refused_until_configured(parsed):
    row = "03/04/2025,08:12,121,79,63,-,-,-,-"
    assert "PDP_DATE_ORDER" in parsed(REPORT, row)["report"]["reason"]
    found = parsed(REPORT, row, order="MDY")
    assert found["blood_pressure"]["start_local"].to_pylist() == [datetime(2025, 3, 4, 8, 12)]


@pytest.mark.parametrize(
    "header",
    [
        "date,time,systolic,diastolic,pulse,note",
        "Date,Time,Systolic (mmHg),Diastolic (mmHg),Pulse (bpm),Notes",
        "date,time,sys,dia,pulse,irregular heartbeat,symptoms",
        "Datum;Uhrzeit;Systolisch;Diastolisch;Puls",
    ],
)
def test_logs_that_people_keep_stay_theirs(header, export_file):
    assert exports.recognised_format(export_file(header + "\n").content) is blood_pressure_sheet


MINUTES = st.datetimes(datetime(2010, 1, 1), datetime(2035, 1, 1)).map(
    lambda when: when.replace(second=0, microsecond=0)
)
READINGS = st.tuples(
    MINUTES, st.integers(60, 250), st.integers(30, 140), st.none() | st.integers(30, 200)
)


def report_row(when, systolic, diastolic, pulse):
    shown = "-" if pulse is None else pulse
    return f"{when:%b %d %Y},{when:%H:%M},{systolic},{diastolic},{shown},-,-,-,-"


def saved_row(when, systolic, diastolic, pulse):
    shown = "" if pulse is None else pulse
    return saved(f"{when:%Y/%m/%d %H:%M}", values=f"{systolic},{diastolic},{shown}")


@pytest.mark.parametrize(("header", "write"), [(REPORT, report_row), (SAVED, saved_row)])
@given(told=st.lists(READINGS, min_size=1, max_size=20))
def test_what_is_written_is_what_is_read(header, write, told):
    from tests.dataflows.exports.conftest import csv_of, export_file_of

    file = export_file_of(csv_of(header, *(write(*reading) for reading in told), end="\r\n"))
    table = exports.parse(file, date_order=None)["blood_pressure"]
    names = ["start_local", "systolic_mmhg", "diastolic_mmhg"]
    found = list(zip(*(table[name].to_pylist() for name in names), strict=True))
    assert found == [reading[:3] for reading in told]
    pulses = [reading[3] for reading in told]
    kept = table["pulse_bpm"].to_pylist() if "pulse_bpm" in table.column_names else None
    assert (kept or [None] * len(told)) == pulses


@given(st.integers(0, 400))
def test_a_file_cut_off_anywhere_tells_no_number_that_it_did_not_hold(end):
    from tests.dataflows.exports.conftest import csv_of, export_file_of

    start = datetime(2025, 1, 12, 8, 12)
    rows = [report_row(start - timedelta(days=day), 121 + day, 79, 63) for day in range(8)]
    content = csv_of(REPORT, *rows)[: len(REPORT) + 1 + end].encode()
    found = exports.parse(export_file_of(content), date_order=None)
    table = found["blood_pressure"]
    told = zip(table["systolic_mmhg"].to_pylist(), table["raw_row"].to_pylist(), strict=True)
    assert all(systolic == 119 + row for systolic, row in told)
