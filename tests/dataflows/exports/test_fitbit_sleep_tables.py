"""Fitbit's newer tables of sleep."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows import exports
from dataflows.exports import fitbit, parse
from tests.dataflows.exports.conftest import export_file_of

SLEEPS = (
    "sleep_id,sleep_type,minutes_in_sleep_period,minutes_to_fall_asleep,minutes_asleep,"
    "minutes_awake,start_utc_offset,sleep_start,end_utc_offset,sleep_end,data_source,"
    "sleep_last_updated"
)
STAGES = (
    "sleep_id,sleep_stage_id,sleep_stage_type,start_utc_offset,sleep_stage_start,"
    "end_utc_offset,sleep_stage_end"
)
START = datetime(2026, 10, 24, 20, 30, tzinfo=UTC)
END = datetime(2026, 10, 25, 5, 30, tzinfo=UTC)


def sleep(start="2026-10-24 20:30:00+0000", end="2026-10-25 05:30:00+0000", *, asleep=480, awake=60,
          latency=0, offset="+01:00", updated=""):  # fmt: skip
    return f"1,STAGES,540,{latency},{asleep},{awake},+02:00,{start},{offset},{end},BAND,{updated}"


def stage(name, start, end, offset="+01:00"):
    first, last = (f"{START + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"
                   for minutes in (start, end))  # fmt: skip
    return f"1,2,{name},+02:00,{first},{offset},{last}"


def parsed(header, *lines):
    return parse(export_file_of("\r\n".join([header, *lines, ""])), date_order=None)


def test_a_sleep_has_its_instants_minutes_and_the_offset_of_its_end():
    found = parsed(SLEEPS, sleep(updated="2026-10-25T06:00:00.123456Z"))
    assert (found["report"]["format"], found["report"]["status"]) == ("fitbit", "parsed")
    (night,) = found["sleep_sessions"].to_pylist()
    assert (night["start_utc"], night["end_utc"], night["raw_row"]) == (START, END, 2)
    assert (night["asleep_minutes"], night["awake_minutes"]) == (480, 60)
    assert night["utc_offset_minutes"] == 60
    assert night["updated_utc"] == datetime(2026, 10, 25, 6, 0, 0, 123456, tzinfo=UTC)


def test_latency_is_a_stage_in_the_row_of_the_sleep():
    found = parsed(SLEEPS, sleep(), sleep(latency=12))
    (in_bed,) = found["sleep_stages"].to_pylist()
    assert (in_bed["stage"], in_bed["raw_row"]) == ("in_bed", 3)
    assert (in_bed["start_utc"], in_bed["end_utc"]) == (START, START + timedelta(minutes=12))


def test_placeholders_are_counted_and_what_cannot_be_read_is_rejected():
    found = parsed(
        SLEEPS,
        sleep(),
        sleep(end="2026-10-24 20:30:00+0000"),
        sleep(asleep=0, awake=0),
        sleep(start=""),
        sleep(end="2026-10-25 05:30:00"),
        sleep(asleep="long"),
        sleep(awake=""),
    )
    assert found["sleep_sessions"]["raw_row"].to_pylist() == [2]
    assert found["report"]["sentinels"] == {"placeholder_nights": 2}
    rejected = found["rejected"].to_pylist()
    assert [(row["raw_row"], row["column"], row["check"]) for row in rejected] == [
        (5, "sleep_start", "missing_time"), (6, "sleep_end", "not_a_time"),
        (7, "minutes_asleep", "not_a_number"), (8, "minutes_awake", "missing_value"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "minutes"), [("-04:00", -240), ("+0530", 330), ("", None), ("+99:00", None)]
)
def test_an_offset_is_that_of_the_place(written, minutes):
    (night,) = parsed(SLEEPS, sleep(offset=written))["sleep_sessions"].to_pylist()
    assert night.get("utc_offset_minutes") == minutes


def test_stages_have_their_names_and_a_short_awakening_is_cut_out_of_another():
    found = parsed(
        STAGES,
        stage("LIGHT", 0, 100),
        stage("AWAKE", 40, 43),
        stage("deep", 100, 130),
        stage("REM", 130, 140),
        stage("RESTLESS", 140, 145),
        stage("ASLEEP", 145, 150),
        stage("DREAM", 150, 160),
        stage("", 150, 160),
    )
    stages = found["sleep_stages"].to_pylist()
    minutes = [(row["end_utc"] - row["start_utc"]).total_seconds() / 60 for row in stages]
    assert list(zip([row["stage"] for row in stages], minutes, strict=True)) == [
        ("light", 40), ("light", 57), ("awake", 3), ("deep", 30), ("rem", 10), ("awake", 5),
        ("asleep", 5),
    ]  # fmt: skip
    assert [row["raw_row"] for row in stages] == [2, 2, 3, 4, 5, 6, 7]
    checks = found["rejected"]["check"].to_pylist()
    assert checks == ["unknown_stage", "missing_value"]


@given(
    st.lists(st.integers(1, 90), max_size=12),
    st.lists(st.tuples(st.integers(0, 400), st.integers(1, 9))),
)
def test_stages_and_awakenings_never_overlap(lengths, awakenings):
    lines, end = [], 0
    for length in lengths:
        lines.append(stage("LIGHT", end, end + length))
        end += length
    lines += [stage("AWAKE", start, start + length) for start, length in awakenings]
    stages = parsed(STAGES, *lines)["sleep_stages"].to_pylist()
    asleep = sorted((row["start_utc"], row["end_utc"]) for row in stages if row["stage"] != "awake")
    assert all(one[1] <= other[0] for one, other in pairwise(asleep))
    minutes = {n for start, length in awakenings for n in range(start, start + length)}
    left = set(range(end)) - minutes
    lasted = sum((last - first).total_seconds() / 60 for first, last in asleep)
    assert lasted >= len(left)
    for first, last in asleep:
        starts = {START + timedelta(minutes=start) for start, _ in awakenings}
        assert not any(first < start < last for start in starts)


def test_they_are_recognised_by_their_headers():
    for header in (SLEEPS, STAGES):
        assert exports.recognised_format(export_file_of(header + "\n").content) is fitbit
    other = export_file_of("sleep_start,sleep_end,note\n")
    assert exports.recognised_format(other.content) is not fitbit
