"""Golden tables: what each guideline calls a mean, at its boundaries, and where that was read."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows.guidelines import (
    DEFAULT_GUIDELINE,
    GUIDELINES,
    Band,
    UnknownGuidelineError,
    band_number,
    category,
    guideline_named,
    lines,
    shown,
)

AHA_OFFICE = "AHA/ACC 2025 categories, those of 2017 [2nd]"
AHA_HOME = "AHA pocket guide, table 7: home equivalents"
ESC = "Eur Heart J 2024;45:3912, table 5"
ESH_OFFICE = "ESH 2023 grades [2nd: epocrates, BMJ Best Practice]"
ESH_HOME = "J Clin Hypertens 2018;20:1116, table 3 [2nd]"
JSH_HOME = "JSH 2019 home grades [2nd: suntory-kenko.com]"
JSH_OFFICE = "JSH 2019, page 18 [2nd: medical.jiji.com]"
JSH_RECALL = "JSH 2019 [RECALL]"
NICE_HOME = "NICE NG136 1.2.7 and 1.2.8"
NICE_2ND = "NICE NG136, stage 2 [2nd]"
NICE_SEVERE = "NICE NG136 1.2.3"
CANADA_20 = "CHEP 2017; CMAJ, PMC8342011"
CANADA_OFFICE = "Hypertension Canada 2020, by hand in the office [2nd]"
CANADA_SEVERE = "Can J Cardiol 2020;36:596: 180/110 or higher [2nd]"
CANADA_25 = "CMAJ 2025;197:E549, the abstract"

GOLDEN = [
    ("aha_acc_2025", "office", 119, 79, "normal", AHA_OFFICE),
    ("aha_acc_2025", "office", 120, 79, "elevated", AHA_OFFICE),
    ("aha_acc_2025", "office", 129, 79, "elevated", AHA_OFFICE),
    ("aha_acc_2025", "office", 125, 80, "stage_1_hypertension", AHA_OFFICE),
    ("aha_acc_2025", "office", 119, 80, "stage_1_hypertension", AHA_OFFICE),
    ("aha_acc_2025", "office", 130, 79, "stage_1_hypertension", AHA_OFFICE),
    ("aha_acc_2025", "office", 139, 89, "stage_1_hypertension", AHA_OFFICE),
    ("aha_acc_2025", "office", 139, 90, "stage_2_hypertension", AHA_OFFICE),
    ("aha_acc_2025", "office", 140, 60, "stage_2_hypertension", AHA_OFFICE),
    ("aha_acc_2025", "home", 119.9, 79.9, "normal", AHA_HOME),
    ("aha_acc_2025", "home", 120, 79.9, "elevated", AHA_HOME),
    ("aha_acc_2025", "home", 129.9, 79.9, "elevated", AHA_HOME),
    ("aha_acc_2025", "home", 130, 79.9, "stage_1_hypertension", AHA_HOME),
    ("aha_acc_2025", "home", 119, 80, "stage_1_hypertension", AHA_HOME),
    ("aha_acc_2025", "home", 134.6, 84.9, "stage_1_hypertension", AHA_HOME),
    ("aha_acc_2025", "home", 135, 70, "stage_2_hypertension", AHA_HOME),
    ("aha_acc_2025", "home", 110, 85, "stage_2_hypertension", AHA_HOME),
    ("esc_2024", "office", 119.9, 69.9, "non_elevated", ESC),
    ("esc_2024", "office", 119, 70, "elevated", ESC),
    ("esc_2024", "office", 120, 69, "elevated", ESC),
    ("esc_2024", "office", 139.9, 89.9, "elevated", ESC),
    ("esc_2024", "office", 140, 60, "hypertension", ESC),
    ("esc_2024", "office", 118, 90, "hypertension", ESC),
    ("esc_2024", "home", 119.9, 69.9, "non_elevated", ESC),
    ("esc_2024", "home", 119, 70, "elevated", ESC),
    ("esc_2024", "home", 120, 69, "elevated", ESC),
    ("esc_2024", "home", 134.6, 84.9, "elevated", ESC),
    ("esc_2024", "home", 134.9, 84.9, "elevated", ESC),
    ("esc_2024", "home", 135.0, 60, "hypertension", ESC),
    ("esc_2024", "home", 118, 85, "hypertension", ESC),
    ("esh_2023", "office", 119, 79, "optimal", ESH_OFFICE),
    ("esh_2023", "office", 120, 79, "normal", ESH_OFFICE),
    ("esh_2023", "office", 119, 80, "normal", ESH_OFFICE),
    ("esh_2023", "office", 129, 84, "normal", ESH_OFFICE),
    ("esh_2023", "office", 130, 84, "high_normal", ESH_OFFICE),
    ("esh_2023", "office", 129, 85, "high_normal", ESH_OFFICE),
    ("esh_2023", "office", 139, 89, "high_normal", ESH_OFFICE),
    ("esh_2023", "office", 140, 89, "grade_1_hypertension", ESH_OFFICE),
    ("esh_2023", "office", 139, 90, "grade_1_hypertension", ESH_OFFICE),
    ("esh_2023", "office", 159, 99, "grade_1_hypertension", ESH_OFFICE),
    ("esh_2023", "office", 160, 99, "grade_2_hypertension", ESH_OFFICE),
    ("esh_2023", "office", 159, 100, "grade_2_hypertension", ESH_OFFICE),
    ("esh_2023", "office", 179, 109, "grade_2_hypertension", ESH_OFFICE),
    ("esh_2023", "office", 180, 109, "grade_3_hypertension", ESH_OFFICE),
    ("esh_2023", "office", 120, 110, "grade_3_hypertension", ESH_OFFICE),
    ("esh_2023", "home", 134.9, 84.9, "below_hypertension", ESH_HOME),
    ("esh_2023", "home", 135, 60, "hypertension", ESH_HOME),
    ("esh_2023", "home", 119, 85, "hypertension", ESH_HOME),
    ("jsh_2019", "office", 119, 79, "normal", JSH_OFFICE),
    ("jsh_2019", "office", 120, 79, "high_normal", JSH_OFFICE),
    ("jsh_2019", "office", 129, 79, "high_normal", JSH_OFFICE),
    ("jsh_2019", "office", 130, 79, "elevated", JSH_OFFICE),
    ("jsh_2019", "office", 119, 80, "elevated", JSH_OFFICE),
    ("jsh_2019", "office", 139, 89, "elevated", JSH_OFFICE),
    ("jsh_2019", "office", 140, 89, "grade_1_hypertension", JSH_OFFICE),
    ("jsh_2019", "office", 139, 90, "grade_1_hypertension", JSH_OFFICE),
    ("jsh_2019", "office", 159, 99, "grade_1_hypertension", JSH_OFFICE),
    ("jsh_2019", "office", 160, 99, "grade_2_hypertension", JSH_OFFICE),
    ("jsh_2019", "office", 159, 100, "grade_2_hypertension", JSH_OFFICE),
    ("jsh_2019", "office", 179, 109, "grade_2_hypertension", JSH_OFFICE),
    ("jsh_2019", "office", 180, 109, "grade_3_hypertension", JSH_OFFICE),
    ("jsh_2019", "office", 179, 110, "grade_3_hypertension", JSH_OFFICE),
    ("jsh_2019", "home", 114.9, 74.9, "normal", JSH_HOME),
    ("jsh_2019", "home", 115, 74.9, "high_normal", JSH_RECALL),
    ("jsh_2019", "home", 124.9, 74.9, "high_normal", JSH_RECALL),
    ("jsh_2019", "home", 125, 74.9, "elevated", JSH_RECALL),
    ("jsh_2019", "home", 114, 75, "elevated", JSH_RECALL),
    ("jsh_2019", "home", 134.9, 84.9, "elevated", JSH_RECALL),
    ("jsh_2019", "home", 135, 84, "grade_1_hypertension", JSH_HOME),
    ("jsh_2019", "home", 134, 85, "grade_1_hypertension", JSH_HOME),
    ("jsh_2019", "home", 144.9, 89.9, "grade_1_hypertension", JSH_HOME),
    ("jsh_2019", "home", 145, 89, "grade_2_hypertension", JSH_HOME),
    ("jsh_2019", "home", 144, 90, "grade_2_hypertension", JSH_HOME),
    ("jsh_2019", "home", 159.9, 99.9, "grade_2_hypertension", JSH_HOME),
    ("jsh_2019", "home", 160, 99, "grade_3_hypertension", JSH_HOME),
    ("jsh_2019", "home", 159, 100, "grade_3_hypertension", JSH_HOME),
    ("nice", "office", 139, 89, "below_hypertension", NICE_HOME),
    ("nice", "office", 140, 89, "stage_1_range", NICE_HOME),
    ("nice", "office", 139, 90, "stage_1_range", NICE_HOME),
    ("nice", "office", 159, 99, "stage_1_range", NICE_HOME),
    ("nice", "office", 160, 99, "stage_2_range", NICE_2ND),
    ("nice", "office", 159, 100, "stage_2_range", NICE_2ND),
    ("nice", "office", 179, 119, "stage_2_range", NICE_2ND),
    ("nice", "office", 180, 119, "severe_range", NICE_SEVERE),
    ("nice", "office", 179, 120, "severe_range", NICE_SEVERE),
    ("nice", "home", 134.9, 84.9, "below_hypertension", NICE_HOME),
    ("nice", "home", 135, 84, "stage_1_range", NICE_HOME),
    ("nice", "home", 134, 85, "stage_1_range", NICE_HOME),
    ("nice", "home", 149.9, 94.9, "stage_1_range", NICE_2ND),
    ("nice", "home", 150, 94, "stage_2_range", NICE_2ND),
    ("nice", "home", 149, 95, "stage_2_range", NICE_2ND),
    ("canada_2020", "office", 139, 89, "below_hypertension", CANADA_OFFICE),
    ("canada_2020", "office", 140, 89, "hypertension", CANADA_OFFICE),
    ("canada_2020", "office", 139, 90, "hypertension", CANADA_OFFICE),
    ("canada_2020", "home", 134.9, 84.9, "below_hypertension", CANADA_20),
    ("canada_2020", "home", 135, 84, "hypertension", CANADA_20),
    ("canada_2020", "home", 134, 85, "hypertension", CANADA_20),
    ("canada_2025", "office", 129, 79, "below_hypertension", CANADA_25),
    ("canada_2025", "office", 130, 79, "hypertension", CANADA_25),
    ("canada_2025", "office", 129, 80, "hypertension", CANADA_25),
    ("canada_2025", "home", 129.9, 79.9, "below_hypertension", CANADA_25),
    ("canada_2025", "home", 130, 79, "hypertension", CANADA_25),
    ("canada_2025", "home", 129, 80, "hypertension", CANADA_25),
]

AHA_SEVERE = "AHA/ACC 2025, section 6.2: above 180 and/or above 120"
ESC_SEVERE = "ESC 2024, section 10.1.1: 180/110 or higher"
SEVERE = [
    ("aha_acc_2025", 180, 120, False, AHA_SEVERE),
    ("aha_acc_2025", 181, 100, True, AHA_SEVERE),
    ("aha_acc_2025", 178, 111, False, AHA_SEVERE),
    ("aha_acc_2025", 179, 121, True, AHA_SEVERE),
    ("aha_acc_2025", 180.5, 80, True, AHA_SEVERE),
    ("esc_2024", 180, 120, True, ESC_SEVERE),
    ("esc_2024", 181, 100, True, ESC_SEVERE),
    ("esc_2024", 178, 111, True, ESC_SEVERE),
    ("esc_2024", 179, 121, True, ESC_SEVERE),
    ("esc_2024", 180, 109, True, ESC_SEVERE),
    ("esc_2024", 175, 110, True, ESC_SEVERE),
    ("esc_2024", 179, 109, False, ESC_SEVERE),
    ("nice", 180, 120, True, NICE_SEVERE),
    ("nice", 181, 100, True, NICE_SEVERE),
    ("nice", 178, 111, False, NICE_SEVERE),
    ("nice", 179, 121, True, NICE_SEVERE),
    ("nice", 180, 119, True, NICE_SEVERE),
    ("nice", 179, 120, True, NICE_SEVERE),
    ("nice", 179, 119, False, NICE_SEVERE),
    ("esh_2023", 180, 109, True, ESH_OFFICE),
    ("esh_2023", 179, 110, True, ESH_OFFICE),
    ("esh_2023", 179, 109, False, ESH_OFFICE),
    ("jsh_2019", 180, 119, True, JSH_RECALL),
    ("jsh_2019", 179, 120, True, JSH_RECALL),
    ("jsh_2019", 179, 119, False, JSH_RECALL),
    ("canada_2020", 180, 109, True, CANADA_SEVERE),
    ("canada_2020", 179, 110, True, CANADA_SEVERE),
    ("canada_2020", 179, 109, False, CANADA_SEVERE),
    ("canada_2025", 180, 109, True, CANADA_SEVERE),
    ("canada_2025", 179, 110, True, CANADA_SEVERE),
    ("canada_2025", 179, 109, False, CANADA_SEVERE),
]

NAMES = st.sampled_from(sorted(GUIDELINES))
SCALES = st.sampled_from(["home", "office"])
MEANS = st.fractions(40, 250, max_denominator=28)


@pytest.mark.parametrize(("name", "scale", "systolic", "diastolic", "expected", "source"), GOLDEN)
def test_a_mean_is_called_what_the_guideline_says(
    name, scale, systolic, diastolic, expected, source
):
    assert category(name, systolic, diastolic, scale) == expected, source


@pytest.mark.parametrize(("name", "systolic", "diastolic", "expected", "source"), SEVERE)
def test_a_reading_is_severe_where_its_guideline_says_so(
    name, systolic, diastolic, expected, source
):
    assert GUIDELINES[name].severe.holds(systolic, diastolic) is expected, source


def test_every_band_of_every_guideline_is_in_the_golden_table():
    told = {(name, scale, expected) for name, scale, _, _, expected, _ in GOLDEN}
    bands = {
        (name, scale, band.category)
        for name, guideline in GUIDELINES.items()
        for scale in ("home", "office")
        for band in guideline.bands(scale)
    }
    assert told == bands
    assert {name for name, *_ in SEVERE} == GUIDELINES.keys()


def test_the_guidelines_are_these_and_name_their_year():
    assert {name: guideline.title for name, guideline in GUIDELINES.items()} == {
        "aha_acc_2025": "AHA/ACC 2025",
        "esc_2024": "ESC 2024",
        "esh_2023": "ESH 2023",
        "jsh_2019": "JSH 2019",
        "nice": "NICE NG136",
        "canada_2020": "Hypertension Canada 2020",
        "canada_2025": "Hypertension Canada 2025",
    }
    assert DEFAULT_GUIDELINE == "esc_2024"


def test_home_is_the_scale_unless_another_is_named():
    assert category("esc_2024", 135, 60) == "hypertension"
    assert band_number("esc_2024", 135, 60) == 2
    assert lines("esc_2024") == ([120, 135], [70, 85])


def test_the_severe_range_tells_its_operator():
    assert str(GUIDELINES["aha_acc_2025"].severe) == ">180 and/or >120 mmHg"
    assert str(GUIDELINES["esc_2024"].severe) == ">=180 and/or >=110 mmHg"


def test_a_guideline_that_nobody_knows_is_refused_with_the_known_ones():
    with pytest.raises(UnknownGuidelineError, match="'esc_2042'; use one of aha_acc_2025, esc_2"):
        guideline_named("esc_2042")


@given(NAMES, SCALES, MEANS, MEANS, MEANS, MEANS)
def test_a_higher_pressure_is_never_in_a_lower_band(
    name, scale, systolic, diastolic, more, and_more
):
    low = band_number(name, systolic, diastolic, scale)
    assert band_number(name, systolic + more, diastolic + and_more, scale) >= low


@given(NAMES, SCALES, MEANS, MEANS)
def test_the_higher_of_the_two_categories_counts(name, scale, systolic, diastolic):
    alone = [band_number(name, systolic, 0, scale), band_number(name, 0, diastolic, scale)]
    assert band_number(name, systolic, diastolic, scale) == max(alone)


@given(NAMES, SCALES)
def test_bands_ascend(name, scale):
    for edges in lines(name, scale):
        assert edges == sorted(set(edges))


def test_a_band_without_lines_is_reached_by_nothing():
    assert not Band("lowest").is_reached(300, 200)


@pytest.mark.parametrize(
    ("mean", "text"),
    [
        (Fraction(1346, 10), "134.6"),
        (Fraction(13496, 100), "134.96"),
        (Fraction(269999, 2000), "134.9995"),
        (Fraction(135), "135"),
        (Fraction(1354, 10), "135"),
        (Fraction(1344, 10), "134"),
        (Fraction(1336, 10), "134"),
        (Fraction(1335, 10), "134"),
        (134.5, "134.5"),
        (119.75, "119.8"),
        (119.95, "119.95"),
    ],
)
def test_a_decimal_is_shown_where_rounding_would_cross_a_line(mean, text):
    assert shown(mean, [120, 135]) == text


def test_without_a_line_near_by_a_mean_is_whole():
    assert shown(Fraction(1346, 10), []) == "135"
    assert shown(Fraction(1346, 10), iter([120])) == "135"


@given(NAMES, SCALES, MEANS)
def test_what_is_shown_is_in_the_band_of_the_exact_mean(name, scale, mean):
    systolic_lines, diastolic_lines = lines(name, scale)
    by_systolic = Fraction(shown(mean, systolic_lines))
    by_diastolic = Fraction(shown(mean, diastolic_lines))
    assert band_number(name, by_systolic, 0, scale) == band_number(name, mean, 0, scale)
    assert band_number(name, 0, by_diastolic, scale) == band_number(name, 0, mean, scale)
    assert abs(by_systolic - mean) <= Fraction(1, 2)
