"""The demo's page in a real browser, wide and narrow: its controls, texts, files and tabs."""

import csv
import io
import re
import time

import pytest

from tests.dashboard.conftest import NARROW, program
from tests.dashboard.visiting import DESKTOP, PHONE

CHARTS = ("systolic", "diastolic", "heart", "sleep", "quality")


def test_without_a_click_the_synthetic_demo_is_there(demo):
    assert "demo" in demo.text("#headline")
    assert "synthetic" in demo.text("#headline")
    assert re.search(r"\d+/\d+ mmHg", demo.text("#cards").replace("\n", " "))
    assert "readings on" in demo.text("#cards")
    assert "90 days" in demo.text("#range")
    for chart in CHARTS:
        canvas = demo.page.locator(f"[data-chart={chart}] canvas").first
        assert canvas.bounding_box()["width"] > (300 if demo.is_phone else 600)
    assert demo.model("source('systolic.morning').data.time.length") > 20


@pytest.mark.parametrize("quick", ["7 days", "30 days", "1 year", "all"])
def test_a_quick_range_moves_every_chart_and_figure(demo, quick):
    days = {"7 days": "7 days", "30 days": "30 days", "1 year": "365 days", "all": "420 days"}
    demo.choose(quick)
    demo.until_text("#range", days[quick])
    start, end = demo.model("[chart('systolic').x_range.start, chart('systolic').x_range.end]")
    assert round((end - start) / 86_400_000) == int(days[quick].split()[0])


@pytest.mark.parametrize(("handle", "days"), [("lower", 91), ("upper", 89)])
def test_the_slider_moves_by_keyboard(demo, handle, days):
    demo.open_controls()
    place = demo.page.locator(f".noUi-handle-{handle}")
    place.focus()
    place.press("ArrowLeft")
    demo.until_text("#range", f"{days} days")


@pytest.mark.parametrize("handle", ["lower", "upper"])
def test_the_slider_is_drawn_by_hand(demo, handle):
    demo.open_controls()
    before = demo.text("#range")
    place = demo.page.locator(f".noUi-handle-{handle}")
    place.scroll_into_view_if_needed()
    box = place.bounding_box()
    demo.drag((box["x"] + box["width"] / 2, box["y"] + box["height"] / 2), -40)
    demo.until("(before) => document.querySelector('#range').innerText !== before", before)
    assert ("30 Jun 2026" in demo.text("#range")) == (handle == "lower")


def test_another_guideline_has_other_bands_and_other_shares(demo):
    demo.open_controls()
    assert "ESC 2024" in demo.text("#pressure")
    demo.page.locator("select").select_option("Hypertension Canada 2025")
    demo.until_text("#pressure", "Hypertension Canada 2025")
    assert list(demo.model("[...source('systolic.bands').data.y0]")) == [130]
    assert "not a diagnosis" in demo.text("#pressure")
    demo.page.locator("select").select_option("ESC 2024")
    demo.until_text("#pressure", "ESC 2024")


@pytest.mark.parametrize(
    ("signal", "figure"),
    [("blood pressure", "Blood pressure"), ("heart rate", "Resting"), ("sleep", "Asleep")],
)
def test_a_signal_can_be_left_out(demo, signal, figure):
    demo.open_controls()
    box = demo.page.get_by_label(signal, exact=True)
    demo.press(box)
    demo.until("(name) => document.querySelector(`[data-signal='${name}']`).hidden", signal)
    assert figure not in demo.text("#cards")
    demo.press(box)
    demo.until("(name) => !document.querySelector(`[data-signal='${name}']`).hidden", signal)
    assert figure in demo.text("#cards")


def test_the_period_before_is_told_only_when_asked_for(demo):
    demo.open_controls()
    box = demo.page.get_by_label("Compare with the period before")
    assert "before" in demo.text("#cards")
    demo.press(box)
    demo.until("!document.querySelector('#cards').innerText.includes('before')")
    demo.press(box)
    demo.until_text("#cards", "before")


def test_dark_mode_paints_the_charts_and_stays_after_a_reload(demo):
    colour = "chart('systolic').left[0].major_label_text_color"
    light = demo.model(colour)
    demo.press_button("Dark")
    assert demo.model(colour) != light
    demo.page.reload()
    demo.ready()
    assert demo.page.evaluate("document.documentElement.dataset.theme") == "dark"
    demo.press_button("Dark")
    assert demo.model(colour) == light


def test_the_controls_fold_away(demo):
    demo.open_controls()
    slider = demo.page.locator(".noUi-target")
    assert slider.is_visible()
    demo.press(demo.page.get_by_text("Range, view, login"))
    assert not slider.is_visible()
    demo.open_controls()
    assert slider.is_visible()


def test_the_keyboard_skips_to_the_charts(demo):
    link = demo.page.locator(".skip")
    link.focus()
    assert demo.page.evaluate("document.querySelector('.skip').getBoundingClientRect().x >= 0")
    link.press("Enter")
    assert demo.page.evaluate("document.activeElement.id") == "main"


@pytest.mark.parametrize(
    ("chart", "head", "output"),
    [
        ("pressure", "systolic mmHg", "blood_pressure_readings"),
        ("heart", "resting bpm", "heart_rate_days"),
        ("sleep", "REM h", "sleep_nights"),
    ],
)
def test_every_chart_has_a_table_and_a_file_that_follow_the_range(demo, chart, head, output):
    summary = demo.page.locator(f"details[data-table={chart}] > summary")
    demo.press(summary)
    demo.until_text(f"#table-{chart}", head)
    count = f"document.querySelectorAll('#table-{chart} tbody tr').length"
    before = demo.page.evaluate(count)
    demo.choose("7 days")
    demo.until(f"{count} < {before}")
    save = demo.page.locator(f"details[data-table={chart}] button")
    name, content = demo.downloaded(save)
    assert name == f"demo-{output}-2026-06-24-2026-06-30.csv"
    rows = [*csv.DictReader(io.StringIO(content.decode("utf-8-sig")))]
    assert {"2026-06-24", "2026-06-29"} <= {row["local_date"] for row in rows}
    demo.press(summary)
    assert not save.is_visible()


def test_csv_and_pdf_of_the_range_are_saved(demo):
    demo.choose("7 days")
    demo.until_text("#range", "7 days")
    name, content = demo.downloaded(demo.page.get_by_role("button", name="Days of the range"))
    rows = [*csv.DictReader(io.StringIO(content.decode("utf-8-sig")))]
    assert name == "demo-daily_metrics-2026-06-24-2026-06-30.csv"
    assert [row["local_date"] for row in rows][:: len(rows) - 1] == ["2026-06-24", "2026-06-30"]
    name, content = demo.downloaded(demo.page.get_by_role("button", name="Report as PDF"))
    assert name.endswith("2026-06-30.pdf")
    assert content.startswith(b"%PDF")


def test_each_tab_behind_the_numbers_tells_something(demo):
    tabs = demo.page.get_by_role("tab")
    told = set()
    for at in range(tabs.count()):
        before = demo.text("#detail")
        demo.press(tabs.nth(at))
        if at:
            demo.until("(before) => document.querySelector('#detail').innerText !== before", before)
        told.add(demo.text("#detail"))
        assert demo.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert len(told) == tabs.count() >= 6
    assert any("rows were taken out" in text for text in told)
    assert any("why it ran" in text for text in told)


def test_the_keyboard_goes_from_tab_to_tab(demo):
    tabs = demo.page.get_by_role("tab")
    tabs.first.focus()
    demo.page.keyboard.press("ArrowLeft")
    demo.until_text("#detail", "why it ran")
    assert tabs.last.get_attribute("aria-selected") == "true"
    demo.page.keyboard.press("ArrowRight")
    demo.until_text("#detail", "category")
    assert tabs.first.get_attribute("aria-selected") == "true"


@NARROW
def test_on_a_phone_nothing_is_wider_than_the_screen(demo):
    for summary in demo.page.locator("details > summary").all():
        if summary.is_visible():
            demo.press(summary)
    demo.until("document.querySelectorAll('details.rows table').length >= 3")
    assert demo.page.evaluate("document.documentElement.scrollWidth") <= 390
    demo.page.reload()
    demo.ready()


@NARROW
def test_on_a_phone_a_table_that_is_pushed_aside_still_tells_what_each_row_is(demo):
    moved = demo.page.evaluate("""() => {
        const table = document.querySelector('#detail .table')
        table.scrollLeft = 1000
        const first = table.querySelector('tbody td').getBoundingClientRect()
        return [table.scrollLeft, first.left - table.getBoundingClientRect().left]
    }""")
    assert moved[0] > 50
    assert 0 <= moved[1] <= 2


def test_a_new_generation_appears_without_a_reload_within_five_seconds(pages, public_home):
    wide, narrow = pages(DESKTOP), pages(PHONE)
    shown = re.search(r"generation (\d+)", wide.text("#headline"))
    newer = f"generation {int(shown[1]) + 1}"
    wrong = ("exclude", "blood-pressure-log.csv", "5", "--reason", "wrong cuff")
    program(public_home, "--profile", "demo", *wrong)
    program(public_home, "--profile", "demo")
    published = time.monotonic()
    wide.until_text("#headline", newer)
    narrow.until_text("#headline", newer)
    assert time.monotonic() - published < 5
