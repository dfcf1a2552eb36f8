"""The demo's page in a real browser, as a visitor has it."""

import csv
import io
import re
import sys
import time
from pathlib import Path

import pytest

from tests.dashboard import conftest
from tests.dashboard.conftest import environment, program, served

DAY_MS = 86_400_000
CHARTS = ("systolic", "diastolic", "heart", "sleep", "quality")
WAIT_MS = 30_000


class Visit(conftest.Visit):
    """An open page that is asked for its texts and charts."""

    def text(self, selector):
        return self.page.locator(selector).inner_text()

    def model(self, script):
        """Ask the charts: `chart(name)` and `source(name)` are there."""
        helpers = """
            const charts = Bokeh.documents[0].roots()
                .flatMap((root) => [root, ...(root.children ?? [])]);
            const chart = (name) => charts.find((one) => one.name === name && one.x_range);
            const source = (name) => charts.flatMap((one) => one.renderers ?? [])
                .find((one) => one.data_source.name === name).data_source;
        """
        return self.page.evaluate(f"() => {{ {helpers} return {script} }}")

    def until(self, script):
        self.page.wait_for_function(script, timeout=WAIT_MS)

    def until_text(self, selector, text):
        self.page.wait_for_function(
            "([selector, text]) => document.querySelector(selector).innerText.includes(text)",
            arg=[selector, text],
            timeout=WAIT_MS,
        )

    def downloaded(self, button):
        """The name and the bytes of the file that a button saves."""
        with self.page.expect_download() as download:
            self.page.get_by_role("button", name=button).first.click()
        return download.value.suggested_filename, Path(download.value.path()).read_bytes()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("dashboard") / "data"


@pytest.fixture(scope="module")
def address(chromium, home):
    """`serve` as on a fresh clone: nothing was ever run."""
    command = [sys.executable, "cli.py", "--home", home, "serve", "--port", "{port}"]
    with served(command, environment(home.parent / "elsewhere"), home.parent / "log") as url:
        yield f"{url}/"


@pytest.fixture(scope="module")
def visits(chromium, address):
    """A page of each size, opened once: loading it takes longer than most of what is tried."""
    opened = {}

    def of(width, height):
        if (width, height) not in opened:
            found = Visit(chromium.new_page(viewport={"width": width, "height": height}))
            conftest._listen(found)
            found.page.goto(address)
            opened[width, height] = found.ready()
        return opened[width, height]

    return of


@pytest.fixture
def visit(address, visits, request):
    """A visitor's page, as it begins; whatever goes wrong in it fails the test."""
    found = visits(*getattr(request, "param", (1440, 1000)))
    yield found
    found.page.keyboard.press("Escape")
    if "90 days" not in found.text("#range"):
        found.page.get_by_role("button", name="90 days", exact=True).click()
        found.until_text("#range", "90 days")
    assert found.complaints == []
    assert found.hosts == {address.split("/")[2]}


def span_of(visit):
    return visit.model("[chart('systolic').x_range.start, chart('systolic').x_range.end]")


def choose(visit, quick):
    visit.page.get_by_role("button", name=quick, exact=True).click()


def over(visit, chart, share, *, height=0.4):
    """A place in a chart, scrolled to."""
    place = visit.page.locator(f"[data-chart={chart}]")
    place.scroll_into_view_if_needed()
    box = place.bounding_box()
    return box["x"] + box["width"] * share, box["y"] + box["height"] * height


def test_without_a_click_the_synthetic_demo_is_there(visit):
    assert "demo" in visit.text("#headline")
    assert "synthetic" in visit.text("#headline")
    assert re.search(r"\d+/\d+ mmHg", visit.text("#cards").replace("\n", " "))
    assert "readings on" in visit.text("#cards")
    assert "90 days" in visit.text("#range")
    for chart in CHARTS:
        assert (
            visit.page.locator(f"[data-chart={chart}] canvas").first.bounding_box()["width"] > 600
        )
    assert visit.model("source('systolic.morning').data.time.length") > 20


def test_all_charts_share_one_axis_of_time(visit):
    assert visit.model(f"new Set({[*CHARTS]}.map((name) => chart(name).x_range.id)).size") == 1


@pytest.mark.parametrize("quick", ["7 days", "30 days", "1 year", "all"])
def test_a_quick_range_moves_every_chart_and_figure(visit, quick):
    choose(visit, quick)
    days = {"7 days": "7 days", "30 days": "30 days", "1 year": "365 days", "all": "420 days"}
    visit.until_text("#range", days[quick])
    start, end = span_of(visit)
    assert round((end - start) / DAY_MS) == int(days[quick].split()[0])


def test_the_slider_moves_by_keyboard(visit):
    handle = visit.page.locator(".noUi-handle-lower")
    handle.focus()
    handle.press("ArrowLeft")
    visit.until_text("#range", "91 days")


def test_another_guideline_has_other_bands_and_other_shares(visit):
    assert "ESC 2024" in visit.text("#pressure")
    visit.page.locator("select").select_option("Hypertension Canada 2025")
    visit.until_text("#pressure", "Hypertension Canada 2025")
    assert list(visit.model("[...source('systolic.bands').data.y0]")) == [130]
    assert "not a diagnosis" in visit.text("#pressure")
    visit.page.locator("select").select_option("ESC 2024")
    visit.until_text("#pressure", "ESC 2024")


def test_a_signal_can_be_left_out(visit):
    visit.page.get_by_label("sleep", exact=True).uncheck()
    visit.until("document.querySelector('[data-signal=sleep]').hidden")
    assert "Asleep" not in visit.text("#cards")
    visit.page.get_by_label("sleep", exact=True).check()
    visit.until("!document.querySelector('[data-signal=sleep]').hidden")


def test_the_period_before_is_told_only_when_asked_for(visit):
    assert "before" in visit.text("#cards")
    visit.page.get_by_label("Compare with the period before").uncheck()
    visit.until("!document.querySelector('#cards').innerText.includes('before')")
    visit.page.get_by_label("Compare with the period before").check()
    visit.until_text("#cards", "before")


def test_dark_mode_paints_the_charts_and_stays_after_a_reload(visit):
    light = visit.model("chart('systolic').left[0].major_label_text_color")
    visit.page.get_by_role("button", name="Dark").click()
    assert visit.model("chart('systolic').left[0].major_label_text_color") != light
    visit.page.reload()
    visit.until("document.documentElement.dataset.ready === 'yes'")
    assert visit.page.evaluate("document.documentElement.dataset.theme") == "dark"
    visit.page.get_by_role("button", name="Dark").click()


@pytest.mark.parametrize("chart", ["systolic", "heart", "sleep"])
def test_the_crosshair_snaps_to_the_nearest_reading_in_all_charts(visit, chart):
    visit.page.evaluate(
        """() => {
            const point = window.crosshair.point;
            window.crosshair.point = function (chart, x) {
                window.pointed = x;
                point.call(this, chart, x);
            };
        }"""
    )
    visit.page.mouse.move(*over(visit, chart, 0.52))
    visit.until("Number.isFinite(window.pointed)")
    spans = visit.model(
        f"{[*CHARTS]}.map((name) => chart(name).center.find((one) => one.name === 'crosshair'))"
        ".map((one) => [one.id, one.location])"
    )
    assert len({tuple(one) for one in spans}) == 1
    location = spans[0][1]
    layers = {
        "systolic": ["systolic.morning", "systolic.evening", "systolic.other"],
        "heart": ["heart.mean", "heart.resting"],
        "sleep": ["sleep.total"],
    }[chart]
    times = visit.model(f"{layers}.flatMap((name) => [...source(name).data.time])")
    pointed = visit.page.evaluate("window.pointed")
    assert location == min(times, key=lambda time: abs(time - pointed))
    for name in CHARTS:
        ring = visit.model(f"[...source('{name}.ring').data.time]")
        assert all(abs(time - location) <= DAY_MS / 2 for time in ring)
    assert visit.model(f"source('{chart}.ring').data.time.length") == 1


def test_zooming_in_shows_single_samples_and_resetting_shows_days_again(visit):
    choose(visit, "7 days")
    visit.until_text("#range", "7 days")
    step = "(({time}) => time[5] - time[4])(source('heart.mean').data)"
    before = visit.model(step)
    x, y = over(visit, "heart", 0.4)
    visit.page.mouse.move(x, y)
    visit.page.mouse.down()
    visit.page.mouse.move(x + 120, y, steps=4)
    visit.page.mouse.up()
    visit.until_text("#heart", "single samples")
    assert visit.model(step) < before
    visit.page.get_by_role("button", name="Reset zoom").click()
    visit.until("!document.querySelector('#heart').innerText.includes('single samples')")


def test_a_click_tells_file_and_row_and_every_node_between(visit):
    visit.page.mouse.click(*over(visit, "diastolic", 0.4))
    visit.until_text("#origin", "blood-pressure-log.csv")
    told = visit.text("#origin")
    assert "blood_pressure_readings" in told
    visit.page.get_by_text("Every node between").click()
    assert "parsed_export" in visit.text("#origin")
    visit.page.keyboard.press("Escape")
    assert visit.page.locator("#origin").is_hidden()


def test_everything_is_reached_by_keyboard(visit):
    visit.page.locator("[data-chart=heart]").focus()
    visit.page.keyboard.press("ArrowLeft")
    first = visit.text("#readout .when")
    visit.page.keyboard.press("ArrowLeft")
    assert visit.text("#readout .when") != first
    visit.page.keyboard.press("Enter")
    visit.until_text("#origin", "heart_rate_samples")


@pytest.mark.parametrize(
    ("chart", "head"),
    [("pressure", "systolic mmHg"), ("heart", "resting bpm"), ("sleep", "REM h")],
)
def test_every_chart_has_a_table_that_follows_the_range(visit, chart, head):
    visit.page.locator(f"details[data-table={chart}] summary").click()
    visit.until_text(f"#table-{chart}", head)
    count = f"document.querySelectorAll('#table-{chart} tbody tr').length"
    before = visit.page.evaluate(count)
    choose(visit, "7 days")
    visit.until(f"{count} < {before}")
    visit.page.locator(f"details[data-table={chart}] summary").click()


def test_csv_and_pdf_of_the_range_are_saved(visit):
    choose(visit, "7 days")
    visit.until_text("#range", "7 days")
    name, content = visit.downloaded("Days of the range as CSV")
    rows = [*csv.DictReader(io.StringIO(content.decode("utf-8-sig")))]
    assert name == "demo-daily_metrics-2026-06-24-2026-06-30.csv"
    assert [row["local_date"] for row in rows][:: len(rows) - 1] == ["2026-06-24", "2026-06-30"]
    name, content = visit.downloaded("Report as PDF")
    assert name.endswith("2026-06-30.pdf")
    assert content.startswith(b"%PDF")


def test_each_tab_behind_the_numbers_tells_something(visit):
    tabs = visit.page.get_by_role("tab")
    told = set()
    for at in range(tabs.count()):
        before = visit.text("#detail")
        tabs.nth(at).click()
        if at:
            visit.until(f"document.querySelector('#detail').innerText !== {before!r}")
        told.add(visit.text("#detail"))
    assert len(told) == tabs.count() >= 6
    assert any("rows were taken out" in text for text in told)
    assert any("why it ran" in text for text in told)


@pytest.mark.parametrize("visit", [(390, 844)], indirect=True)
def test_on_a_phone_nothing_is_wider_than_the_screen(visit):
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert visit.page.locator("[data-chart=systolic] canvas").first.bounding_box()["width"] > 300
    assert not visit.page.get_by_role("button", name="30 days").is_visible()
    visit.page.get_by_text("Range and view").click()
    choose(visit, "30 days")
    visit.until_text("#range", "30 days")
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_new_generation_appears_without_a_reload_within_five_seconds(visit, home):
    assert "generation 1" in visit.text("#headline")
    wrong = ("exclude", "blood-pressure-log.csv", "5", "--reason", "wrong cuff")
    program(home, "--profile", "demo", *wrong)
    program(home, "--profile", "demo")
    published = time.monotonic()
    visit.until_text("#headline", "generation 2")
    assert time.monotonic() - published < 5
