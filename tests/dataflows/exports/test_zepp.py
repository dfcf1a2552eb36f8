from datetime import UTC, date, datetime

import pytest

from dataflows import records
from dataflows.exports import zepp

AUTO = "date,time,heartRate"
SLEEP = "date,deepSleepTime,shallowSleepTime,wakeTime,start,stop,REMTime,naps"
OLD_SLEEP = "date,lastSyncTime,deepSleepTime,shallowSleepTime,wakeTime,start,stop"
MINUTES = "date,time,stage,hr,respiratory_rate"


def wall(text):
    return datetime.fromisoformat(text)


def parsed(file):
    return zepp.parse(file, date_order=None)


def rows(found, table):
    return found[table].to_pylist()


@pytest.mark.parametrize(
    "header",
    [
        AUTO,
        "time,heartRate",
        SLEEP,
        OLD_SLEEP,
        MINUTES,
        "date,lastSyncTime,steps,distance,runDistance,calories",
        "date,steps,calories,distance,runDistance",
        "date,time,steps",
        "date,start,stop,distance,calories,steps",
        "time,weight,height,bmi,fatRate,bodyWaterRate,boneMass,metabolism,muscleRate,visceralFat",
        "type,startTime,sportTime(s),maxPace(/meter),minPace(/meter),distance(m)",
        "userId,gender,height,weight,nickName,avatar,birthday",
    ],
)
def test_every_file_of_the_export_is_recognised_by_its_header(header, export_file):
    assert zepp.recognises(("\ufeff" + header + "\r\n").encode())
    assert parsed(export_file(header + "\n"))["report"]["status"] == "parsed"


@pytest.mark.parametrize(
    "header",
    [
        "date,time,systolic,diastolic,pulse",
        "date,time,systolic,diastolic,heartRate",
        "Uid,Sid,Key,Time,Value,UpdateTime",
        "date,time",
        "date,weight",
        "shallowSleepTime,other",
        "",
    ],
)
def test_other_tables_are_not_recognised(header):
    assert not zepp.recognises(header.encode() + b"\n")


def test_automatic_heart_rates_are_wall_times_without_a_zone(export_file, lines):
    found = parsed(
        export_file(lines("\ufeff" + AUTO, "2024-03-31,02:30,61", "2024-03-31,23:59,72"))
    )
    assert rows(found, "heart_rate") == [
        {
            "source": "zepp",
            "raw_sha256": found["heart_rate"]["raw_sha256"][0].as_py(),
            "raw_row": row,
            "start_local": time,
            "heart_rate_bpm": rate,
            "kind": "sample",
        }
        for row, time, rate in (
            (2, wall("2024-03-31 02:30"), 61.0),
            (3, wall("2024-03-31 23:59"), 72.0),
        )
    ]
    assert found["report"]["records"] == {"heart_rate": 2}


def test_manual_heart_rates_are_instants(export_file, lines):
    found = parsed(
        export_file(
            lines(
                "time,heartRate",
                "2024-01-01 10:00:00+0000,61",
                "2024-01-01 10:00:00+00:00,62",
                "2024-01-01 12:00:00+0200,63",
                "2024-01-01 12:00:00,64",
            )
        )
    )
    expected = datetime(2024, 1, 1, 10, tzinfo=UTC)
    assert found["heart_rate"]["start_utc"].to_pylist() == [expected] * 3
    assert set(found["heart_rate"]["kind"].to_pylist()) == {"manual"}
    assert [row["check"] for row in rows(found, "rejected")] == ["not_a_time"]


def test_columns_are_found_by_name_in_any_order(export_file, lines):
    found = parsed(export_file(lines("heartRate;date;time", "61;2024-01-01;00:05")))
    assert found["heart_rate"]["heart_rate_bpm"].to_pylist() == [61.0]
    assert found["heart_rate"]["start_local"].to_pylist() == [wall("2024-01-01 00:05")]


def test_sentinels_are_counted_and_are_no_records(export_file, lines):
    body = [
        f"2024-01-01,00:0{i},{rate}" for i, rate in enumerate([0, -1, 254, 255, "null", "", 61])
    ]
    found = parsed(export_file(lines(AUTO, *body)))
    assert found["report"]["sentinels"] == {"heart_rate": 6}
    assert found["heart_rate"]["raw_row"].to_pylist() == [8]
    assert found["rejected"].num_rows == 0


def test_bad_cells_reject_their_row_alone_and_say_which(export_file, lines):
    found = parsed(
        export_file(
            lines(
                AUTO,
                "2024-01-01,00:01,sixty",
                "2024-02-30,00:02,61",
                "2024-01-01,25:00,61",
                "null,00:04,61",
                "2024-01-01,00:05",
                "2024-01-01,00:06,61,",
                "2024-01-01,00:07,61,7",
                "2024-01-01,00:08,62",
            )
        )
    )
    told = [(r["raw_row"], r["column"], r["check"], r["value"]) for r in rows(found, "rejected")]
    assert sorted(told) == [
        (2, "heartRate", "not_a_number", "sixty"),
        (3, "date", "not_a_time", "2024-02-30"),
        (4, "time", "not_a_time", "25:00"),
        (5, "date", "missing_time", "null"),
        (6, None, "wrong_field_count", "2024-01-01,00:05"),
        (8, None, "wrong_field_count", "2024-01-01,00:07,61,7"),
    ]
    assert sorted(found["heart_rate"]["raw_row"].to_pylist()) == [7, 9]
    assert not any(r["value"] in r["reason"] for r in rows(found, "rejected"))


def test_a_stray_quotation_mark_damages_its_own_row_only(export_file, lines):
    body = [
        f'2024-01-01,00:{i:02},"7' if i == 3 else f"2024-01-01,00:{i:02},7{i % 10}"
        for i in range(60)
    ]
    found = parsed(export_file(lines(AUTO, *body)))
    assert found["heart_rate"].num_rows == 60


def test_blank_lines_count_as_rows_and_are_no_records(export_file):
    found = parsed(export_file(f"{AUTO}\r\n\r\n2024-01-01,00:01,61\r\n\r\n2024-01-01,00:02,62"))
    assert found["heart_rate"]["raw_row"].to_pylist() == [3, 5]
    assert found["report"]["sentinels"] == {}


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("date,time,heart_rate", "HEARTRATE_AUTO: the column heartRate is missing"),
        ("date,heartRate", "is missing from the header"),
        ("date,zeit,heartRate", "the column time is missing"),
        (SLEEP.replace("stop", "stopp"), "is it the column stopp? Rename it"),
    ],
)
def test_a_missing_or_renamed_column_fails_the_file_with_one_line(header, told, export_file):
    assert zepp.recognises(header.encode() + b"\n")
    report = parsed(export_file(header + "\n"))["report"]
    assert report["status"] == "failed"
    assert told in report["reason"]


def test_a_file_cut_off_within_its_header_fails(export_file):
    assert zepp.recognises(b"date,time,hea")
    report = parsed(export_file("date,time,hea"))["report"]
    assert report["status"] == "failed"
    assert "ends within its header" in report["reason"]


def test_a_night_has_its_stages_and_instants(export_file, lines):
    night = "2024-01-02,100,250,20,2024-01-01 22:00:00+0000,2024-01-02 05:30:00+0000,80,"
    found = parsed(export_file(lines(SLEEP, night)))
    (session,) = rows(found, "sleep_sessions")
    assert session["start_utc"] == datetime(2024, 1, 1, 22, tzinfo=UTC)
    assert session["end_utc"] == datetime(2024, 1, 2, 5, 30, tzinfo=UTC)
    stages = [session[f"{s}_minutes"] for s in ("deep", "light", "rem", "awake", "asleep")]
    assert stages == [100, 250, 80, 20, 430]
    assert session["is_nap"] is False
    assert "flags" not in session


def test_rem_inside_the_light_sleep_is_taken_out_of_it(export_file, lines):
    night = "2024-01-02,100,330,20,2024-01-01 22:00:00+0000,2024-01-02 05:30:00+0000,80,"
    (session,) = rows(parsed(export_file(lines(SLEEP, night))), "sleep_sessions")
    assert (session["light_minutes"], session["rem_minutes"]) == (250, 80)
    assert session["asleep_minutes"] == 430


def test_old_files_tell_epoch_times_and_seconds_and_no_rem(export_file, lines):
    night = "2016-05-02,1462200000,3600,14000,400,1462140000,1462158000"
    (session,) = rows(parsed(export_file(lines(OLD_SLEEP, night))), "sleep_sessions")
    assert session["start_utc"] == datetime.fromtimestamp(1462140000, UTC)
    assert session["deep_minutes"] == 60
    assert session["asleep_minutes"] == pytest.approx(17600 / 60)
    assert "rem_minutes" not in session


def test_placeholder_nights_are_counted_and_are_no_records(export_file, lines):
    found = parsed(
        export_file(
            lines(
                SLEEP,
                "2024-01-02,0,0,0,2024-01-01 00:00:00+0000,2024-01-01 00:00:00+0000,0,",
                "2024-01-03,0,0,0,null,null,0,null",
                "2024-01-04,0,0,0,2024-01-03 22:00:00+0000,2024-01-04 05:00:00+0000,0,",
            )
        )
    )
    assert found["report"]["sentinels"] == {"placeholder_nights": 3}
    assert found["sleep_sessions"].num_rows == found["rejected"].num_rows == 0


NIGHT = "2024-01-02,100,250,20,2024-01-01 22:00:00+0000,2024-01-02 05:30:00+0000,80"


@pytest.mark.parametrize(
    "naps",
    [
        r'"[{\"start\":\"2024-01-02 12:00:00+0000\",\"stop\":\"2024-01-02 12:40:00+0000\"}]"',
        r"[{\"start\": 1, \"stop\": 2}, {\"start\": 3, \"stop\": 4}]",
        '"[{',
    ],
)
def test_naps_that_break_the_quoting_are_dropped_and_the_night_is_kept(naps, export_file, lines):
    found = parsed(export_file(lines(SLEEP, f"{NIGHT},{naps}", f"{NIGHT},")))
    assert found["sleep_sessions"]["asleep_minutes"].to_pylist() == [430, 430]
    assert sorted(found["sleep_sessions"]["flags"].to_pylist(), key=str) == [None, "naps_dropped"]
    assert found["report"]["dropped"] == {"naps": 1}
    assert sorted(found["sleep_sessions"]["raw_row"].to_pylist()) == [2, 3]


def test_broken_naps_in_the_middle_of_a_row_shift_no_column(export_file, lines):
    header = "date,naps,deepSleepTime,shallowSleepTime,wakeTime,start,stop,REMTime"
    naps = r'"[{\"start\":\"a\",\"stop\":\"b\"}]"'
    night = NIGHT.replace("2024-01-02,", f"2024-01-02,{naps},", 1)
    found = parsed(export_file(lines(header, night)))
    assert found["sleep_sessions"]["asleep_minutes"].to_pylist() == [430]
    assert found["report"]["dropped"] == {"naps": 1}


def test_well_formed_naps_are_sessions_of_their_own(export_file, lines):
    naps = '"[{""start"":""2024-01-02 12:00:00+0000"",""stop"":""2024-01-02 12:40:00+0000""}]"'
    found = parsed(export_file(lines(SLEEP, f"{NIGHT},{naps}")))
    nap = next(row for row in rows(found, "sleep_sessions") if row["is_nap"])
    assert nap["start_utc"] == datetime(2024, 1, 2, 12, tzinfo=UTC)
    assert (nap["asleep_minutes"], nap["unstaged_minutes"], nap["flags"]) == (40, 40, "unstaged")
    assert nap["raw_row"] == 2
    assert found["report"]["dropped"] == {}


def test_nights_that_make_no_sense_are_rejected(export_file, lines):
    found = parsed(
        export_file(
            lines(
                SLEEP,
                "2024-01-02,100,250,20,2024-01-02 05:30:00+0000,2024-01-01 22:00:00+0000,80,",
                "2024-01-02,many,250,20,2024-01-01 22:00:00+0000,2024-01-02 05:30:00+0000,80,",
                "2024-01-02,100,250,20,null,2024-01-02 05:30:00+0000,80,",
                "2024-01-02,100,250,20,2024-01-01 22:00:00,2024-01-02 05:30:00+0000,80,",
                "2024-01-02,100",
            )
        )
    )
    assert found["sleep_sessions"].num_rows == 0
    assert {row["raw_row"]: (row["column"], row["check"]) for row in rows(found, "rejected")} == {
        2: ("stop", "out_of_range"),
        3: ("deepSleepTime", "not_a_number"),
        4: ("start", "missing_time"),
        5: ("start", "not_a_time"),
        6: (None, "wrong_field_count"),
    }


def minutes(*runs):
    return [
        f"{label},{minute // 60 % 24:02}:{minute % 60:02},{stage},,"
        for label, begin, end, stage in runs
        for minute in range(begin, end)
    ]


def test_minutes_of_one_label_become_runs_over_midnight(export_file, lines):
    label = "2024-01-02"
    body = minutes(
        (label, 1430, 1450, "LIGHT"), (label, 1450, 1460, "DEEP"), (label, 1500, 1502, "DEEP")
    )
    found = parsed(export_file(lines(MINUTES, *body)))
    told = [
        (r["start_local"], r["end_local"], r["stage"], r["raw_row"])
        for r in rows(found, "sleep_stages")
    ]
    assert told == [
        (wall("2024-01-02 23:50"), wall("2024-01-03 00:10"), "light", 2),
        (wall("2024-01-03 00:10"), wall("2024-01-03 00:20"), "deep", 22),
        (wall("2024-01-03 01:00"), wall("2024-01-03 01:02"), "deep", 32),
    ]
    assert found["sleep_stages"]["local_date"].to_pylist() == [date(2024, 1, 2)] * 3


def test_a_label_ends_a_run_and_starts_its_own_day(export_file, lines):
    body = minutes(("2024-01-02", 1438, 1442, "LIGHT"), ("2024-01-03", 2, 4, "LIGHT"))
    found = parsed(export_file(lines(MINUTES, *body)))
    assert found["sleep_stages"]["start_local"].to_pylist() == [
        wall("2024-01-02 23:58"),
        wall("2024-01-03 00:02"),
    ]


def test_a_file_that_runs_backwards_gives_the_same_runs(export_file, lines):
    body = minutes(("2024-01-02", 1430, 1450, "LIGHT"), ("2024-01-02", 1450, 1460, "REM"))
    forwards, backwards = (
        parsed(export_file(lines(MINUTES, *order)))["sleep_stages"].drop_columns(
            ["raw_row", "raw_sha256"]
        )
        for order in (body, body[::-1])
    )
    assert forwards.num_rows == 2
    assert forwards.equals(backwards)


def test_of_repeated_minutes_the_richer_counts_and_of_equals_the_first(export_file, lines):
    body = [
        "2024-01-02,01:00,LIGHT,,",
        "2024-01-02,01:01,LIGHT,,",
        "2024-01-02,01:00,DEEP,55,14",
        "2024-01-02,01:01,REM,,",
        "2024-01-02,01:01,LIGHT,0,",
    ]
    found = parsed(export_file(lines(MINUTES, *body)))
    told = [(r["stage"], r["raw_row"]) for r in rows(found, "sleep_stages")]
    assert told == [("deep", 4), ("light", 3)]
    assert found["report"]["dropped"] == {
        "repeated_sleep_minutes": 3,
        "conflicting_sleep_minutes": 2,
    }


def test_a_night_listed_twice_is_there_once(export_file, lines):
    body = minutes(("2024-01-02", 1430, 1450, "LIGHT"))
    once, twice = (parsed(export_file(lines(MINUTES, *body * n))) for n in (1, 2))
    drop = ["raw_sha256"]
    assert once["sleep_stages"].drop_columns(drop).equals(twice["sleep_stages"].drop_columns(drop))


def test_unknown_stages_are_rejected_and_missing_ones_counted(export_file, lines):
    body = ["2024-01-02,01:00,COMA,,", "2024-01-02,01:01,null,,", "2024-01-02,01:02,WAKE,,"]
    found = parsed(export_file(lines(MINUTES, *body)))
    assert [(r["raw_row"], r["check"]) for r in rows(found, "rejected")] == [(2, "unknown_stage")]
    assert found["report"]["sentinels"] == {"sleep_minutes": 1}
    assert found["sleep_stages"]["stage"].to_pylist() == ["awake"]


def test_tables_have_the_shared_schemas(export_file, lines):
    found = parsed(export_file(lines(AUTO, "2024-01-01,00:05,61")))
    for name, schema in records.PARSED.items():
        for field in found[name].schema:
            assert field.equals(schema.field(field.name)), (name, field)


def test_row_numbers_run_on_over_the_blocks_in_which_a_file_is_read(export_file):
    body = "2024-01-01,00:05,61\n2024-01-01,00:06,62\n" * 150_000
    found = parsed(export_file(f"{AUTO}\n{body}"))
    assert found["heart_rate"]["raw_row"].to_pylist() == list(range(2, 300_002))
