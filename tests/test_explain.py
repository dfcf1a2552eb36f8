"""`python cli.py explain`, as its user sees it."""

BEFORE = "SYSTOLIC_HARD_MMHG: Final = Limits(50, 300)"
AFTER = "SYSTOLIC_HARD_MMHG: Final = Limits(50, 290)"


def files_of(home):
    return {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}


def test_an_edited_constant_of_clinical_is_shown_with_every_node_below_it(copied_project):
    source = copied_project.project / "dataflows" / "clinical.py"
    source.write_text(source.read_text().replace(BEFORE, AFTER))
    home = files_of(copied_project.home)
    done = copied_project("explain", "--json")
    assert done.exit_code == 0, done.stderr
    (cause,) = done.json["causes"]
    assert cause["what"] == "dataflows.clinical:SYSTOLIC_HARD_MMHG"
    assert cause["diff"].splitlines()[-2:] == [f"-{BEFORE}", f"+{AFTER}"]
    assert cause["nodes"]["daily_metrics"][-2:] == [
        "dataflows.schemas:DAILY_METRICS",
        "dataflows.clinical:SYSTOLIC_HARD_MMHG",
    ]
    assert {*cause["nodes"], *cause["below"]} == set(done.json["stale"])
    assert {"blood_pressure_checked", "blood_pressure_resolved"} <= cause["nodes"].keys()
    assert {"blood_pressure_daily", "books", "rejected_rows"} <= set(cause["below"])
    assert not {"parsed_export", "heart_rate_checked", "sleep_checked"} & set(done.json["stale"])
    assert {p: c for p, c in files_of(copied_project.home).items() if "registry" not in p.name} == {
        p: c for p, c in home.items() if "registry" not in p.name
    }

    planned = {n["node"]: n for n in copied_project("plan", "--json").json["nodes"]}
    would_run = {name: node for name, node in planned.items() if node["action"] == "would-run"}
    assert would_run.keys() == set(done.json["stale"])
    assert all(node["estimated_seconds"] is not None for node in would_run.values())
    certain = {name for name, node in would_run.items() if not node["may_turn_out_equal"]}
    assert certain == {"blood_pressure_checked"}

    for node in ("blood_pressure_checked", "blood_pressure_daily"):
        words = copied_project("explain", node)
        assert f"-{BEFORE}" in words.stdout
        assert f"+{AFTER}" in words.stdout
    ran = {n["node"] for n in copied_project("--json").json["nodes"] if n["action"] == "ran"}
    assert ran <= set(done.json["stale"])
    assert certain <= ran <= would_run.keys()
    assert cause["nodes"].keys() <= ran
    assert copied_project("explain", "--json").json["causes"] == []


def test_a_configured_zone_is_explained_by_its_old_and_new_value(published_demo):
    done = published_demo("explain", "sleep_normalized", "--json", PDP_TIME_ZONE="Asia/Tokyo")
    assert done.json["state"] == "stale"
    (change,) = done.json["changes"]
    assert (change["kind"], change["what"]) == ("configuration", "home_time_zone")
    assert change["diff"].splitlines()[1] == '+"Asia/Tokyo"'


def test_another_guideline_changes_the_alerts_and_no_protocols_mean(published_demo):
    done = published_demo("--dry-run", "--json", PDP_GUIDELINE="nice")
    actions = {node["node"]: node["action"] for node in done.json["nodes"]}
    assert actions["blood_pressure_alerts"] == "would-run"
    assert actions["home_blood_pressure"] == actions["daily_metrics"] == "reused"


def test_other_hours_of_the_evening_change_the_protocols_means(published_demo):
    done = published_demo("explain", "home_blood_pressure", "--json", PDP_EVENING="18:00-23:59")
    (change,) = done.json["changes"]
    assert (change["kind"], change["what"]) == ("configuration", "day_windows")


def test_an_unknown_node_is_a_usage_error_with_near_names(published_demo):
    done = published_demo("explain", "daily_metric")
    assert done.exit_code == 2
    assert "did you mean daily_metrics" in done.stderr
