"""Alerts: severe single readings, in the words of the chosen guideline, and never a category."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows.blood_pressure_alerts import ADVICE
from dataflows.guidelines import GUIDELINES, UnknownGuidelineError
from tests.dataflows.home_examples import alerts, reading

NAMES = sorted(GUIDELINES)


@pytest.mark.parametrize(
    ("guideline", "pairs"),
    [
        ("aha_acc_2025", [(181, 100), (179, 121)]),
        ("esc_2024", [(180, 120), (181, 100), (178, 111), (179, 121)]),
        ("nice", [(180, 120), (181, 100), (179, 121)]),
    ],
)
def test_which_readings_are_severe_is_the_guidelines_own(guideline, pairs):
    rows = [(180, 120), (181, 100), (178, 111), (179, 121), (150, 95)]
    found = alerts(guideline, *(reading(n, "07:00", *pair) for n, pair in enumerate(rows)))
    assert [(row["systolic_mmhg"], row["diastolic_mmhg"]) for row in found] == pairs


def test_an_alert_names_its_reading_and_its_guideline():
    row = reading(0, "07:00", 190, 100, raw_row=17)
    (found,) = alerts("esc_2024", reading(0, "06:00"), row)
    kept = ("local_date", "start_utc", "systolic_mmhg", "source", "raw_sha256", "raw_row")
    assert {name: found[name] for name in kept} == {name: row[name] for name in kept}
    assert (found["guideline"], found["alert"]) == ("esc_2024", "severe_range")
    assert found["measurement"] == "cuff"


@pytest.mark.parametrize(
    ("guideline", "words"),
    [
        ("aha_acc_2025", ["AHA/ACC 2025 (>180 and/or >120", "after 5 minutes", "severe hypert"]),
        ("esc_2024", ["ESC 2024 (>=180 and/or >=110", "1 to 2 minutes", "hypertensive emergency"]),
        ("esh_2023", ["ESH 2023 (>=180 and/or >=110", "1 to 2 minutes", "grade 3"]),
        ("jsh_2019", ["JSH 2019 (>=180 and/or >=120", "1 to 2 minutes"]),
        ("nice", ["NICE NG136 (>=180 and/or >=120", "within 7 days", "same-day assessment"]),
        ("canada_2020", ["Hypertension Canada 2020 (>=180 and/or >=110", "rarely an emergency"]),
        ("canada_2025", ["Hypertension Canada 2025 (>=180 and/or >=110", "rarely an emergency"]),
    ],
)
def test_the_advice_is_worded_as_the_guideline_does(guideline, words):
    (found,) = alerts(guideline, reading(0, "07:00", 200, 125))
    for word in [*words, "easure again", "Not a diagnosis", "call"]:
        assert word in found["advice"]


def test_the_advice_of_esc_2024_in_full():
    (found,) = alerts("esc_2024", reading(0, "07:00", 200, 125))
    assert found["advice"] == (
        "In the severe range of ESC 2024 (>=180 and/or >=110 mmHg). Rest, measure again after 1 to "
        "2 minutes. Still so, without symptoms: see a doctor within days. With chest or back pain, "
        "breathlessness, weakness, numbness, confusion, or a change of sight or speech: call the "
        "emergency number now. With acute organ damage this is a hypertensive emergency. Not a "
        "diagnosis."
    )


@pytest.mark.parametrize("guideline", NAMES)
def test_the_advice_begins_with_its_range_and_a_second_measurement(guideline):
    (found,) = alerts(guideline, reading(0, "07:00", 200, 125))
    title, severe = GUIDELINES[guideline].title, GUIDELINES[guideline].severe
    head = f"In the severe range of {title} ({severe}). Rest, measure again after "
    assert found["advice"].startswith(head)


@pytest.mark.parametrize("guideline", NAMES)
def test_every_guideline_says_to_repeat_and_what_to_do_with_symptoms(guideline):
    assert "without symptoms" in ADVICE[guideline]
    assert "With " in ADVICE[guideline]
    assert "crisis" not in ADVICE[guideline]
    assert "urgency" not in ADVICE[guideline]


def test_a_cuffless_reading_is_alerted_apart_and_asks_for_a_cuff():
    (found,) = alerts("esc_2024", reading(0, "07:00", 190, 100, source="mi_fitness"))
    assert found["measurement"] == "cuffless"
    assert found["advice"].startswith("Estimated without a cuff: measure with one first. In the")


def test_a_guideline_that_nobody_knows_is_refused():
    with pytest.raises(UnknownGuidelineError):
        alerts("esc_2042", reading(0, "07:00"))


def test_without_severe_readings_the_table_is_empty():
    assert alerts("esc_2024") == []
    assert alerts("esc_2024", reading(0, "07:00")) == []


@given(st.sampled_from(NAMES), st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_a_reading_never_changes_what_is_said_of_another(guideline, seed):
    chance = random.Random(seed)
    rows = [
        reading(day, "07:00", chance.randint(120, 220), chance.randint(60, 130))
        for day in range(chance.randrange(5))
    ]
    apart = [found for row in rows for found in alerts(guideline, row)]
    assert alerts(guideline, *rows) == apart
