"""The notebooks are questions in plain order; what they run is shared with the command line."""

import json
import shutil
import textwrap
from pathlib import Path

import pytest
from hamilton.ad_hoc_utils import create_module

from adapters.engine.imported_code import UnknownSourceError
from adapters.exploration import Explorer, NoResultError, UnknownNodeError
from adapters.notebooks.views import BlockResults
from adapters.reader import UnknownVersionError, load, raw_file
from adapters.running.lock import profile_lock
from adapters.settings import SettingsError
from dataflows import clinical
from registry.store import DamagedArtifactError

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
NAMES = sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
CELL = """
    import pyarrow as pa

    HIGH_MMHG = {limit}

    def _is_high(value: float) -> bool:
        return value >= HIGH_MMHG

    def high_days(blood_pressure_daily: pa.Table) -> int:
        means = blood_pressure_daily["systolic_mean_mmhg"].to_pylist()
        return sum(map(_is_high, means))
"""


def cells_of(name):
    return json.loads((NOTEBOOKS / name).read_text("utf-8"))["cells"]


def cell(limit=140, name="notebook_cell", text=CELL):
    """A module as `%%cell_to_module` makes it."""
    return create_module(textwrap.dedent(text).format(limit=limit), name)


@pytest.fixture(autouse=True)
def no_settings(monkeypatch):
    for name in ("PDP_HOME", "PDP_PROFILE", "PDP_TIME_ZONE", "PDP_DATE_ORDER", "PDP_AS_OF"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def demo(published_demo):
    """The demo person's flow, all of it published by the command line."""
    return Explorer("demo", published_demo.home)


@pytest.fixture
def owner(program):
    """The flow of a person with one small export, of which nothing was run yet."""
    inbox = program.home / "me" / "inbox"
    inbox.mkdir(parents=True)
    rows = [f"2025-03-{day:02},07:00,{130 + day},80,60" for day in range(1, 21)]
    text = "\n".join(["date,time,systolic,diastolic,pulse", *rows, ""])
    (inbox / "log.csv").write_text(text)
    return Explorer("me", program.home, time_zone="Europe/Berlin")


# -- the files -----------------------------------------------------------------------------------


def test_notebooks_are_numbered_without_a_gap():
    assert [int(name[:2]) for name in NAMES] == list(range(1, len(NAMES) + 1))


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_begins_with_its_question_in_prose(name):
    first = cells_of(name)[0]
    title = "".join(first["source"]).splitlines()[0]
    assert first["cell_type"] == "markdown"
    assert title.startswith(f"# {int(name[:2])}. ")
    assert title.endswith("?")
    words = title.removeprefix(f"# {int(name[:2])}. ").removesuffix("?").lower().split()
    assert name == f"{name[:2]}_{'_'.join(words)}.ipynb"


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_in_git_without_outputs(name):
    code = [cell for cell in cells_of(name) if cell["cell_type"] == "code"]
    assert not any(cell["outputs"] or cell["execution_count"] for cell in code)


@pytest.mark.parametrize("name", NAMES)
def test_cells_are_short(name):
    code = [cell for cell in cells_of(name) if cell["cell_type"] == "code"]
    lengths = [len("".join(cell["source"]).splitlines()) for cell in code]
    assert max(lengths) <= 30
    assert sorted(lengths)[len(lengths) // 2] <= 5


# -- one registry --------------------------------------------------------------------------------


def test_what_a_notebook_computes_the_command_line_reuses(program, owner):
    made = owner.run("blood_pressure_daily")
    assert made.how.startswith("ran in")
    only = ("run", "--only", "blood_pressure_daily", "--json")
    done = program(*only, PDP_TIME_ZONE="Europe/Berlin")
    assert done.json["profile"] == "me"
    assert done.json["status"] == "up-to-date"
    assert {node["action"] for node in done.json["nodes"]} == {"reused"}


def test_what_the_command_line_computes_a_notebook_reuses(demo):
    assert demo.run("daily_metrics").how == "reused"
    files = demo.run("parsed_export")
    assert isinstance(files, BlockResults)
    assert {found.how for found in files} == {"reused"}
    assert "blood-pressure-log.csv" in [found.item_name for found in files]
    report = demo.publish().report
    assert (report.status, report.generation) == ("up-to-date", 1)


def test_a_node_from_a_cell_is_reused_when_it_has_moved_into_the_project(copied_project):
    flow = Explorer("demo", copied_project.home).with_modules(cell())
    made = flow.run("high_days")
    assert made.how.startswith("ran in")
    project = copied_project.project
    shutil.copy(cell().__file__, project / "dataflows" / "high_days.py")
    pipeline = project / "adapters" / "pipeline.py"
    text = pipeline.read_text()
    for start in ("from dataflows import (\n", "ModuleType, ...]] = (\n"):
        text = text.replace(start, f"{start}    high_days,\n", 1)
    pipeline.write_text(text)
    done = copied_project("run", "--only", "high_days", "--json")
    assert done.json["status"] == "up-to-date", done.stderr
    assert "high_days" in [node["node"] for node in done.json["nodes"]]


def test_a_notebooks_nodes_stay_out_of_what_is_published(demo, published_demo):
    flow = demo.with_modules(cell())
    flow.run("high_days")
    assert flow.publish().report.generation == 1
    assert published_demo("--json").json["status"] == "up-to-date"


def test_between_runs_nobody_holds_the_profile_or_has_its_registry_open(demo):
    demo.run("daily_metrics")
    demo.plan()
    demo.explain()
    assert not list((demo.home / "demo").glob("registry.sqlite-*"))
    with profile_lock(demo.home / "demo", wait_seconds=0):
        assert load("daily_metrics", profile="demo", home=demo.home).rows
        assert demo.plan().moving == []


# -- changes -------------------------------------------------------------------------------------


def test_an_edited_cell_runs_again_and_says_which_constant_changed(owner):
    flow = owner.with_modules(cell(140))
    flow.run("high_days")
    flow = flow.with_modules(cell(135))
    assert flow.plan("high_days").moving == ["high_days"]
    (change,) = flow.explain("high_days").changes
    assert (change.kind, change.what) == ("code", "notebook_cell:HIGH_MMHG")
    assert "-HIGH_MMHG = 140" in change.diff
    assert "+HIGH_MMHG = 135" in change.diff
    assert "+HIGH_MMHG = 135" in flow.explain("high_days")._repr_html_()
    assert flow.run("high_days").how.startswith("ran in")


def test_a_setting_of_one_explorer_is_planned_explained_and_changes_nothing_else(owner):
    owner.publish()
    elsewhere = Explorer("me", owner.home, time_zone="Asia/Tokyo")
    assert "blood_pressure_normalized" in elsewhere.plan().moving
    (change,) = elsewhere.explain().changes
    assert (change.kind, change.what) == ("configuration", "home_time_zone")
    assert "Asia/Tokyo" in elsewhere.explain()._repr_html_()
    assert owner.plan().moving == []
    with pytest.raises(SettingsError, match="TIME_ZON"):
        Explorer("me", owner.home, time_zon="Asia/Tokyo")


def test_a_plan_and_an_explanation_make_nothing(tmp_path):
    flow = Explorer("demo", tmp_path / "home")
    flow.plan()
    flow.explain()
    assert not (tmp_path / "home").exists()


# -- mistakes ------------------------------------------------------------------------------------


def test_a_misspelt_parameter_is_told_with_near_names(demo):
    text = "def first(blood_pressure_dialy: dict) -> dict:\n    return {{}}\n"
    with pytest.raises(UnknownNodeError, match=r"first needs 'blood_pressure_dialy'.*_daily"):
        demo.with_modules(cell(name="misspelt", text=text))


def test_an_unknown_node_is_told_with_near_names(demo):
    for ask in (demo.run, demo.draw, demo.plan, demo.explain):
        with pytest.raises(UnknownNodeError, match=r"'daily_metric'; did you mean daily_metrics"):
            ask("daily_metric")


def test_a_node_that_hands_items_on_says_what_to_run_instead(demo):
    with pytest.raises(NoResultError, match="parsed_export"):
        demo.run("export_file")


# -- pictures ------------------------------------------------------------------------------------


@needs_dot
def test_a_drawing_shows_what_a_node_is_made_from_as_picture_and_as_text(demo):
    drawing = demo.draw("blood_pressure_daily")
    assert "blood_pressure_readings_by_cuff --> blood_pressure_daily" in drawing.mermaid
    assert "daily_metrics" not in drawing.mermaid
    shown = drawing._repr_mimebundle_()
    assert "<svg" in shown["text/html"]
    assert "blood_pressure_daily" in shown["text/html"]


def test_without_graphviz_a_drawing_is_mermaid(demo, monkeypatch):
    monkeypatch.setenv("PATH", "")
    shown = demo.draw()._repr_mimebundle_()
    assert shown["text/markdown"].startswith("```mermaid\nflowchart LR\n")
    assert "text/html" not in shown


def test_pages_of_nodes_runs_and_blocks_name_what_they_show(demo):
    assert "Means of each local day" in demo.nodes._repr_html_()
    forced = demo.run("blood_pressure_daily", force=True)
    assert forced.how.startswith("ran in")
    page = Explorer("demo", demo.home, date_order="YMD").plan()._repr_html_()
    assert "configuration date_order changed" in page
    assert "blood-pressure-log.csv" in demo.run("parsed_export")._repr_html_()


# -- lineage and versions ------------------------------------------------------------------------


def test_a_daily_mean_is_the_mean_of_the_raw_rows_that_its_lineage_names(demo):
    day = load("daily_metrics", profile="demo", home=demo.home).frame.iloc[0]
    found = demo.lineage("daily_metrics", row=2)
    readings = [raw for raw in found.rows if raw.what == "blood_pressure_readings_by_cuff"]
    (sha256,) = {raw.sha256 for raw in readings}
    lines = raw_file(sha256, profile="demo", home=demo.home).decode().splitlines()
    column = lines[0].split(",").index("Systolic")
    values = [float(lines[raw.row - 1].split(",")[column]) for raw in readings]
    assert len(values) == day["blood_pressure_reading_count"]
    assert sum(values) / len(values) == day["systolic_mean_mmhg"]
    assert "blood-pressure-log.csv" in found._repr_html_()


def test_a_raw_file_with_other_bytes_is_refused(demo):
    (sha256,) = {raw.sha256 for raw in demo.lineage("blood_pressure_readings", row=2).rows}
    path = demo.home / "demo" / "raw" / sha256[:2] / sha256 / "content"
    path.chmod(0o600)
    path.write_bytes(path.read_bytes() + b"2025-01-01,07:00,120,80,60,\n")
    with pytest.raises(DamagedArtifactError):
        raw_file(sha256, profile="demo", home=demo.home)


@needs_dot
def test_the_lineage_of_a_node_is_drawn_down_to_raw_files_and_settings(demo):
    drawing = demo.lineage("blood_pressure_daily")
    for text in ("blood_pressure_readings", "raw files", "Europe/Berlin"):
        assert text in drawing.mermaid
        assert text in drawing._repr_mimebundle_()["text/html"]


def test_two_versions_are_compared(owner):
    owner.publish()
    Explorer("me", owner.home, time_zone="Asia/Tokyo").publish()
    found = owner.diff("blood_pressure_readings", 1, 2)
    assert found.found.changed_columns["time_zone"] == 20
    assert "Asia/Tokyo" in found._repr_html_()
    with pytest.raises(UnknownVersionError):
        owner.diff("blood_pressure_readings", 1, 9)


# -- a kernel lives long -------------------------------------------------------------------------


def test_code_that_was_changed_in_memory_registers_nothing(demo, monkeypatch):
    demo.plan("daily_metrics")
    monkeypatch.setattr(clinical, "REST_WINDOW_MINUTES", 45)
    with pytest.raises(UnknownSourceError, match="REST_WINDOW_MINUTES is not what its source says"):
        demo.run("daily_metrics", force=True)
