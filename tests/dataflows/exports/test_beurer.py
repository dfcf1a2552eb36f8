"""Beurer HealthManager's file of sections; no value in it is a person's."""
# ruff: noqa: DTZ001  wall times have no zone

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows import exports
from dataflows.exports import beurer, blood_pressure_sheet
from tests.dataflows.exports.conftest import csv_of, export_file_of

PREAMBLE = (
    "Benutzerangaben", "", "Vorname;A", "Nachname;B", "Geburtstag;01.01.1970", "Größe;170 cm", "",
    "Zeitraum", "", "von;01.01.2025", "bis;31.01.2025", "", "Ausgewählte Kategorien", "",
    "Gewicht;1", "Blutdruck;2", "",
)  # fmt: skip
WEIGHT = (
    "GEWICHT",
    "Datum;Uhrzeit;kg;BMI;Körperfett;Wasser;Muskeln;Knochen",
    '"12.01.2025";"07:10";"70,5";"22";"";"";"";""',
    "",
)
PRESSURE = ("BLUTDRUCK", "Datum;Uhrzeit;Sys;Dia;Puls;MAD;Manuell hinzugefügt")
LEGEND = ("", "MAD = Mittlerer arterieller Druck")


def parse(*rows, order=None, end="\r\n"):
    file = export_file_of("\ufeff" + csv_of(*rows, end=end))
    assert exports.recognised_format(file.content) is beurer
    return exports.parse(file, date_order=order)


def test_the_section_of_blood_pressure_is_read_wherever_it_stands():
    rows = ("12.01.2025;07:15;121;79;63;93;0", "11.01.2025;20:05;118;77;60;91;1")
    found = parse(*PREAMBLE, *WEIGHT, *PRESSURE, *rows, *LEGEND)
    assert found["report"]["status"] == "parsed"
    assert found["report"]["dropped"] == {"rows_of_other_sections": 1}
    assert found["rejected"].num_rows == 0
    table = found["blood_pressure"].to_pylist()
    assert [row["start_local"] for row in table] == [
        datetime(2025, 1, 12, 7, 15),
        datetime(2025, 1, 11, 20, 5),
    ]
    assert [(r["systolic_mmhg"], r["diastolic_mmhg"], r["pulse_bpm"]) for r in table] == [
        (121, 79, 63),
        (118, 77, 60),
    ]
    assert [row["raw_row"] for row in table] == [24, 25]


def test_sections_may_follow_each_other_in_any_order_and_several_times():
    row = "12.01.2025;07:15;121;79;63;93;0"
    late = row.replace("07:15", "20:15")
    found = parse("X", *PRESSURE, row, *LEGEND, "", *WEIGHT, *PRESSURE, late)
    assert found["blood_pressure"].num_rows == 2


def test_legends_and_means_below_the_rows_are_no_rows():
    row = "12.01.2025;07:15;121;79;63;93;0"
    found = parse("X", *PRESSURE, row, "Ø = 121 / 79", "Mittelwert;;121;79;63;93;0")
    assert (found["blood_pressure"].num_rows, found["rejected"].num_rows) == (1, 0)


def test_the_older_file_writes_title_and_header_together():
    header = "Blood pressureDate;Time;Sys;Dia;Pulse;Medication;Comment"
    found = parse(header, '"12.01.2025";"07:15";"121";"79";"63";"";"tired"', "", end="\n")
    (row,) = found["blood_pressure"].to_pylist()
    assert (row["systolic_mmhg"], row["note"]) == (121, "tired")


def test_a_file_of_weights_alone_is_known_and_holds_nothing():
    found = parse("WeightDate;Time;kg;BMI;Body fat;Water;Muscles;Bones;Medication;Comment",
                  '"12.01.2025";"08:35";"70.2";"21";"";"";"";"";"";""')  # fmt: skip
    assert found["report"]["status"] == "parsed"
    assert "no section of blood pressure" in found["report"]["reason"]


ENGLISH = ("User", "", "BLOOD PRESSURE", "Date;Time;Sys;Dia;Pulse;MAP;Added manually")


def test_dates_with_slashes_need_their_order():
    row = '03/04/2025;"7:15 PM,";121;79;63;93;0'
    assert "PDP_DATE_ORDER" in parse(*ENGLISH, row)["report"]["reason"]
    found = parse(*ENGLISH, row, order="MDY")
    assert found["blood_pressure"]["start_local"].to_pylist() == [datetime(2025, 3, 4, 19, 15)]


@pytest.mark.parametrize("order", [None, "MDY", "DMY"])
def test_dates_with_dots_are_certain_whatever_is_configured(order):
    found = parse(*PREAMBLE, *PRESSURE, "03.04.2025;07:15;121;79;63;93;0", order=order)
    assert found["blood_pressure"]["start_local"].to_pylist() == [datetime(2025, 4, 3, 7, 15)]


@pytest.mark.parametrize(
    ("row", "column", "check"),
    [
        ("32.01.2025;07:15;121;79;63;93;0", "date", "not_a_time"),
        (";07:15;121;79;63;93;0", "date", "missing_time"),
        ("12.01.2025;07:15;;79;63;93;0", "systolic", "missing_value"),
        ("12.01.2025;07:15;121;7O;63;93;0", "diastolic", "not_a_number"),
        ("12.01.2025;07:15;121;7", None, "wrong_field_count"),
    ],
)
def test_a_bad_row_is_rejected_with_its_reason_and_costs_no_other(row, column, check):
    good = "11.01.2025;07:15;121;79;63;93;0"
    found = parse(*PREAMBLE, *PRESSURE, good, row, good)
    (rejected,) = found["rejected"].to_pylist()
    assert (rejected.get("column"), rejected["check"]) == (column, check)
    assert found["blood_pressure"].num_rows == 2


@pytest.mark.parametrize(
    "rows",
    [
        ("Datum;Uhrzeit;Sys;Dia;Puls", "12.01.2025;07:15;121;79;63"),
        ("Datum;Uhrzeit;Sys;Dia;Puls;MAD", "12.01.2025;07:15;121;79;63;93"),
        ("date;time;sys;dia;pulse;map", "x", "date;time;sys;dia;pulse;map"),
    ],
)
def test_logs_that_people_keep_stay_theirs(rows):
    content = export_file_of(csv_of(*rows)).content
    assert exports.recognised_format(content) is blood_pressure_sheet


MOMENTS = st.datetimes(datetime(2010, 1, 1), datetime(2035, 1, 1))


@given(st.lists(st.tuples(MOMENTS, st.integers(60, 250), st.integers(30, 140)), min_size=1))
def test_what_is_written_is_what_is_read(told):
    rows = [f"{when:%d.%m.%Y};{when:%H:%M};{s};{d};61;90;0" for when, s, d in told]
    table = parse(*PREAMBLE, *PRESSURE, *rows, *LEGEND)["blood_pressure"]
    names = ("start_local", "systolic_mmhg", "diastolic_mmhg")
    found = list(zip(*(table[name].to_pylist() for name in names), strict=True))
    assert found == [(when.replace(second=0, microsecond=0), s, d) for when, s, d in told]
