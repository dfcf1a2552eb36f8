"""Nights: when they were, how often a person was awake, and what is not known."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows import sleep, sleep_by_night
from tests.dataflows.sleep_examples import at, checked, day, resolved, session


def stages(start, *lengths, **values):
    """Stages that follow each other from a wall time on, as (kind, minutes)."""
    moment, rows = at(start), []
    for kind, minutes in lengths:
        end = moment + timedelta(minutes=minutes)
        rows.append({"start_utc": moment, "end_utc": end, "stage": kind, "raw_row": 2} | values)
        moment = end
    return rows


def nights_of(sessions, told=()):
    """Rows of the table of nights by wake date."""
    found = resolved(checked(sessions, told))
    daily = sleep.sleep_daily(found["sleep_sessions"])
    table = sleep_by_night.sleep_nights(found["sleep_sessions"], found["sleep_stages"], daily)
    return {row["local_date"]: row for row in table.to_pylist()}


def only(sessions, told=()):
    (row,) = nights_of(sessions, told).values()
    return row


def night(start="2026-03-02 23:00", end="2026-03-03 07:00", **values):
    return session(start, end, asleep_minutes=200.0, raw_row=2) | values


def test_a_night_is_told_with_the_date_of_its_evening_and_that_of_waking():
    row = only([night()])
    assert (row["night_of"], row["local_date"]) == (date(2026, 3, 2), date(2026, 3, 3))


@pytest.mark.parametrize(
    ("start", "end", "night_of"),
    [
        ("2026-03-03 00:30", "2026-03-03 07:00", date(2026, 3, 2)),
        ("2026-03-03 11:59", "2026-03-03 18:00", date(2026, 3, 2)),
        ("2026-03-03 12:00", "2026-03-03 18:00", date(2026, 3, 3)),
        ("2026-03-02 19:00", "2026-03-02 23:30", date(2026, 3, 2)),
    ],
)
def test_the_night_turns_at_noon(start, end, night_of):
    assert only([night(start, end)])["night_of"] == night_of


def test_the_evening_and_the_midpoint_are_those_of_the_wall_clock():
    start = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
    row = only([night(start, start + timedelta(hours=8), utc_offset_minutes=540)])
    assert (row["night_of"], row["local_date"]) == (date(2026, 3, 2), date(2026, 3, 3))
    assert row["midpoint_local_minutes"] == 3 * 60


def test_the_midpoint_lies_half_way_also_before_midnight():
    assert only([night("2026-03-02 20:00", "2026-03-03 02:00")])["midpoint_local_minutes"] == 1380
    assert only([night()])["midpoint_local_minutes"] == 180


def test_the_figures_of_a_night_are_those_of_the_daily_table():
    told = stages("2026-03-02 23:00", ("light", 300), ("deep", 90), ("awake", 10), ("rem", 80))
    row = only([night(asleep_minutes=None)], told)
    figures = [row[f"{name}_minutes"] for name in ("asleep", "deep", "light", "rem", "awake")]
    assert figures == [470, 90, 300, 80, 10]
    assert (row["in_bed_minutes"], row["efficiency_ratio"]) == (480, 470 / 480)


def test_awakenings_lie_between_falling_asleep_and_waking():
    told = stages(
        "2026-03-02 23:00",
        ("awake", 20), ("light", 100), ("awake", 5), ("deep", 100), ("awake", 6), ("rem", 200),
        ("awake", 49),
    )  # fmt: skip
    row = only([night()], told)
    assert (row["awakening_count"], row["long_awakening_count"]) == (2, 1)
    assert (row["waso_minutes"], row["awake_minutes"]) == (11, 80)


def test_stages_awake_that_meet_are_one_awakening():
    told = stages(
        "2026-03-02 23:00", ("light", 100), ("awake", 3), ("awake", 3), ("rem", 374)
    )  # fmt: skip
    row = only([night()], told)
    assert (row["awakening_count"], row["long_awakening_count"], row["waso_minutes"]) == (1, 1, 6)


def test_a_night_without_an_awakening_has_none():
    row = only([night()], stages("2026-03-02 23:00", ("light", 480)))
    assert (row["awakening_count"], row["waso_minutes"]) == (0, 0)


def test_a_night_without_stages_does_not_say_how_often_the_person_was_awake():
    row = only([night()])
    names = ["awakening_count", "long_awakening_count", "waso_minutes", "latency_minutes"]
    assert [row[name] for name in names] == [None] * 4


def test_latency_is_known_only_from_a_stage_in_bed():
    asleep = stages("2026-03-02 23:00", ("awake", 15), ("light", 465))
    assert only([night()], asleep)["latency_minutes"] is None
    in_bed = stages("2026-03-02 23:00", ("in_bed", 15), ("light", 465))
    assert only([night()], in_bed)["latency_minutes"] == 15


def test_being_in_bed_only_after_falling_asleep_is_no_latency():
    told = stages("2026-03-02 23:00", ("light", 100), ("in_bed", 20), ("light", 360))
    assert only([night()], told)["latency_minutes"] is None


PARTS = (
    night("2026-03-02 23:00", "2026-03-03 02:00", asleep_minutes=170.0),
    night("2026-03-03 02:40", "2026-03-03 06:40", asleep_minutes=230.0, raw_row=3),
)


def test_sessions_after_a_short_pause_are_one_night_with_the_pause_apart():
    row = only(PARTS)
    assert (row["part_count"], row["pause_minutes"]) == (2, 40)
    assert (row["asleep_minutes"], row["in_bed_minutes"]) == (400, 420)
    assert row["end_utc"] - row["start_utc"] == timedelta(hours=7, minutes=40)
    assert row["midpoint_local_minutes"] == 2 * 60 + 50


def test_the_pause_in_a_night_is_an_awakening():
    told = stages("2026-03-02 23:00", ("light", 170), ("awake", 10)) + stages(
        "2026-03-03 02:40", ("light", 240), raw_row=3
    )
    row = only(PARTS, told)
    assert (row["awakening_count"], row["waso_minutes"]) == (1, 50)


def test_a_part_without_stages_leaves_the_awakenings_unknown():
    row = only(PARTS, stages("2026-03-02 23:00", ("light", 170), ("awake", 10)))
    assert (row["awakening_count"], row["waso_minutes"]) == (None, None)


def test_naps_stand_beside_their_night_and_a_nap_in_parts_is_one():
    naps = [
        night("2026-03-03 13:00", "2026-03-03 13:30", asleep_minutes=25.0, raw_row=3),
        night("2026-03-03 14:00", "2026-03-03 14:30", asleep_minutes=20.0, raw_row=4),
        night("2026-03-03 18:00", "2026-03-03 18:30", asleep_minutes=15.0, raw_row=5),
    ]
    row = only([night(), *naps])
    assert (row["nap_count"], row["nap_asleep_minutes"]) == (2, 60)
    assert (row["asleep_minutes"], row["part_count"]) == (200, 1)


def test_a_night_without_naps_has_none_and_a_date_of_naps_alone_no_night():
    assert only([night()])["nap_count"] == 0
    nap = night("2026-03-05 13:00", "2026-03-05 13:30", asleep_minutes=25.0, is_nap=True)
    assert nights_of([nap]) == {}


def test_no_sleep_has_no_nights():
    assert nights_of([]) == {}


DAYS = st.integers(0, 6)


@st.composite
def weeks(draw):
    """Sessions of some nights of a week without a change of the clocks, with stages in the row."""
    sessions, told = [], []
    for row, number in enumerate(sorted(draw(st.sets(DAYS, min_size=1))), 2):
        start = at("2026-01-05 22:00") + timedelta(days=number, minutes=draw(st.integers(0, 240)))
        kinds = draw(st.lists(st.sampled_from(["light", "deep", "awake"]), min_size=1, max_size=6))
        end = start + timedelta(minutes=60 * len(kinds))
        sessions.append(session(start, end, asleep_minutes=30.0 * len(kinds), raw_row=row))
        if draw(st.booleans()):
            told += [
                {
                    "start_utc": start + timedelta(hours=place),
                    "end_utc": start + timedelta(hours=place + 1),
                    "stage": kind,
                    "raw_row": row,
                }
                for place, kind in enumerate(kinds)
            ]
    return sessions, told


def moved(rows, shift):
    return [row | {name: row[name] + shift for name in ("start_utc", "end_utc")} for row in rows]


@given(weeks())
@settings(max_examples=6, deadline=None)
def test_a_week_later_is_the_same_nights_a_week_later(told):
    week = timedelta(days=7)
    earlier, later = nights_of(*told), nights_of(*(moved(rows, week) for rows in told))
    dates = ("local_date", "night_of", "start_utc", "end_utc")
    expected = {
        date + week: row | {name: row[name] + week for name in dates}
        for date, row in earlier.items()
    }
    assert later == expected


@given(weeks(), st.randoms(use_true_random=False))
@settings(max_examples=6, deadline=None)
def test_the_order_of_rows_does_not_matter(told, random):
    sessions, rows = told
    assert nights_of(sessions, rows) == nights_of(
        random.sample(sessions, len(sessions)), random.sample(rows, len(rows))
    )


@given(weeks(), st.integers(0, 1000))
@settings(max_examples=6, deadline=None)
def test_one_more_night_changes_no_other(told, minutes):
    sessions, rows = told
    start = at("2026-01-20 22:00") + timedelta(minutes=minutes)
    more = session(start, start + timedelta(hours=6), asleep_minutes=300.0, raw_row=99)
    with_it = nights_of([*sessions, more], rows)
    added = {day("2026-01-21"), (start + timedelta(hours=7)).date()}
    before = nights_of(sessions, rows)
    assert {key: row for key, row in with_it.items() if key not in added} == before
