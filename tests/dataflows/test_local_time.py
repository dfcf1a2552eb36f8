"""Instants, offsets, zones and local dates."""
# ruff: noqa: DTZ001  wall times have no zone

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows import local_time, records
from dataflows.clocks import UnknownTimeZoneError

BERLIN = {"home_time_zone": "Europe/Berlin", "home_time_zone_source": "configured"}
ASSUMED = {"home_time_zone": "Europe/Berlin", "home_time_zone_source": "assumed"}


def parsed(*rows, schema=records.PARSED["blood_pressure"]):
    origin = {"source": "test", "raw_sha256": "a" * 64}
    return records.table_from_rows(
        schema, [{**origin, "raw_row": number, **row} for number, row in enumerate(rows, 2)]
    )


def normalised(*rows, schema=records.BLOOD_PRESSURE_READINGS, **options):
    return local_time.normalised_records(
        parsed(*rows), schema, signal="blood_pressure", **(BERLIN | options)
    )


def only(table):
    (row,) = table.to_pylist()
    return row


def wall(*parts):
    return {"start_local": datetime(*parts)}


def test_a_wall_time_is_read_on_the_clock_of_the_home_zone():
    kept, rejected = normalised(wall(2024, 7, 1, 8, 30))
    row = only(kept)
    assert row["start_utc"] == datetime(2024, 7, 1, 6, 30, tzinfo=UTC)
    assert (row["utc_offset_minutes"], row["time_zone"]) == (120, "Europe/Berlin")
    assert row["time_zone_source"] == "configured"
    assert rejected.num_rows == 0


def test_a_recorded_offset_wins_over_the_home_zone():
    row = only(normalised({**wall(2024, 7, 1, 0, 30), "utc_offset_minutes": -300})[0])
    assert row["start_utc"] == datetime(2024, 7, 1, 5, 30, tzinfo=UTC)
    assert row["local_date"] == date(2024, 7, 1)
    assert (row["time_zone"], row["time_zone_source"]) == (None, "recorded")


def test_a_recorded_zone_wins_over_the_home_zone():
    row = only(normalised({**wall(2024, 7, 1, 0, 30), "time_zone": "Asia/Tokyo"})[0])
    assert row["start_utc"] == datetime(2024, 6, 30, 15, 30, tzinfo=UTC)
    assert (row["utc_offset_minutes"], row["time_zone_source"]) == (540, "recorded")


def test_a_recorded_zone_that_nobody_knows_is_as_good_as_none():
    row = only(normalised({**wall(2024, 7, 1, 0, 30), "time_zone": "../Berlin"})[0])
    assert (row["time_zone"], row["time_zone_source"]) == ("Europe/Berlin", "configured")


def test_rows_with_and_without_offset_may_stand_in_one_table():
    kept, _ = normalised(
        wall(2024, 1, 1, 12),
        {**wall(2024, 1, 1, 12), "utc_offset_minutes": 0},
        {"start_utc": datetime(2024, 1, 1, 12, tzinfo=UTC), "time_zone": "Asia/Tokyo"},
        {"local_date": date(2024, 1, 1)},
    )
    assert [moment.hour for moment in kept["start_utc"].to_pylist()] == [11, 12, 12, 23]
    assert kept["utc_offset_minutes"].to_pylist() == [60, 0, 540, 60]
    assert kept["local_date"].to_pylist() == [date(2024, 1, 1)] * 4


def test_a_time_shown_twice_means_the_earlier_instant_and_is_flagged():
    kept, _ = normalised(wall(2024, 10, 27, 2, 30), wall(2024, 10, 27, 3, 0))
    first, second = kept.to_pylist()
    assert first["start_utc"] == datetime(2024, 10, 27, 0, 30, tzinfo=UTC)
    assert (first["flags"], second["flags"]) == ("ambiguous_local_time", None)
    assert second["start_utc"] == datetime(2024, 10, 27, 2, 0, tzinfo=UTC)


def test_the_flag_of_a_fold_joins_those_the_export_gave():
    row = only(normalised({**wall(2024, 10, 27, 2, 30), "flags": "converted_from_kpa"})[0])
    assert row["flags"] == "ambiguous_local_time;converted_from_kpa"


def test_a_time_that_the_clocks_skipped_is_rejected_and_its_neighbours_are_not():
    kept, rejected = normalised(
        wall(2024, 3, 31, 1, 59), wall(2024, 3, 31, 2, 0), wall(2024, 3, 31, 3, 0)
    )
    assert kept["raw_row"].to_pylist() == [2, 4]
    row = only(rejected)
    assert (row["check"], row["column"], row["raw_row"]) == (
        "nonexistent_local_time",
        "start_local",
        3,
    )
    assert row["signal"] == "blood_pressure"


def test_a_row_without_any_time_is_rejected():
    kept, rejected = normalised({}, wall(2024, 1, 1))
    assert kept["raw_row"].to_pylist() == [3]
    assert only(rejected)["check"] == "missing_time"


def test_an_offset_recorded_in_a_gap_makes_the_time_exist():
    kept, rejected = normalised({**wall(2024, 3, 31, 2, 30), "utc_offset_minutes": 60})
    assert (kept.num_rows, rejected.num_rows) == (1, 0)


@pytest.mark.parametrize(
    ("zone", "day", "first"),
    [
        ("Europe/Berlin", date(2024, 3, 31), datetime(2024, 3, 30, 23, tzinfo=UTC)),
        # The clocks went from 00:00 to 01:00, so that day began at one.
        ("America/Sao_Paulo", date(2018, 11, 4), datetime(2018, 11, 4, 3, tzinfo=UTC)),
    ],
)
def test_a_date_starts_at_its_first_moment(zone, day, first):
    row = only(normalised({"local_date": day}, home_time_zone=zone)[0])
    assert (row["start_utc"], row["local_date"]) == (first, day)
    start = datetime.fromtimestamp(first.timestamp(), ZoneInfo(zone))
    assert row["utc_offset_minutes"] == start.utcoffset() / timedelta(minutes=1)


def test_the_date_of_a_night_can_be_that_of_waking():
    schema = records.PARSED["sleep_sessions"]
    night = {
        "start_utc": datetime(2024, 6, 30, 21, tzinfo=UTC),
        "end_utc": datetime(2024, 7, 1, 5, tzinfo=UTC),
    }
    options = {"signal": "sleep", **BERLIN}
    table = parsed(night, schema=schema)
    starts, _ = local_time.normalised_records(table, records.SLEEP_SESSIONS, **options)
    ends, _ = local_time.normalised_records(table, records.SLEEP_SESSIONS, date_of="end", **options)
    assert (only(starts)["local_date"], only(ends)["local_date"]) == (
        date(2024, 6, 30),
        date(2024, 7, 1),
    )


def evidence(*pairs):
    return local_time.offset_evidence(
        parsed(*({"start_utc": moment, "utc_offset_minutes": offset} for moment, offset in pairs))
    )


TRIP = evidence(
    (datetime(2024, 5, 1, tzinfo=UTC), 120),
    (datetime(2024, 5, 3, tzinfo=UTC), 540),
)


def test_an_assumed_home_zone_gives_way_to_the_nearest_recorded_offset():
    kept, _ = normalised(
        {"start_utc": datetime(2024, 5, 1, 23, 59, tzinfo=UTC)},
        {"start_utc": datetime(2024, 5, 2, 0, 1, tzinfo=UTC)},
        wall(2024, 5, 3, 9),
        evidence=TRIP,
        **ASSUMED,
    )
    assert kept["utc_offset_minutes"].to_pylist() == [120, 540, 540]
    assert kept["time_zone_source"].to_pylist() == ["inferred"] * 3
    assert kept["time_zone"].null_count == 3
    assert kept["start_utc"].to_pylist()[2] == datetime(2024, 5, 3, tzinfo=UTC)


def test_a_configured_home_zone_does_not_give_way():
    row = only(normalised(wall(2024, 5, 3, 9), evidence=TRIP)[0])
    assert (row["utc_offset_minutes"], row["time_zone_source"]) == (120, "configured")


def test_an_unknown_home_zone_names_the_setting_and_the_near_name():
    with pytest.raises(UnknownTimeZoneError, match=r"PDP_TIME_ZONE.*Europe/Berlin"):
        normalised(wall(2024, 1, 1), home_time_zone="Europe/Berln")


@pytest.mark.parametrize("name", ["", ".", "..", "Europe", "../zones", "/etc/localtime", "a\\b"])
def test_nothing_but_a_zone_is_taken_for_a_zone(name):
    with pytest.raises(UnknownTimeZoneError):
        normalised(wall(2024, 1, 1), home_time_zone=name)


ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"]


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    moments=st.lists(
        st.datetimes(datetime(2000, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC)),
        min_size=1,
        max_size=8,
    ),
)
def test_offsets_agree_with_the_standard_library(zone, moments):
    offsets = local_time.offset_minutes(pa.array(moments, records.INSTANT), zone)
    local = [moment.astimezone(ZoneInfo(zone)) for moment in moments]
    assert offsets.tolist() == [moment.utcoffset() / timedelta(minutes=1) for moment in local]
    walls = local_time.wall_time(pa.array(moments, records.INSTANT), offsets)
    assert walls.to_pylist() == [moment.replace(tzinfo=None) for moment in local]


def first_pass(wall):
    """A wall time that a clock shows twice means the first time here."""
    return wall.replace(fold=0)


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    walls=st.lists(
        st.datetimes(datetime(2000, 1, 1), datetime(2050, 1, 1)).map(first_pass),
        min_size=1,
        max_size=8,
    ),
)
def test_wall_times_agree_with_the_standard_library(zone, walls):
    table = parsed(*({"start_local": moment} for moment in walls))
    times = local_time.localised(table, home_time_zone=zone, home_time_zone_source="configured")
    aware = [moment.replace(tzinfo=ZoneInfo(zone)) for moment in walls]
    assert times.columns["start_utc"].to_pylist() == [moment.astimezone(UTC) for moment in aware]
    there = [moment.astimezone(UTC).astimezone(ZoneInfo(zone)) for moment in aware]
    skipped = [
        a.replace(tzinfo=None) != b.replace(tzinfo=None) for a, b in zip(aware, there, strict=True)
    ]
    assert times.nonexistent.tolist() == skipped
    twice = [moment.replace(fold=1).utcoffset() != moment.utcoffset() for moment in aware]
    assert (times.ambiguous | times.nonexistent).tolist() == twice


def test_absurd_times_neither_fail_nor_slow_the_conversion_down():
    far = np.array([-(10**17), 10**17], np.int64)
    table = pa.table({"start_utc": pa.array(far).view(records.INSTANT)})
    times = local_time.localised(table, home_time_zone="UTC", home_time_zone_source="assumed")
    assert times.columns["utc_offset_minutes"].to_pylist() == [0, 0]
