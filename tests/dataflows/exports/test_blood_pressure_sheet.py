"""The hand-kept blood pressure log, with what hands do to it."""
# ruff: noqa: DTZ001, RUF001  wall times have no zone; strange digits and letters are on purpose

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows import clinical
from dataflows.exports import blood_pressure_sheet as sheet
from tests.dataflows.exports.log_examples import (
    HEADER,
    failure,
    parse,
    pressures,
    readings,
    rejected,
    times,
)


def test_a_plain_row_is_a_reading_in_local_time():
    assert readings(HEADER, "2024-03-05,07:30,128,82,66,after coffee") == [
        {
            "source": "blood_pressure_sheet",
            "raw_sha256": "a" * 64,
            "raw_row": 2,
            "start_local": datetime(2024, 3, 5, 7, 30),
            "systolic_mmhg": 128,
            "diastolic_mmhg": 82,
            "pulse_bpm": 66,
            "note": "after coffee",
        }
    ]


@pytest.mark.parametrize(
    "header",
    [
        "Date,Time,SYS (mmHg),DIA [mmHg],Pulse (1/min)",
        "DATE,TIME,Systolic BP,Diastolic_BP,HR",
        "day,time of day,sbp,dbp,bpm",
        "Datum,Uhrzeit,Systolisch,Diastolisch,Puls",
        '"date","time","systolic in mmHg","diastolic in kPa","pulse/min"',
    ],
)
def test_columns_go_by_many_names(header):
    (row,) = readings(header, "2024-03-05,07:30,128,82,66")
    assert (row["systolic_mmhg"], row["diastolic_mmhg"], row["pulse_bpm"]) == (128, 82, 66)


def test_columns_stand_in_any_order_beside_others():
    (row,) = readings("mood,pulse,dia,sys,time,date", "fine,66,82,128,07:30,2024-03-05")
    assert (row["systolic_mmhg"], row["diastolic_mmhg"], row["pulse_bpm"]) == (128, 82, 66)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("date,time,systolic,diastolic,pulse", "2024-03-05,07:30,128/82,,66"),
        ("date,time,systolic,diastolic,pulse", "2024-03-05,07:30,128 / 82 / 66,,"),
        ("date,time,systolic,diastolic,pulse", "2024-03-05,07:30,128/82,82,66"),
        ("date,time,BP,pulse", "2024-03-05,07:30,128/82,66"),
        ("date,time,blood pressure (mmHg),pulse", "2024-03-05,07:30,128/82 mmHg,66 bpm"),
    ],
)
def test_both_pressures_may_stand_in_one_cell(header, row):
    (found,) = readings(header, row)
    assert (found["systolic_mmhg"], found["diastolic_mmhg"], found["pulse_bpm"]) == (128, 82, 66)


def test_a_second_pressure_beside_both_in_one_cell_is_rejected():
    assert rejected("2024-03-05,07:30,128/82,84,66,") == [(2, "systolic", "not_a_number")]


def test_decimal_commas_and_semicolons():
    assert pressures(
        "date;time;sys;dia", "2024-03-05;07:30;128,5;82,0", "2024-03-06;07:30;128.5;82"
    ) == [(128.5, 82), (128.5, 82)]


def test_kilopascal_is_recognised_row_by_row_and_flagged():
    rows = readings(
        HEADER,
        '2024-03-05,07:30,"17,1","10,9",66,',
        "2024-03-05,07:31,128,82,66,",
        "2024-03-05,07:32,16,10,66,",
    )
    found = [(row["systolic_mmhg"], row["diastolic_mmhg"], row["flags"]) for row in rows]
    assert found == [
        (128.3, 81.8, "converted_from_kpa"),
        (128, 82, None),
        (120.0, 75.0, "converted_from_kpa"),
    ]


@given(st.lists(st.tuples(st.integers(151, 225), st.integers(31, 149)), min_size=1))
def test_whole_readings_written_in_kilopascal_come_back_as_they_were(pairs):
    rows = [[round(value / clinical.MMHG_PER_KPA, 1) for value in pair] for pair in pairs]
    lines = [f"2024-03-05,07:30,{high},{low},," for high, low in rows]
    found = pressures(HEADER, *lines)
    assert [(round(high), round(low)) for high, low in found] == pairs


@pytest.mark.parametrize("pair", ["9.9,6", "30.1,12", "17,3.9", "20.5,20.1", "128,12"])
def test_one_pressure_out_of_the_range_of_kilopascal_leaves_both(pair):
    high, low = (float(number) for number in pair.split(","))
    assert pressures(HEADER, f"2024-03-05,07:30,{pair},,") == [(high, low)]


def test_full_width_and_arabic_digits_are_digits():
    assert pressures(HEADER, "2024-03-05,07:30,128,82,66,", "2024-03-06,٠٧:٣٠,١٢٨,٨٢,,") == [
        (128, 82),
        (128, 82),
    ]


def test_swapped_columns_are_left_as_they_are():
    assert pressures(HEADER, "2024-03-05,07:30,82,128,66,") == [(82, 128)]


def test_no_pulse_is_no_pulse():
    cells = ["", "-", "0", "n/a"]
    rows = readings(HEADER, *[f"2024-03-0{n},07:30,128,82,{c}," for n, c in enumerate(cells, 1)])
    assert all("pulse_bpm" not in row for row in rows)


def test_blank_lines_are_counted_as_rows_and_are_nothing_else():
    rows = readings(
        "", HEADER, "", "2024-03-05,07:30,128,82,,", ",,,,,", "2024-03-06,07:30,128,82,,"
    )
    assert [row["raw_row"] for row in rows] == [4, 6]


def test_a_note_over_several_lines_is_one_row():
    rows = readings(HEADER, '2024-03-05,07:30,128,82,,"two', 'lines"', "2024-03-06,07:30,128,82,,")
    assert [row["raw_row"] for row in rows] == [2, 3]
    assert rows[0]["note"] == "two\nlines"


def test_a_lost_quotation_mark_costs_no_other_row():
    rows = readings(HEADER, '2024-03-05,07:30,128,82,,"lost', "2024-03-06,07:30,128,82,,")
    assert [row["raw_row"] for row in rows] == [2, 3]


def test_sums_under_the_table_are_counted_and_no_reading():
    parsed = parse(HEADER, "2024-03-05,07:30,128,82,,", "", "Average:,,128,82,,", ",Total,1,1,,")
    assert (parsed["blood_pressure"].num_rows, parsed["rejected"].num_rows) == (1, 0)
    assert parsed["report"]["dropped"] == {"totals": 2}


def test_rows_without_any_value_are_counted_and_no_reading():
    parsed = parse(
        HEADER, "2024-03-05,07:30,128,82,,", "2024-03-06,07:30,,,,", "2024-03-07", ",,,,,x"
    )
    assert (parsed["blood_pressure"].num_rows, parsed["rejected"].num_rows) == (1, 0)
    assert parsed["report"]["dropped"] == {"rows_without_values": 3}


@pytest.mark.parametrize(
    "label", ["Weekly average", "Moyenne :", "Ø Mittelwert", "平均", "AVG (7 d)"]
)
def test_totals_are_known_by_a_word(label):
    parsed = parse(HEADER, "2024-03-05,07:30,128,82,,", f"{label},,128,82,66,")
    assert parsed["report"]["dropped"] == {"totals": 1}


@pytest.mark.parametrize(
    ("row", "column", "check"),
    [
        ("2024-02-30,07:30,128,82,,", "date", "not_a_time"),
        ("soon,07:30,128,82,,", "date", "not_a_time"),
        ("2024-03-05,25:00,128,82,,", "time", "not_a_time"),
        ("2024-03-05,13:00 PM,128,82,,", "time", "not_a_time"),
        ("2024-03-05,7,128,82,,", "time", "not_a_time"),
        ("2024-03-05,2461,128,82,,", "time", "not_a_time"),
        (",07:30,128,82,,", "date", "missing_time"),
        ("2024-03-05,,128,82,,", "time", "missing_time"),
        ("2024-03-05,07:30,,82,,", "systolic", "missing_value"),
        ("2024-03-05,07:30,128,,,", "diastolic", "missing_value"),
        ("2024-03-05,07:30,,,66", "systolic", "missing_value"),
        ("2024-03-05,07:30,12o,82,,", "systolic", "not_a_number"),
        ("2024-03-05,07:30,128,82,fast,", "pulse", "not_a_number"),
    ],
)
def test_a_row_that_cannot_be_read_is_rejected_with_the_cell(row, column, check):
    good = "2024-03-05,08:30,128,82,,"
    assert rejected(good, row, good) == [(3, column, check)]
    parsed = parse(HEADER, good, row, good)
    assert parsed["blood_pressure"]["raw_row"].to_pylist() == [2, 4]


@pytest.mark.parametrize(
    "cell",
    [
        "2024-03-05,07:30",
        "2024/3/5,7:30",
        "2024.03.05,07.30",
        "20240305,07h30",
        "2024-03-05,7:30 AM",
        "2024-03-05,7:30:00 a.m.",
        "5 Mar 2024,07:30",
        "5. March 2024,07:30",
        '"Mar 5, 2024",07:30',
        "5-Mar-24,07:30",
        "5th March 2024,07:30",
        "March 5th 2024,07:30",
        '"Tuesday, March 5, 2024",07:30',
        "Di. 5. März 2024,07:30 Uhr",
        "mardi 5 mars 2024,7h30",
        "5 de marzo de 2024,07:30 h",
        "5 marzo 2024,07:30",
        "5 mrt 2024,07:30",
        "5 марта 2024 г.,07:30",
        "2024年3月5日,上午7:30",
        "2024年3月5日 星期二,07:30",
        "2024-03-05 07:30,",
        "2024-03-05T07:30:00,",
    ],
)
def test_dates_and_times_of_many_kinds_are_certain(cell):
    assert times(cell) == [datetime(2024, 3, 5, 7, 30)]


@pytest.mark.parametrize(
    "cell", ["05.03.2024,07:30", "5. 3. 2024,07:30", "Di 05.03.2024,07:30", "05.03.2024 07:30,"]
)
def test_dates_with_dots_are_read_in_the_order_that_is_configured(cell):
    assert times(cell, order="DMY") == [datetime(2024, 3, 5, 7, 30)]


@pytest.mark.parametrize(
    ("clock", "hour"), [("12:05 am", 0), ("12:05 PM", 12), ("1:05 pm", 13), ("11:05 AM", 11)]
)
def test_a_clock_of_twelve_hours(clock, hour):
    assert times(f"2024-03-05,{clock}") == [datetime(2024, 3, 5, hour, 5)]


@pytest.mark.parametrize(
    ("clock", "hour"), [("19 Uhr", 19), ("7h", 7), ("下午7:00", 19), ("1900", 19), ("700", 7)]
)
def test_a_clock_may_say_that_it_is_one(clock, hour):
    assert times(f"2024-03-05,{clock}") == [datetime(2024, 3, 5, hour, 0)]


@pytest.mark.parametrize("cell", ["5 Brumaire 2024", "Mar 5, 24", "5 Mar 5 2024", "März 2024"])
def test_what_names_no_day_is_no_date(cell):
    assert rejected(f'"{cell}",07:30,128,82,,') == [(2, "date", "not_a_time")]


def test_dates_with_dots_may_be_either_too():
    assert "PDP_DATE_ORDER" in failure(HEADER, "05.03.2024,07:30,1,2,,", "06.03.2024,07:30,1,2,,")


def test_a_configured_order_holds_for_dates_with_dots_too():
    assert times("03.05.2024,07:30", order="MDY") == [datetime(2024, 3, 5, 7, 30)]


def test_one_column_may_tell_date_and_time():
    assert times("2024-03-05 07:30", header="Timestamp") == [datetime(2024, 3, 5, 7, 30)]
    assert times("2024-03-05 07:30", header="date") == [datetime(2024, 3, 5, 7, 30)]


@pytest.mark.parametrize(
    "cells",
    [
        "2024-03-05 00:00:00,07:30",
        "2024-03-05T00:00:00.000,7:30 am",
        "2024-03-05,2024-03-05 07:30",
        "2024-03-05 00:00,2024-03-05 07:30:00",
    ],
)
def test_a_date_may_stand_with_midnight_beside_its_time(cells):
    assert times(cells) == [datetime(2024, 3, 5, 7, 30)]


@pytest.mark.parametrize("cells", ["2024-03-05 08:00,07:30", "2024-03-05,2024-03-06 07:30"])
def test_two_times_or_two_dates_are_no_reading(cells):
    assert [check for _, _, check in rejected(f"{cells},120,80,,")] == ["not_a_time"]


def test_a_time_that_tells_its_offset_keeps_it():
    (row,) = readings("timestamp,sys,dia", "2024-03-05T07:30:00-05:00,128,82")
    assert (row["start_local"], row["utc_offset_minutes"]) == (datetime(2024, 3, 5, 7, 30), -300)


@pytest.mark.parametrize(("order", "month"), [("DMY", 3), ("MDY", 5)])
def test_the_configured_order_of_a_date_counts(order, month):
    (found,) = times("05/03/2024,07:30", order=order)
    assert (found.month, found.day) == (month, 8 - month)


@pytest.mark.parametrize(
    ("order", "cell"), [("DMY", "5.3.24"), ("MDY", "3/5/24"), ("YMD", "24-03-05")]
)
def test_a_year_of_two_digits_needs_the_order(order, cell):
    assert times(f"{cell},07:30", order=order) == [datetime(2024, 3, 5, 7, 30)]


def test_an_ambiguous_column_is_refused_and_says_what_to_set():
    reason = failure(HEADER, "05/03/2024,07:30,128,82,,", "13/03/2024,07:30,128,82,,")
    assert "PDP_DATE_ORDER" in reason
    assert "128" not in reason


@pytest.mark.parametrize(("cells", "first"), [((13, 14, 15), 4), ((13, 14), None)])
def test_three_telling_dates_make_a_column_certain(cells, first):
    rows = [f"{day}/03/2024,07:30,128,82,," for day in (4, *cells)]
    if first is None:
        assert "PDP_DATE_ORDER" in failure(HEADER, *rows)
    else:
        found = readings(HEADER, *rows)
        assert found[0]["start_local"] == datetime(2024, 3, first, 7, 30)


def test_a_column_of_two_orders_is_refused():
    rows = [f"{day}/03/2024,07:30,128,82,," for day in (13, 14, 15)]
    assert "mix" in failure(HEADER, *rows, "03/16/2024,07:30,128,82,,")


def test_a_column_that_contradicts_the_configured_order_is_refused():
    rows = [f"{day}/03/2024,07:30,128,82,," for day in (13, 14, 15)]
    assert "set it to DMY" in failure(HEADER, *rows, order="MDY")


def test_a_date_that_does_not_exist_in_the_configured_order_is_rejected():
    assert rejected("13/03/2024,07:30,128,82,,", order="MDY") == [(2, "date", "not_a_time")]


def test_a_renamed_column_is_named_with_the_near_one():
    reason = failure("date,time,systolic,diastolick", "2024-03-05,07:30,128,82")
    assert "diastolic is missing" in reason
    assert "diastolick? Rename it" in reason


def test_a_log_without_times_is_refused():
    assert "the column time is missing" in failure("date,sys,dia", "2024-03-05,128,82")


def test_a_header_alone_is_an_empty_log():
    assert readings(HEADER) == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_other_encodings_are_read(encoding):
    (row,) = readings(HEADER, "2024-03-05,07:30,128,82,,früh", encoding=encoding, end="\r\n")
    assert (row["systolic_mmhg"], row["note"]) == (128, "früh")


@pytest.mark.parametrize(
    ("encoding", "header", "note"),
    [
        ("cp1252", "Fecha;Hora;Sistólica;Diastólica;Pulso;Observaciones", "mañana"),
        ("cp1250", "Datum;Godzina;Ciśnienie skurczowe;Ciśnienie rozkurczowe;Tętno;Uwagi", "żółć"),
        ("cp1251", "Дата;Время;Верхнее давление;Нижнее давление;Пульс;Примечание", "утро"),
        ("cp932", "日付;時刻;最高血圧;最低血圧;脈拍;メモ", "朝食前"),
        ("gbk", "日期;时间;收缩压;舒张压;脉搏;备注", "饭前"),
        ("big5", "日期;時間;收縮壓;舒張壓;脈搏;備註", "飯前"),
        ("utf-16", "Дата;Время;Верхнее;Нижнее;Пульс;Примечание", "утро"),
        ("utf-8", "Дата;Время;Верхнее;Нижнее;Пульс;Примечание", "утро"),
    ],
)
def test_the_encodings_of_countries_are_known_by_what_their_headers_say(encoding, header, note):
    row = f"2024-03-05;07:30;128;82;66;{note}"
    (found,) = readings(header, row, encoding=encoding, end="\r\n")
    assert (found["systolic_mmhg"], found["pulse_bpm"], found["note"]) == (128, 66, note)


def test_a_letter_that_the_end_of_a_sample_cuts_is_no_other_encoding():
    content = f"{HEADER}\n2024-03-05,07:30,128,82,66,ärger".encode()
    assert all(sheet.recognises(content[:end]) for end in range(len(HEADER) + 1, len(content)))


@pytest.mark.parametrize(
    "header",
    ["Date,Open,High,Low,Close", "date,time,heartRate", "Uid,Sid,Key,Time,Value,UpdateTime", ""],
)
def test_other_tables_are_not_taken_for_a_log(header):
    assert not sheet.recognises(f"{header}\n1,2,3,4,5\n".encode())
