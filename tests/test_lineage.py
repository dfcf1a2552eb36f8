"""`python cli.py lineage`: from a daily mean to the rows of the exports, and to the raw files."""

import json

import pytest

from adapters.driver import planned_run
from adapters.explaining.explanation import Explainer
from adapters.explaining.lineage import LineageReader
from adapters.explaining.lineage_drawing import dot_of, mermaid_of, tree_of
from adapters.explaining.row_lineage import Rule
from adapters.profile import Profile
from adapters.settings import Settings
from adapters.terminal.commands.tracing import runs_of
from adapters.terminal.main import main
from registry.database import Database
from registry.generations import Generations
from registry.lineage import computations_behind, raw_files_behind

LOG = """date,time,systolic,diastolic,pulse
2026-03-01,08:00,120,80,60
2026-03-01,20:00,130,84,64
2026-03-02,08:00,124,82,61
2026-03-02,08:00,124,82,61
2026-03-02,08:10,126,80,62
2026-03-02,20:00,500,80,62
2026-03-02,20:30,122,78,59
2026-03-03,08:00,118,76,58
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A profile with a short log of which one row was taken out by its owner."""
    home = tmp_path_factory.mktemp("lineage") / "home"
    (home / "me" / "inbox").mkdir(parents=True)
    (home / "me" / "inbox" / "log.csv").write_text(LOG)
    options = ["--home", str(home), "--quiet", "--profile", "me"]
    assert main(options) == 0
    assert main([*options, "exclude", "log.csv", "6", "--reason", "arm too high"]) == 0
    assert main(options) == 0
    return home


@pytest.fixture
def lineage(home, capsys):
    """`lineage` with some arguments: its exit code and its answer."""

    def ask(*arguments):
        code = main(["--home", str(home), "--profile", "me", "--json", "lineage", *arguments])
        return code, json.loads(capsys.readouterr().out)

    return ask


def raw_rows(found):
    return {group["table"]: [row["raw_row"] for row in group["rows"]] for group in found["groups"]}


def test_a_daily_mean_leads_to_the_rows_of_the_log_that_it_is_made_of(lineage):
    code, found = lineage("daily_metrics", "--row", "3")
    assert code == 0
    assert found["values"]["local_date"] == "2026-03-02"
    assert raw_rows(found) == {"blood_pressure_readings_by_cuff": [4, 8]}
    assert {row["file"] for group in found["groups"] for row in group["rows"]} == {"log.csv"}
    assert found["values"]["systolic_mean_mmhg"] == (124 + 122) / 2


def test_duplicates_and_rejected_rows_of_that_day_stand_beside_it(lineage):
    _, found = lineage("daily_metrics", "--row", "3")
    assert [(row["raw_row"], row["rule"]) for row in found["shadowed"]] == [(5, "same_reading")]
    rejected = {row["raw_row"]: row["check"] for row in found["rejected"]}
    assert rejected == {6: "excluded_by_owner", 7: "out_of_range"}
    assert "value" not in found["rejected"][0]
    _, other = lineage("daily_metrics", "--row", "2")
    assert (raw_rows(other), other["rejected"]) == ({"blood_pressure_readings_by_cuff": [2, 3]}, [])


def test_a_record_leads_to_its_own_row_and_a_duplicate_to_the_row_that_stands_for_it(lineage):
    _, reading = lineage("blood_pressure_readings", "--row", "5")
    assert raw_rows(reading) == {"blood_pressure_readings": [8]}
    _, shadowed = lineage("shadowed_rows", "--row", "2")
    kinds = {group["kind"]: group["rows"][0]["raw_row"] for group in shadowed["groups"]}
    assert kinds == {None: 5, "stands for it": 4}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("daily_metrics", "--row", "1"), "its rows are 2 to 4, as a spreadsheet counts"),
        (("daily_metrics", "--row", "5"), "has no row 5"),
        (("books", "--row", "2"), "books is no published table"),
        (("daily_metric",), "did you mean daily_metrics"),
        (("export_file",), "makes no result; ask for parsed_export"),
    ],
)
def test_what_cannot_be_followed_is_a_usage_error_that_says_why(lineage, arguments, words):
    code, answer = lineage(*arguments)
    assert code == answer["exit_code"] == 2
    assert words in answer["error"]


def test_a_node_leads_to_every_raw_file_with_keys_hashes_and_rows(lineage):
    _, found = lineage("daily_metrics")
    nodes = {node["name"]: node for node in found["nodes"]}
    assert [file["name"] for file in found["raw_files"]] == ["log.csv"]
    assert nodes["daily_metrics"]["rows"] == 3
    assert nodes["parsed_export"]["items"] == 1
    assert len(nodes["daily_metrics"]["key"]) == len(nodes["daily_metrics"]["sha256"]) == 64
    assert {"from": "raw files", "to": "parsed_export", "parameter": "export_file"} in found[
        "edges"
    ]
    assert nodes["daily_metrics"]["state"] == "rerun"
    assert nodes["parsed_export"]["state"] == "fresh"
    assert {edge["from"] for edge in found["edges"]} <= nodes.keys()


def test_a_node_that_would_run_is_stale_with_its_reason(lineage, monkeypatch):
    monkeypatch.setenv("PDP_TIME_ZONE", "Asia/Tokyo")
    _, found = lineage("daily_metrics")
    nodes = {node["name"]: node for node in found["nodes"]}
    assert nodes["blood_pressure_normalized"]["state"] == "stale"
    assert "home_time_zone changed" in nodes["blood_pressure_normalized"]["note"]
    assert nodes["parsed_export"]["state"] == "fresh"


def test_every_day_of_the_demo_counts_as_many_raw_rows_as_it_says(demo_home, capsys):
    for row in (2, 150, 300):
        main(["--home", str(demo_home), "--json", "lineage", "daily_metrics", "--row", str(row)])
        found = json.loads(capsys.readouterr().out)
        counts = {(group["table"], group["kind"]): len(group["rows"]) for group in found["groups"]}
        samples = counts.get(("heart_rate_samples", "sample"), 0)
        samples += counts.get(("heart_rate_samples", "manual"), 0)
        readings = counts.get(("blood_pressure_readings_by_cuff", None), 0)
        assert samples == (found["values"]["heart_rate_sample_count"] or 0)
        assert readings == (found["values"]["blood_pressure_reading_count"] or 0)
        assert samples


def test_the_files_behind_every_node_of_the_demo_are_those_of_following_every_edge(demo_home):
    folder = demo_home / "demo"
    database = Database(folder / "registry.sqlite")
    generations = Generations(folder, database)
    keys = {found.node: found.key for found in generations.node_keys(generations.current())}
    for node in ("daily_metrics", "heart_rate_samples", "sleep_daily", "books", "sleep_checked"):
        edges = computations_behind(database, [keys[node]]).edges
        followed = {edge.sha256 for edge in edges if edge.kind == "raw"}
        assert followed
        assert raw_files_behind(database, [keys[node]]) == sorted(followed)
    database.close()


def test_every_node_of_the_demo_can_be_explained_followed_and_drawn(demo_home):
    profile = Profile(demo_home, "demo", leaves_no_trace=True)
    engine, request, plan = planned_run(Settings.load({}), profile).prepare()
    explainer = Explainer(engine, request, plan, {})
    reader = LineageReader(engine, request, plan, "")
    for node in engine.flow.nodes.values():
        found = explainer.explain(node.name)
        assert (found.state, found.changes) == ("fresh", ())
        if node.is_expand:
            continue
        for every_item in (False, True):
            graph = reader.graph(node.name, every_item=every_item)
            names = {end for source, target, _ in graph.edges for end in (source, target)}
            assert names <= graph.boxes.keys()
            assert len(graph.raw_files) == 17
            assert node.name in {box.node for box in graph.boxes.values()}
            assert str(tree_of(graph).label)
            assert mermaid_of(graph).count("-->") == dot_of(graph).count("->")
    profile.database.close()


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("local_date", Rule("local_date", "local_date", "local_date")),
        (
            "local_date: period_start..period_end",
            Rule("local_date", "period_start", "period_end"),
        ),
    ],
)
def test_a_rule_is_a_column_or_a_column_between_two(text, rule):
    assert Rule.parse(text) == rule


def test_rows_are_told_in_runs():
    assert runs_of([7, 3, 4, 5, 9]) == "3 to 5, 7, 9"
