"""What is published, as the dashboard reads it."""

import re
import subprocess
import sys
from datetime import date, timedelta

import pytest

from adapters.dashboard import details, exports
from adapters.dashboard.markup import decimal, duration, signed, table
from adapters.dashboard.origins import origin
from adapters.dashboard.state import Choice
from adapters.dashboard.store import NothingToShowError, ProfileStore
from adapters.profile import Profile
from dataflows.guidelines import GUIDELINES
from dataflows.home_protocols import PROTOCOLS, protocol_of


@pytest.fixture(scope="module")
def published(demo_home):
    return ProfileStore(Profile(demo_home, "demo")).current()


@pytest.fixture
def choice(published):
    found = Choice(bounds=published.series.bounds)
    found.look_at("90 days")
    return found


def test_where_nothing_is_published_there_is_nothing_to_show(tmp_path):
    with pytest.raises(NothingToShowError, match=r"run python cli\.py"):
        ProfileStore(Profile(tmp_path, "demo")).current()


def test_looking_again_gives_the_same_object_until_something_newer_is_published(demo_home):
    seconds = iter(range(0, 100, 10))
    store = ProfileStore(Profile(demo_home, "demo"), clock=lambda: next(seconds))
    assert store.current() is store.current()


def test_rows_of_some_dates_are_those_of_the_whole_output(published):
    whole = published.table("heart_rate_samples")
    last = whole["local_date"][-1].as_py()
    for first in (last, last - timedelta(days=3), date(2025, 12, 30), date(2030, 1, 1)):
        rows = published.rows_between("heart_rate_samples", first, last)
        told = [day for day in whole["local_date"].to_pylist() if first <= day <= last]
        assert rows["local_date"].to_pylist() == told


def test_an_output_that_this_generation_lacks_has_no_rows(published):
    assert published.table("no_such_output").num_rows == 0
    assert published.rows_between("no_such_output", date.min, date.max).num_rows == 0


def test_the_dashboard_and_its_data_need_no_hamilton(demo_home):
    script = (
        "import sys; from pathlib import Path\n"
        "from adapters.dashboard.page import Page\n"
        "from adapters.dashboard.store import ProfileStore\n"
        "from adapters.profile import Profile\n"
        f"Page(ProfileStore(Profile(Path({str(demo_home)!r}), 'demo')))\n"
        "assert 'hamilton' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)


@pytest.mark.parametrize("tab", details.TABS)
def test_every_tab_of_the_demo_tells_something(published, choice, tab):
    assert tab in details.tabs_of(published)
    assert len(details.shown(tab, published, choice)) > 200


def cells(markup):
    """The texts of a table, row by row."""
    rows = re.findall(r"<tr>(.*?)</tr>", markup)
    return [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rows if "<td" in row]


@pytest.mark.parametrize("guideline", GUIDELINES)
def test_home_averages_begin_with_the_protocol_of_the_chosen_guideline(
    published, choice, guideline
):
    choice.guideline = guideline
    rows = cells(details.shown("home", published, choice))
    protocols = [row[0] for row in rows]
    chosen = protocol_of(guideline).title
    assert protocols[:: len(PROTOCOLS)] == [chosen] * (len(rows) // len(PROTOCOLS))
    ends = [row[5] for row in rows]
    assert ends == sorted(ends, reverse=True)
    assert ends[0] != ends[-1]


def test_figures_are_told_in_one_way(published, choice):
    rows = {row[0]: row[1:] for row in cells(details.shown("baselines", published, choice))}
    for row in rows.values():
        assert not re.search(r"-\d|[+\N{MINUS SIGN}]0\.0", "".join(row[:-1]))
    assert re.fullmatch(r"\d+\.\d", rows["systolic, mmHg"][0])
    assert re.fullmatch(r"\d h \d\d min to \d h \d\d min", rows["asleep"][1].replace("\xa0", " "))


@pytest.mark.parametrize(
    ("shown", "value", "told"),
    [
        (decimal, 0.04, "0.0"),
        (decimal, -0.04, "0.0"),
        (decimal, 0.05001, "+0.1"),
        (decimal, -1234.5, "\N{MINUS SIGN}1,234.5"),
        (duration, 0.4, "0 min"),
        (duration, -0.4, "0 min"),
        (duration, 59.6, "+1 h 00 min"),
        (duration, -59.4, "\N{MINUS SIGN}59 min"),
    ],
)
def test_a_difference_has_its_sign_unless_it_shows_as_nothing(shown, value, told):
    assert signed(shown, value).replace("\N{NO-BREAK SPACE}", " ") == told


def test_what_stands_in_a_table_is_no_markup():
    shown = table("<b>", ["<i>"], [["<script>alert(1)</script>"]])
    assert "<script>" not in shown
    assert "<b>" not in shown
    assert "<i>" not in shown


def test_the_origin_of_a_reading_is_its_row_alone(published):
    readings = published.series.readings
    point = {"time": readings["time"][-1], "row": readings["row"][-1], "width": 1.0}
    told = origin("systolic.evening", point, published)
    last = published.table("blood_pressure_readings").slice(int(readings["row"][-1]), 1)
    assert last["raw_sha256"][0].as_py() in told
    assert f"<td>{last['raw_row'][0].as_py()}</td>" in told
    assert "parsed_export" in told


@pytest.mark.parametrize("what", ["days", "pressure", "heart", "sleep"])
def test_saved_rows_are_those_of_the_range(published, choice, what):
    saved = exports.saved(what, published, choice)
    assert saved["name"].endswith("-2026-04-02-2026-06-30.csv")
    assert saved["base64"]
