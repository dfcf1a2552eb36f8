"""What people's own tables look like: names, titles, several readings in a row."""
# ruff: noqa: DTZ001, RUF001  wall times have no zone; letters of other languages are on purpose

import csv
import io
from datetime import datetime

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows.exports import blood_pressure_sheet as sheet
from dataflows.exports.export_file import ExportFile
from tests.dataflows.exports.log_examples import HEADER, failure, parse, pressures, readings


@pytest.mark.parametrize(
    "header",
    [
        "Datum;Uhrzeit;Systolischer Wert (mmHg);Diastolischer Wert (mmHg);Puls (1/min);Bemerkung",
        "Datum;Zeit;Oberer Wert;Unterer Wert;Herzfrequenz;Notiz",
        "Date;Heure;Tension systolique;Tension diastolique;Pouls (bpm);Remarques",
        "Date;Heure;PAS (mmHg);PAD (mmHg);Fréquence cardiaque;Commentaire",
        "Fecha;Hora;Presión sistólica (mmHg);Presión diastólica (mmHg);Pulso (lpm);Observaciones",
        "Día;Hora;Sistólica;Diastólica;Frecuencia cardíaca;Notas",
        "Data;Ora;Pressione massima (mmHg);Pressione minima (mmHg);Pulsazioni;Note",
        "Data;Hora;Pressão sistólica;Pressão diastólica;Pulso;Notas",
        "Datum;Tijd;Bovendruk;Onderdruk;Hartslag;Opmerkingen",
        "Data;Godzina;Ciśnienie skurczowe;Ciśnienie rozkurczowe;Tętno;Uwagi",
        "Datum;Klockslag;Systoliskt blodtryck;Diastoliskt blodtryck;Puls;Anteckning",
        "Tarih;Saat;Büyük tansiyon;Küçük tansiyon;Nabız;Notlar",
        "Дата;Время;Систолическое, мм рт. ст.;Диастолическое, мм рт. ст.;Пульс, уд/мин;Примечание",
        "Дата;Время;Верхнее давление;Нижнее давление;ЧСС;Комментарий",
        "日期;时间;收缩压(mmHg);舒张压(mmHg);脉搏(次/分);备注",
        "日期;時間;高壓;低壓;心率;備註",
        "日付;時刻;最高血圧;最低血圧;脈拍;メモ",
        "Reading date;Reading time;Systolic pressure;Diastolic pressure;Pulse rate (bpm);Comments",
    ],
)
def test_columns_go_by_their_names_in_many_languages(header):
    (row,) = readings(header, "2024-03-05;07:30;128;82;66;x")
    assert (row["systolic_mmhg"], row["diastolic_mmhg"], row["pulse_bpm"]) == (128, 82, 66)
    assert (row["start_local"], row["note"]) == (datetime(2024, 3, 5, 7, 30), "x")


@pytest.mark.parametrize(
    "above",
    [
        ["My blood pressure"],
        ["sep=,"],
        ["Name: A. Person,,,,", "Born: 1950-01-01", "", "Cuff: left arm, upper"],
        ["Average,128,82,66", "Blood pressure"],
    ],
)
def test_a_title_may_stand_above_the_header(above):
    (row,) = readings(*above, HEADER, "2024-03-05,07:30,128,82,66,")
    assert (row["raw_row"], row["systolic_mmhg"]) == (len(above) + 2, 128)


def test_a_header_whose_names_have_two_lines_is_one_row():
    (row,) = readings('"Date","Time","Systolic', '(mmHg)","Diastolic"', "2024-03-05,07:30,128,82")
    assert (row["raw_row"], row["systolic_mmhg"]) == (2, 128)


def test_a_header_that_comes_again_is_no_reading():
    parsed = parse(HEADER, "2024-03-05,07:30,128,82,66,", HEADER, "2024-04-05,07:30,128,82,66,")
    assert parsed["report"]["dropped"] == {"headers": 1}
    assert parsed["blood_pressure"]["raw_row"].to_pylist() == [2, 4]


def told(*lines):
    """Wall time, pressures, pulse and flags of each reading."""
    return [
        (
            f"{row['start_local']:%d %H:%M}",
            row["systolic_mmhg"],
            row["diastolic_mmhg"],
            row.get("pulse_bpm"),
            row.get("flags"),
        )
        for row in readings(*lines)
    ]


MORNING = ("05 08:00", 128, 82, 66, "assumed_time")
EVENING = ("05 20:00", 118, 78, 60, "assumed_time")


@pytest.mark.parametrize(
    "lines",
    [
        ["Date,AM Sys,AM Dia,AM Pulse,PM Sys,PM Dia,PM Pulse", "2024-03-05,128,82,66,118,78,60"],
        ["Date,AM Sys,PM Sys,AM Dia,PM Dia,AM Pulse,PM Pulse", "2024-03-05,128,118,82,78,66,60"],
        ["Date,Morning BP,Morning pulse,Evening BP,Evening pulse",
         "2024-03-05,128/82,66,118/78,60"],
        ["Date,Morning,,,Evening,,", ",Sys,Dia,Pulse,Sys,Dia,Pulse",
         "2024-03-05,128,82,66,118,78,60"],
        ["My log", "Datum,morgens,,,abends,,", "Datum,SYS,DIA,Puls,SYS,DIA,Puls",
         "2024-03-05,128,82,66,118,78,60"],
        ["日期,早上收缩压,早上舒张压,早上脉搏,晚上收缩压,晚上舒张压,晚上脉搏",
         "2024-03-05,128,82,66,118,78,60"],
        ["Date,Time of day,Sys,Dia,Pulse", "2024-03-05,Morning,128,82,66",
         "2024-03-05,evening,118,78,60"],
        ["Date,Period,Sys,Dia,Pulse", "2024-03-05,A.M.,128,82,66", "2024-03-05,PM,118,78,60"],
    ],
)  # fmt: skip
def test_a_reading_of_a_part_of_the_day_has_an_assumed_time_that_is_flagged(lines):
    assert told(*lines) == [MORNING, EVENING]


def test_a_time_that_is_told_for_a_part_of_the_day_is_its_time():
    header = "Date,Time AM,Sys,Dia,Pulse,Time PM,Sys,Dia,Pulse,Note"
    rows = [
        "2024-03-05,7:30,128,82,66,7:45 pm,118,78,60,x",
        "2024-03-06,,,,,19:00,1,2,,",
        "2024-03-07,,,,,7:45,3,4,,",
    ]
    assert told(header, *rows) == [
        ("05 07:30", 128, 82, 66, None),
        ("05 19:45", 118, 78, 60, None),
        ("06 19:00", 1, 2, None, None),
        ("07 19:45", 3, 4, None, None),
    ]


@pytest.mark.parametrize(
    "header",
    [
        "Date,Time,Sys 1,Dia 1,Pulse 1,Sys 2,Dia 2,Pulse 2",
        "Date,Time,SYS1,DIA1,Pulse1,SYS2,DIA2,Pulse2",
        "Date,Time,Sys,Dia,Pulse,Sys,Dia,Pulse",
        "Date,Time,1st reading Sys,1st Dia,1st Pulse (1/min),2nd Sys,2nd Dia,2nd Pulse (1/min)",
        "Date,Time,Sys left arm,Dia left arm,Pulse left,Sys right arm,Dia right arm,Pulse right",
    ],
)
def test_readings_after_each_other_are_a_minute_apart_and_their_time_is_assumed(header):
    assert told(header, "2024-03-05,07:30,128,82,66,118,78,60") == [
        ("05 07:30", 128, 82, 66, None),
        ("05 07:31", 118, 78, 60, "assumed_time"),
    ]


def test_several_readings_of_one_morning_are_a_minute_apart():
    assert told("Date,AM/PM,Sys,Dia", "2024-03-05,am,128,82", "2024-03-05,am,118,78") == [
        ("05 08:00", 128, 82, None, "assumed_time"),
        ("05 08:01", 118, 78, None, "assumed_time"),
    ]


DAYS = [
    "2024-03-05,07:30,128,82", ",12:30,127,81", ",19:30,126,80",
    "2024-03-06,07:30,125,79", ",19:30,124,78",
]  # fmt: skip


def test_a_day_that_is_written_once_holds_for_the_rows_below_it():
    assert told("Date,Time,Sys,Dia", *DAYS) == [
        ("05 07:30", 128, 82, None, None),
        ("05 12:30", 127, 81, None, "assumed_date"),
        ("05 19:30", 126, 80, None, "assumed_date"),
        ("06 07:30", 125, 79, None, None),
        ("06 19:30", 124, 78, None, "assumed_date"),
    ]
    words = ["2024-03-05,AM,128,82", ",PM,127,81"] * 3
    flags = [reading[4] for reading in told("Date,Time,Sys,Dia", *words)]
    assert flags == ["assumed_time", "assumed_date;assumed_time"] * 3


@pytest.mark.parametrize(
    "lines",
    [DAYS[:3], [*DAYS[:3], "", DAYS[4]], [*DAYS[:3], ",08:00,120,80"], [*DAYS[:3], ",,120,80"]],
    ids=["twice is no habit", "below a gap", "an earlier time", "no time"],
)
def test_a_day_that_may_have_been_forgotten_is_not_made_up(lines):
    parsed = parse("Date,Time,Sys,Dia", *lines)
    assert parsed["blood_pressure"].num_rows == 1
    checks = set(parsed["rejected"]["check"].to_pylist())
    assert checks == {"missing_time"}


@pytest.mark.parametrize(
    ("clock", "half", "read"),
    [
        ("7:30", "AM", "07:30"),
        ("7:30", "pm", "19:30"),
        ("7:30", "P.M.", "19:30"),
        ("7:30", "evening", "19:30"),
        ("7:30", "abends", "19:30"),
        ("1:15", "PM", "13:15"),
        ("1:15", "night", "01:15"),
        ("1:15", "afternoon", "13:15"),
        ("12:10", "AM", "00:10"),
        ("12:10", "PM", "12:10"),
        ("19:30", "PM", "19:30"),
        ("7:30 am", "PM", "07:30"),
        ("7:30", "", "07:30"),
        ("7:30", "fasting", "07:30"),
    ],
)
def test_the_half_of_the_day_may_stand_in_a_column_of_its_own(clock, half, read):
    found = [(f"05 {read}", 128, 82, None, None)]
    assert told("Date,Time,AM/PM,Sys,Dia", f"2024-03-05,{clock},{half},128,82") == found
    assert told("Date,Time,Time of day,Sys,Dia", f"2024-03-05,{clock},{half},128,82") == found
    assert told("Date,Period,Time,Sys,Dia", f"2024-03-05,{half},{clock},128,82") == found


def test_two_tables_side_by_side_are_read_both():
    header = "Date,Time,Sys,Dia,,Date,Time,Sys,Dia"
    assert told(header, "2024-03-05,07:30,128,82,,2024-03-09,08:30,118,78") == [
        ("05 07:30", 128, 82, None, None),
        ("09 08:30", 118, 78, None, None),
    ]


@pytest.mark.parametrize(
    "header",
    ["Date,Time,Sys 1,Sys 2,Dia", "Date,Time,Sys,Dia,Pulse,Pulse 2", "Date,Time,Sys,Sys,Dia,Dia"],
)
def test_pressures_that_make_no_pair_are_left_out(header):
    (row,) = readings(header, "2024-03-05,07:30,128,82,78,66")
    assert row["systolic_mmhg"] == 128


def test_a_category_beside_the_pressures_is_no_pressure():
    assert pressures("date,time,sys,dia,BP", "2024-03-05,07:30,128,82,elevated") == [(128, 82)]


def test_a_time_column_may_tell_the_date_too():
    (row,) = readings("time,sys,dia", "2024-03-05 07:30,128,82")
    assert row["start_local"] == datetime(2024, 3, 5, 7, 30)
    assert "the column date is missing" in failure("time,sys,dia", "07:30,128,82")


@pytest.mark.parametrize("order", [["8", "9"], ["9", "8"]])
def test_no_row_is_lost_or_counted_twice_whatever_stands_beside_it(order):
    lines = [f"2024-03-0{day},AM,12{day},8{day}" for day in order]
    assert sorted(row[1] for row in told("Date,Time,Sys,Dia", *lines)) == [128, 129]


@pytest.mark.parametrize(
    "lines",
    [
        ["Data,Ora,Pressione,Temperatura", "2024-03-05,07:30,1013,12"],
        ["Дата,Давление,Температура", "2024-03-05,1013,12"],
        ["date,open,high,low,close", "2024-03-05,1,2,3,4"],
        ["Date,Morning,Evening", "2024-03-05,36.5,36.9"],
        ["Blood pressure is measured as systolic and diastolic", "on any date and at any time"],
        ["date,time,heartRate", "2024-03-05,07:30,66"],
    ],
)
def test_other_tables_are_left_to_others(lines):
    assert not sheet.recognises("\n".join(lines).encode())


@pytest.mark.parametrize("header", ["Дата,Время,Давление,Пульс", "Date,Heure,Tension,Pouls"])
def test_a_pressure_beside_a_pulse_is_that_of_the_blood(header):
    assert told(header, "2024-03-05,07:30,128/82,66") == [("05 07:30", 128, 82, 66, None)]


CELLS = st.sampled_from([
    "", "Date", "Time", "Sys", "Dia", "Pulse", "BP", "AM Sys", "PM Dia", "Morning", "Evening", "2",
    "Note", "1st", "Sys 2", "Average", "2024-03-05", "07:30", "128", "82", "128/82", "05.03.24",
    "05/03/2024", "\"", "x\ny", "=A1", "\ufeff", "早上", "Дата",
])  # fmt: skip


@settings(max_examples=300)
@given(st.lists(st.lists(CELLS, max_size=8), max_size=8), st.sampled_from(",;\t"))
def test_no_table_is_too_strange(table, delimiter):
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(table)
    content = out.getvalue().encode()
    sheet.recognises(content)
    parsed = sheet.parse(ExportFile("a" * 64, pa.py_buffer(content)), date_order=None)
    found = [*parsed["blood_pressure"]["raw_row"], *parsed["rejected"]["raw_row"]]
    assert all(1 <= row.as_py() <= len(table) + 1 for row in found)


COLUMNS = {"Date": "2024-03-05", "Time": "07:30", "Sys": "128", "Dia": "82", "Pulse": "66"}


@given(
    st.permutations([*COLUMNS, "Mood", "Steps", ""]),
    st.lists(st.sampled_from(["My log", "", "Doctor;Miller", "sep=;", "Name;;x"]), max_size=4),
)
def test_neither_the_order_of_columns_nor_what_stands_above_changes_a_reading(names, above):
    row = ";".join(COLUMNS.get(name, "fine") for name in names)
    assert told(*above, ";".join(names), row) == [("05 07:30", 128, 82, 66, None)]
