"""Golden weeks: what each protocol drops, what it needs, what it calls high, and who says so."""

import random
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows import home_schemas
from dataflows.blood_pressure_quality import TARGETS
from dataflows.guidelines import GUIDELINES, Band
from dataflows.home_protocols import PROTOCOLS, protocol_of
from tests.dataflows.home_examples import (
    FIRST_DAY,
    full_day,
    full_days,
    judged,
    means,
    reading,
    sitting,
    table,
    under,
)

ESC = "ESC 2024: two readings, morning and evening, 3 to 7 days, all averaged"
AHA = "LOINC 96607-7: at least 12 readings over at least 3 days in a row; TargetBP: 130/80"
ESH = "J Clin Hypertens 2018;20:1116 table 3 [2nd]: at least 4 days, day 1 dropped, 12 readings"
CANADA = "CHEP 2017: seven days, day 1 dropped, the six days that follow"
CANADA_25 = "CMAJ 2025;197:E549: 130/80; schedule of 2020"
NICE = "NICE NG136 1.2.8: at least 4 days, day 1 dropped, all others averaged"
JSH = "Ohasama Study group on JSH 2019 [2nd]: at least 5 days, the morning or the evening mean"
JABFM = "jabfm.org, markup/8155: 5 days in a row, two days and the first of three dropped"

HIGH, LOW = (170, 110), (120, 70)
ALL = [
    ("esc_2024", ESC),
    ("aha_ama_2020", AHA),
    ("esh_2018", ESH),
    ("canada_2020", CANADA),
    ("canada_2025", CANADA_25),
    ("nice", NICE),
    ("jsh_2019", JSH),
    ("jabfm", JABFM),
]


def week(first=LOW, second=LOW, others=LOW, *, count=2):
    """Seven full days, of which the first two may differ from the others."""
    days = [full_day(0, first, count=count), full_day(1, second, count=count)]
    return sum(days, full_days(*range(2, 7), pair=others, count=count))


def test_the_protocols_are_these():
    assert [protocol.name for protocol in PROTOCOLS] == [name for name, _ in ALL]
    assert {protocol.name: protocol.title for protocol in PROTOCOLS} == {
        "esc_2024": "ESC 2024",
        "aha_ama_2020": "AHA/AMA 2020",
        "esh_2018": "ESH group 2018",
        "canada_2020": "Hypertension Canada 2020",
        "canada_2025": "Hypertension Canada 2025",
        "nice": "NICE NG136",
        "jsh_2019": "JSH 2019",
        "jabfm": "JABFM",
    }


def test_every_guideline_has_one_protocol_whose_mean_it_classifies():
    assert [protocol_of(name).name for name in GUIDELINES] == [
        "aha_ama_2020",
        "esc_2024",
        "esh_2018",
        "jsh_2019",
        "nice",
        "canada_2020",
        "canada_2025",
    ]


def test_a_protocols_line_is_where_the_log_stops_being_at_target():
    lines = {name: Band("high", each.systolic, each.diastolic) for name, each in TARGETS.items()}
    assert {name: protocol_of(name).high for name in GUIDELINES} == lines


@pytest.mark.parametrize(
    ("protocol", "count", "first", "second", "readings", "source"),
    [
        ("esc_2024", 2, True, True, 28, ESC),
        ("aha_ama_2020", 2, True, True, 28, AHA),
        ("esh_2018", 2, False, True, 24, ESH),
        ("canada_2020", 2, False, True, 24, CANADA),
        ("canada_2025", 2, False, True, 24, CANADA_25),
        ("nice", 2, False, True, 24, NICE),
        ("jsh_2019", 2, True, True, 28, JSH),
        ("jabfm", 3, False, False, 20, JABFM),
    ],
)
def test_each_protocol_drops_its_own_days(protocol, count, first, second, readings, source):
    plain = under(protocol, *week(count=count))
    assert (plain["complete"], plain["reading_count"]) == (True, readings), source
    assert plain["day_count"] == 5 + first + second, source
    assert means(plain) == LOW
    assert (means(under(protocol, *week(first=HIGH, count=count))) != LOW) is first, source
    assert (means(under(protocol, *week(second=HIGH, count=count))) != LOW) is second, source


def test_day_1_is_the_first_day_of_the_series_and_not_of_the_days_that_are_judged():
    long = full_days(*range(7)) + full_day(7, HIGH) + full_days(*range(8, 14))
    found = under("nice", *long)
    assert (found["period_start"], found["period_end"]) == (
        FIRST_DAY + timedelta(days=7),
        FIRST_DAY + timedelta(days=13),
    )
    assert found["series_start"] == FIRST_DAY
    assert found["reading_count"] == 28
    assert means(found)[0] == pytest.approx((4 * 170 + 24 * 130) / 28)


def test_jabfm_drops_the_first_of_each_three_readings():
    rows = [
        found
        for day in range(7)
        for clock in ("07:00", "20:00")
        for found in sitting(day, clock, HIGH, LOW, (122, 72))
    ]
    found = under("jabfm", *rows)
    assert means(found) == (121, 71), JABFM
    assert (found["morning_reading_count"], found["evening_reading_count"]) == (10, 10)


def test_jabfm_counts_no_sitting_of_two():
    rows = week(count=3) + sitting(3, "09:00", HIGH, HIGH)
    assert means(under("jabfm", *rows)) == LOW


@pytest.mark.parametrize(
    ("protocol", "rows", "lacks", "source"),
    [
        ("esc_2024", full_days(0, 1, 2), None, ESC),
        ("esc_2024", full_days(0, 2, 4), None, ESC),
        ("esc_2024", full_days(0, 1), ("8 of 12 readings, 2 of 3 days, 2 of 3 mornings, "
         "2 of 3 evenings"), ESC),
        ("esc_2024", full_days(0, 1, 2)[:-1], "11 of 12 readings", ESC),
        ("esc_2024", full_days(0, 1, count=3), "2 of 3 days, 2 of 3 mornings, 2 of 3 evenings",
         ESC),
        ("aha_ama_2020", full_days(0, 1, 2), None, AHA),
        ("aha_ama_2020", full_days(0, 1, 2)[1:], "11 of 12 readings", AHA),
        ("aha_ama_2020", full_days(0, 2, 4), "1 of 3 days in a row", AHA),
        ("aha_ama_2020", full_days(0, 1, 3, 4), "2 of 3 days in a row", AHA),
        ("aha_ama_2020", full_days(0, 1, 2, count=3)[:-3], "2 of 3 evenings", AHA),
        ("aha_ama_2020", full_days(0, 1, 2, count=3)[3:], "2 of 3 mornings", AHA),
        ("esh_2018", full_days(0, 1, 2, 3), None, ESH),
        ("esh_2018", full_days(0, 1, 2), ("8 of 12 readings, 3 of 4 days, 2 of 3 mornings, "
         "2 of 3 evenings"), ESH),
        ("esh_2018", full_days(0, 1, 2, 3)[:-1], "11 of 12 readings", ESH),
        ("nice", full_days(0, 1, 2, 3), None, NICE),
        ("nice", full_days(0, 1, 2, count=3), "3 of 4 days, 2 of 3 mornings, 2 of 3 evenings",
         NICE),
        ("nice", full_days(0, 1, 2, 3)[:-1], "11 of 12 readings", NICE),
        ("canada_2020", full_days(*range(7), count=1), None, CANADA),
        ("canada_2020", full_days(*range(6)), "6 of 7 days, 5 of 6 mornings, 5 of 6 evenings",
         CANADA),
        ("canada_2020", full_days(*range(7), count=1)[:-1], "11 of 12 readings, 5 of 6 evenings",
         CANADA),
        ("canada_2025", full_days(*range(7), count=1), None, CANADA_25),
        ("canada_2025", full_days(*range(6)), "6 of 7 days, 5 of 6 mornings, 5 of 6 evenings",
         CANADA_25),
        ("canada_2025", full_days(*range(7), count=1)[:-1], "11 of 12 readings, 5 of 6 evenings",
         CANADA_25),
        ("jsh_2019", full_days(*range(5), count=1), None, JSH),
        ("jsh_2019", full_days(*range(4)), "4 of 5 days, 4 of 5 mornings, 4 of 5 evenings", JSH),
        ("jsh_2019", full_days(*range(5), count=1)[:-1], "9 of 10 readings, 4 of 5 evenings", JSH),
        ("jsh_2019", full_days(*range(5), count=1)[1:], "9 of 10 readings, 4 of 5 mornings", JSH),
        ("jabfm", full_days(*range(5), count=3), None, JABFM),
        ("jabfm", full_days(*range(5), count=3)[:-1], ("10 of 12 readings after the first in "
         "sittings of 3, 2 of 3 evenings"), JABFM),
        ("jabfm", full_days(*range(4), count=4), ("4 of 5 days in a row, 2 of 3 mornings, "
         "2 of 3 evenings"), JABFM),
        ("jabfm", full_days(0, 1, 2, 3, 5, 6, count=3), "4 of 5 days in a row", JABFM),
    ],
)  # fmt: skip
def test_a_series_is_refused_with_what_it_lacks(protocol, rows, lacks, source):
    found = under(protocol, *rows)
    assert found["missing"] == lacks, source
    assert found["complete"] is (lacks is None)
    is_averaged = [value is not None for name, value in found.items() if "mean_mmhg" in name]
    assert is_averaged == [lacks is None] * 6
    if lacks:
        assert (found["category"], found["is_high"], found["judged_by"]) == (None, None, None)


def test_half_a_week_is_told_in_readings_and_mornings():
    rows = [found for day in range(4) for found in sitting(day, "07:00", *[LOW] * (1 + day % 2))]
    rows += [reading(day, "20:00") for day in (0, 4, 5, 6)]
    assert under("canada_2020", *rows)["missing"] == (
        "8 of 12 readings, 3 of 6 mornings, 3 of 6 evenings"
    )


@pytest.mark.parametrize(
    ("protocol", "guideline", "pair", "category", "is_high", "source"),
    [
        ("esc_2024", "esc_2024", (134, 84), "elevated", False, ESC),
        ("esc_2024", "esc_2024", (135, 70), "hypertension", True, ESC),
        ("esc_2024", "esc_2024", (120, 85), "hypertension", True, ESC),
        ("esc_2024", "esc_2024", (119, 69), "non_elevated", False, ESC),
        ("aha_ama_2020", "aha_acc_2025", (129, 79), "elevated", False, AHA),
        ("aha_ama_2020", "aha_acc_2025", (130, 79), "stage_1_hypertension", True, AHA),
        ("aha_ama_2020", "aha_acc_2025", (110, 80), "stage_1_hypertension", True, AHA),
        ("aha_ama_2020", "aha_acc_2025", (135, 80), "stage_2_hypertension", True, AHA),
        ("esh_2018", "esh_2023", (134, 84), "below_hypertension", False, ESH),
        ("esh_2018", "esh_2023", (135, 84), "hypertension", True, ESH),
        ("esh_2018", "esh_2023", (134, 85), "hypertension", True, ESH),
        ("canada_2020", "canada_2020", (134, 84), "below_hypertension", False, CANADA),
        ("canada_2020", "canada_2020", (135, 84), "hypertension", True, CANADA),
        ("canada_2020", "canada_2020", (134, 85), "hypertension", True, CANADA),
        ("canada_2025", "canada_2025", (129, 79), "below_hypertension", False, CANADA_25),
        ("canada_2025", "canada_2025", (130, 79), "hypertension", True, CANADA_25),
        ("canada_2025", "canada_2025", (129, 80), "hypertension", True, CANADA_25),
        ("nice", "nice", (134, 84), "below_hypertension", False, NICE),
        ("nice", "nice", (135, 84), "stage_1_range", True, NICE),
        ("nice", "nice", (134, 85), "stage_1_range", True, NICE),
        ("nice", "nice", (150, 84), "stage_2_range", True, NICE),
        ("jsh_2019", "jsh_2019", (134, 84), "elevated", False, JSH),
        ("jsh_2019", "jsh_2019", (135, 84), "grade_1_hypertension", True, JSH),
        ("jsh_2019", "jsh_2019", (134, 85), "grade_1_hypertension", True, JSH),
        ("jabfm", None, (170, 110), None, None, JABFM),
    ],
)
def test_a_mean_is_judged_by_the_protocols_own_line(
    protocol, guideline, pair, category, is_high, source
):
    found = under(protocol, *full_days(*range(7), pair=pair, count=3))
    assert (found["guideline"], found["category"]) == (guideline, category), source
    assert found["is_high"] is is_high, source
    assert means(found) == pair


def test_the_exact_mean_is_judged_and_not_the_rounded_one():
    rows = full_days(*range(7), pair=(135, 84))
    rows[-1] |= {"systolic_mmhg": 134}
    found = under("esc_2024", *rows)
    assert 134.5 < found["systolic_mean_mmhg"] < 135
    assert (found["category"], found["is_high"]) == ("elevated", False)


@pytest.mark.parametrize(
    ("morning", "evening", "category", "judged_by"),
    [
        ((140, 80), (120, 70), "grade_1_hypertension", "morning"),
        ((120, 70), (140, 80), "grade_1_hypertension", "evening"),
        ((134, 84), (145, 70), "grade_2_hypertension", "evening"),
        ((136, 80), (120, 86), "grade_1_hypertension", "morning_and_evening"),
        ((120, 70), (121, 71), "high_normal", "morning_and_evening"),
    ],
)
def test_under_jsh_the_morning_or_the_evening_decides(morning, evening, category, judged_by):
    found = under("jsh_2019", *full_days(*range(5), morning=morning, evening=evening))
    assert (found["category"], found["judged_by"]) == (category, judged_by), JSH
    assert found["is_high"] is ("hypertension" in category)
    assert found["systolic_mean_mmhg"] == (morning[0] + evening[0]) / 2


def test_the_other_protocols_judge_the_mean_over_all():
    rows = full_days(*range(7), morning=(140, 80), evening=(120, 70))
    found = under("esc_2024", *rows)
    assert (found["category"], found["judged_by"]) == ("elevated", "mean")
    assert means(found) == (130, 75)
    assert (found["systolic_morning_mean_mmhg"], found["diastolic_morning_mean_mmhg"]) == (140, 80)
    assert (found["systolic_evening_mean_mmhg"], found["diastolic_evening_mean_mmhg"]) == (120, 70)


def test_under_jsh_an_occasion_counts_once_however_often_it_was_measured():
    rows = full_days(1, 2, 3, 4, 5, morning=(120, 70), evening=(120, 70))
    rows += sitting(0, "07:00", *[(150, 94)] * 4) + sitting(0, "20:00", (120, 70))
    pooled, occasions = under("esc_2024", *rows), under("jsh_2019", *rows)
    assert pooled["systolic_morning_mean_mmhg"] == (4 * 150 + 10 * 120) / 14
    assert occasions["systolic_morning_mean_mmhg"] == (150 + 5 * 120) / 6, JSH
    assert occasions["diastolic_morning_mean_mmhg"] == (94 + 5 * 70) / 6, JSH
    assert means(pooled) == means(occasions)


def test_readings_between_morning_and_evening_are_no_protocols():
    rows = full_days(*range(3)) + [reading(day, "14:00", *HIGH) for day in range(3)]
    assert under("esc_2024", *rows)["systolic_mean_mmhg"] == 130
    only = under("esc_2024", *(reading(day, "14:00") for day in range(4)))
    assert only["missing"] == "0 of 12 readings, 0 of 3 days, 0 of 3 mornings, 0 of 3 evenings"


def test_cuffless_readings_are_in_no_mean():
    rows = [*full_days(*range(7)), reading(1, "07:05", *HIGH, source="mi_fitness")]
    assert judged(*rows) == judged(*full_days(*range(7)))


def test_every_series_has_a_row_of_every_protocol():
    rows = judged(*full_days(0, 1, 2), *full_days(10, 11, 12, 13))
    assert [row["protocol"] for row in rows] == [name for name, _ in ALL] * 2
    starts = [row["series_start"] for row in rows]
    assert starts == [FIRST_DAY] * 8 + [FIRST_DAY + timedelta(days=10)] * 8


def test_without_readings_there_is_the_empty_table():
    assert judged() == []
    assert table().num_rows == 0


def test_the_first_columns_are_those_of_the_contract():
    assert home_schemas.COLUMNS.names[:15] == [
        "protocol",
        "guideline",
        "period_start",
        "period_end",
        "complete",
        "reading_count",
        "day_count",
        "missing",
        "systolic_mean_mmhg",
        "diastolic_mean_mmhg",
        "category",
        "systolic_morning_mean_mmhg",
        "diastolic_morning_mean_mmhg",
        "systolic_evening_mean_mmhg",
        "diastolic_evening_mean_mmhg",
    ]


@st.composite
def logs(draw):
    """Some readings of three weeks, at any minute of the day."""
    chance = random.Random(draw(st.integers(0, 10**6)))
    days = sorted(draw(st.sets(st.integers(0, 20), min_size=1, max_size=12)))
    return [
        reading(day, f"{hour:02}:{chance.randrange(60):02}", chance.randint(90, 180), 70, raw_row=n)
        for n, day in enumerate(days * 4, 2)
        for hour in [chance.choice([6, 7, 8, 14, 19, 20, 21])]
    ]


@given(logs(), st.randoms())
@settings(max_examples=25, deadline=None)
def test_the_order_of_rows_is_irrelevant(rows, chance):
    mixed = chance.sample(rows, len(rows))
    assert judged(*mixed) == judged(*rows)


def later(value, days):
    return value + timedelta(days=days) if isinstance(value, date) else value


@given(logs(), st.integers(-3, 3))
@settings(max_examples=25, deadline=None)
def test_a_shift_of_all_data_by_whole_weeks_shifts_the_results(rows, weeks):
    shifted = [{name: later(value, 7 * weeks) for name, value in row.items()} for row in rows]
    expected = [
        {name: later(value, 7 * weeks) for name, value in row.items()} for row in judged(*rows)
    ]
    assert judged(*shifted) == expected


@given(logs(), st.integers(23, 40))
@settings(max_examples=25, deadline=None)
def test_a_reading_far_from_a_series_changes_nothing_of_it(rows, day):
    added = judged(*rows, reading(day, "07:00", *HIGH))
    assert added[:-8] == judged(*rows)
