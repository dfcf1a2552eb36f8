"""The demo's charts in a real browser, by mouse, finger and keyboard."""

import re

import pytest

from tests.dashboard.conftest import NARROW, WIDE

DAY_MS = 86_400_000
LAYERS = {
    "systolic": ["systolic.morning", "systolic.evening", "systolic.other"],
    "diastolic": ["diastolic.morning", "diastolic.evening", "diastolic.other"],
    "heart": ["heart.mean", "heart.resting"],
    "sleep": ["sleep.total"],
    "quality": ["quality.efficiency"],
}
COMES_FROM = {
    "systolic": "blood_pressure_readings",
    "diastolic": "blood_pressure_readings",
    "heart": "heart_rate_samples",
    "sleep": "sleep_sessions",
    "quality": "sleep_sessions",
}
CHARTS = [*LAYERS]
each_chart = pytest.mark.parametrize("chart", CHARTS)


def test_all_charts_share_one_axis_of_time(demo):
    assert demo.model(f"new Set({CHARTS}.map((name) => chart(name).x_range.id)).size") == 1


@pytest.mark.parametrize(
    ("apart", "wide", "shown"),
    [(60, 40, [0, 1, 2, 3, 4]), (45, 40, [0, 2, 4]), (20, 40, [1, 4]), (5, 40, [4])],
)
def test_an_axis_labels_each_or_every_second_or_third_tick(demo, apart, wide, shown):
    filtered = f"""(() => {{
        const policy = chart('systolic').below[0].major_label_policy
        const distance = (i, j) => Math.abs(i - j) * {apart} - {wide}
        return [...policy.filter({{size: 5, *[Symbol.iterator]() {{ yield* [0, 1, 2, 3, 4] }} }},
                                 [], distance)]
    }})()"""
    assert demo.model(filtered) == shown


@each_chart
def test_the_crosshair_snaps_to_the_nearest_reading_in_all_charts(demo, chart):
    demo.page.evaluate(
        """() => {
            window.pointed = null;
            window.unwatched ??= window.crosshair.point;
            window.crosshair.point = function (chart, x) {
                if (Number.isFinite(x)) window.pointed = x;  // a finger has left by now
                window.unwatched.call(this, chart, x);
            };
        }"""
    )
    demo.point(chart, 0.52)
    demo.until("window.pointed !== null")
    spans = demo.model(
        f"{CHARTS}.map((name) => chart(name).center.find((one) => one.name === 'crosshair'))"
        ".map((one) => [one.id, one.location])"
    )
    assert len({tuple(one) for one in spans}) == 1
    location = spans[0][1]
    times = demo.model(f"{LAYERS[chart]}.flatMap((name) => [...source(name).data.time])")
    pointed = demo.page.evaluate("window.pointed")
    assert location == min(times, key=lambda time: abs(time - pointed))
    for name in CHARTS:
        ring = demo.model(f"[...source('{name}.ring').data.time]")
        assert all(abs(time - location) <= DAY_MS / 2 for time in ring)
    assert demo.model(f"source('{chart}.ring').data.time.length") == 1
    assert "2026" in demo.text("#readout .when")


@each_chart
def test_what_is_pressed_tells_where_it_comes_from(demo, chart):
    demo.press_point(chart, 0.4)
    demo.until_text("#origin", COMES_FROM[chart])
    demo.press_button("Close")
    assert demo.page.locator("#origin").is_hidden()


def test_a_reading_tells_its_file_and_row_and_every_node_between(demo):
    demo.press_point("diastolic", 0.4)
    demo.until_text("#origin", "blood-pressure-log.csv")
    demo.press(demo.page.get_by_text("Every node between"))
    assert "parsed_export" in demo.text("#origin")
    assert demo.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    demo.page.keyboard.press("Escape")
    assert demo.page.locator("#origin").is_hidden()


@each_chart
def test_the_keyboard_goes_from_reading_to_reading_and_asks_for_its_origin(demo, chart):
    demo.page.locator(f"[data-chart={chart}]").focus()
    demo.page.keyboard.press("ArrowLeft")
    first = demo.text("#readout .when")
    demo.page.keyboard.press("ArrowLeft")
    assert demo.text("#readout .when") != first
    demo.page.keyboard.press("ArrowRight")
    assert demo.text("#readout .when") == first
    demo.page.keyboard.press("Enter")
    demo.until_text("#origin", COMES_FROM[chart])
    assert demo.page.evaluate("document.activeElement.innerText") == "Close"
    demo.page.keyboard.press("Enter")
    assert demo.page.locator("#origin").is_hidden()
    assert demo.page.evaluate("document.activeElement.dataset.chart") == chart


def test_zooming_in_shows_single_samples_and_resetting_shows_days_again(demo):
    demo.choose("7 days")
    demo.until_text("#range", "7 days")
    reset = demo.page.get_by_role("button", name="Reset zoom")
    assert not reset.is_visible()
    step = "(({time}) => time[5] - time[4])(source('heart.mean').data)"
    before = demo.model(step)
    demo.drag(demo.over("heart", 0.4), 60 if demo.is_phone else 120, 3)
    demo.until_text("#heart", "single samples")
    assert demo.model(step) < before
    assert 0 <= reset.bounding_box()["y"] < 100, "it is at hand wherever the page stands"
    demo.press(reset)
    demo.until("!document.querySelector('#heart').innerText.includes('single samples')")
    assert not reset.is_visible()


def test_zooming_into_a_few_nights_shows_each_stage_when_it_was(demo):
    demo.choose("7 days")
    demo.until_text("#range", "7 days")
    demo.drag(demo.over("sleep", 0.4), 80 if demo.is_phone else 220, 3)
    demo.until_text("#sleep", "each from its beginning to its end")
    assert demo.model("source('sleep.stage').data.time.length") > 20
    assert demo.model("[...chart('sleep').left[0].major_label_overrides.values()]") == [
        "deep", "light", "REM", "awake",
    ]  # fmt: skip
    demo.page.locator("[data-chart=sleep]").focus()
    demo.page.keyboard.press("ArrowRight")
    assert re.search(r"sleep stage (deep|light|REM|awake), \d+ min", demo.text("#readout"))
    demo.page.keyboard.press("Enter")
    demo.until_text("#origin", "sleep_stages")
    assert demo.page.locator("#origin table").first.locator("tbody tr").count() == 1
    demo.press_button("Reset zoom")
    demo.until_text("#sleep", "main sleep by its wake date")
    assert demo.model("chart('sleep').left[0].ticker.type") == "BasicTicker"


@WIDE
def test_the_wheel_zooms_only_with_the_control_key(demo):
    width = "chart('heart').x_range.end - chart('heart').x_range.start"
    before = demo.model(width)
    demo.page.mouse.move(*demo.over("heart", 0.5))
    demo.page.mouse.wheel(0, -200)
    demo.page.wait_for_timeout(100)
    assert demo.model(width) == before
    demo.over("heart", 0.5)
    demo.page.keyboard.down("Control")
    demo.page.mouse.wheel(0, -200)
    demo.page.keyboard.up("Control")
    demo.until_model(f"{width} < {before}")
    demo.press_button("Reset zoom")
    demo.until_model(f"{width} === {before}")


@NARROW
@each_chart
def test_a_finger_on_a_chart_moves_the_page_up_and_down(demo, chart):
    days = demo.model("[chart('heart').x_range.start, chart('heart').x_range.end]")
    place, before = demo.over(chart, 0.5), demo.page.evaluate("scrollY")
    demo.drag(place, 0, -150)
    demo.until("(before) => scrollY > before + 60", before)
    demo.page.wait_for_timeout(200)
    assert demo.model("[chart('heart').x_range.start, chart('heart').x_range.end]") == days
