"""`history` and `diff` from outside."""

import re


def test_history_tells_runs_and_generations(history):
    told = history.inside("history", "--json").json
    assert [run["generation"] for run in told["runs"]] == [1, 2, 3]
    assert {run["status"] for run in told["runs"]} == {"published"}
    assert all(run["actions"]["ran"] > 0 and run["rows"] > 0 for run in told["runs"])
    assert [found["generation"] for found in told["generations"]] == [1, 2, 3]
    assert told["generations"][1]["outputs"]["blood_pressure_readings"]["rows"] == 3
    history.inside("rollback", "1")
    shown = history.inside("history").stdout
    assert "restores 1" in shown
    assert "restored" in shown
    first, second = (line for line in shown.splitlines() if line.startswith(("1 ", "2 ")))
    assert re.search(r" all \d+$", first)
    assert "blood_pressure_readings v2" in shown
    assert "heart_rate_days" not in second
    assert len(history.inside("history", "--json", "--limit", "1").json["generations"]) == 1


def test_runs_that_found_nothing_to_do_are_told_too(history):
    assert history("--quiet").exit_code == 0
    last = history.inside("history", "--json").json["runs"][-1]
    assert (last["status"], last["generation"], last["actions"]) == ("up-to-date", 3, {})


def test_history_of_a_node_tells_its_versions_and_why_they_changed(history):
    told = history.inside("history", "blood_pressure_readings", "--json").json["versions"]
    assert [(v["version"], v["rows"]) for v in told] == [(1, 1), (2, 3), (3, 2)]
    parsed = history.inside("history", "parsed_export", "--json").json["versions"]
    assert [(v["items"], v["changed"]) for v in parsed] == [(1, 1), (2, 1), (2, 0)]
    assert parsed[2]["reason"] == "unchanged"
    assert (
        "blood_pressure_readings, by generation"
        in history.inside("history", "blood_pressure_readings").stdout
    )
    refused = history.inside("history", "blood_presure_readings")
    assert refused.exit_code == 2
    assert "did you mean blood_pressure_readings?" in refused.stderr


def test_diff_tells_rows_columns_and_statistics(history):
    found = history.inside("diff", "daily_metrics", "v2", "v3", "--json")
    assert found.exit_code == 0, found.stderr
    told = found.json
    assert (told["key"], told["rows"]) == (["local_date"], [2, 2])
    assert (told["added"], told["removed"], told["changed"]) == (0, 0, 1)
    assert told["examples"]["changed"] == [
        {
            "key": {"local_date": "2026-05-01"},
            "values": {
                **told["examples"]["changed"][0]["values"],
                "systolic_mean_mmhg": [160.0, 121.0],
                "blood_pressure_reading_count": [2, 1],
            },
        }
    ]
    statistics = told["statistics"]["systolic_mean_mmhg"]
    assert (statistics["before"]["max"], statistics["after"]["max"]) == (160.0, 122.0)
    readings = history.inside("diff", "blood_pressure_readings", "g1", "g2", "--json").json
    assert (readings["key"], readings["added"]) == (["source", "raw_sha256", "raw_row"], 2)
    shown = history.inside("diff", "daily_metrics", "2", "3").stdout
    assert "systolic_mean_mmhg" in shown
    assert "rows are matched by local_date" in shown


def test_diff_of_values_tells_the_places(history):
    told = history.inside("diff", "books", "1", "2", "--json").json
    places = {value["place"]: (value["before"], value["after"]) for value in told["values"]}
    assert places["blood_pressure.parsed"] == (1, 3)
    parsed = history.inside("diff", "parsed_export", "g1", "g2")
    assert parsed.exit_code == 0, parsed.stderr
    assert "are equal" in history.inside("diff", "parsed_export", "g2", "g3").stdout


def test_no_measured_value_of_a_diff_is_logged(history):
    logs = history.home / "me" / "logs"
    before = {path.name: path.read_bytes() for path in logs.iterdir()}
    assert "160" in history.inside("diff", "daily_metrics", "2", "3").stdout
    assert {path.name: path.read_bytes() for path in logs.iterdir()} == before
    refused = history.inside("diff", "daily_metrics", "2", "7")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "there is none; `history daily_metrics` lists" in refused.stderr


def test_a_difference_is_told_in_lines_that_can_be_read(history):
    shown = history.inside("diff", "blood_pressure_readings", "2", "3").stdout.splitlines()
    assert shown[0] == "blood_pressure_readings: 2 and 3"
    (removed,) = [line for line in shown if line.startswith("source blood_pressure_sheet · ")]
    assert "systolic_mmhg 199" in removed
    assert not any(line.startswith("device") for line in shown)
