"""`rollback` and `gc` from outside, on a small profile."""

import csv

from tests.conftest import Program


def days(history):
    path = history.home / "me" / "outputs" / "daily_metrics.csv"
    with path.open(newline="") as file:
        return [row["local_date"] for row in csv.DictReader(file)]


def versions(status):
    return {output["output"]: output["version"] for output in status["outputs"]}


def test_a_rollback_publishes_at_once_and_holds_until_something_changes(history):
    assert days(history) == ["2026-05-01", "2026-05-02"]
    done = history.inside("rollback", "1", "--json")
    assert done.exit_code == 0, done.stderr
    assert (done.json["generation"], done.json["restores"], done.json["held_against"]) == (4, 1, 3)
    assert days(history) == ["2026-05-02"]
    status = history.inside("status", "--json").json
    assert (status["generation"], status["restores"], status["held_against"]) == (4, 1, 3)
    assert versions(status)["daily_metrics"] == 1
    held = history("--json")
    assert (held.json["status"], held.json["generation"]) == ("up-to-date", 4)
    assert "generation 4 restores generation 1; holds until" in held.stderr
    assert "holds until inputs" in history.inside("status").stdout
    (history.home / "me" / "corrections.csv").unlink()
    moved = history("--json").json
    assert (moved["status"], moved["generation"]) == ("published", 5)
    assert history.inside("status", "--json").json["held_against"] is None


def test_rolled_forward_the_newest_is_published_again_and_nothing_is_held(history):
    history.inside("rollback", "2")
    assert history.inside("rollback", "3", "--json").json["held_against"] is None
    assert days(history) == ["2026-05-01", "2026-05-02"]
    done = history("--json")
    assert (done.json["status"], done.json["generation"]) == ("up-to-date", 5)
    assert versions(history.inside("status", "--json").json)["daily_metrics"] == 3


def test_a_rollback_to_nowhere_is_refused_and_says_what_to_do(history):
    for number, words in (("3", "published already"), ("8", "`history` lists them")):
        refused = history.inside("rollback", number, "--json")
        assert refused.exit_code == 2
        assert words in refused.json["error"]
    assert history.inside("status", "--json").json["generation"] == 3


def test_gc_removes_what_it_said_and_what_is_published_needs_no_run(history):
    told = history.inside("gc", "--keep", "1", "--dry-run", "--json").json
    done = history.inside("gc", "--keep", "1", "--json").json
    assert (told["status"], done["status"]) == ("planned", "collected")
    assert told["removed"] == done["removed"]
    assert done["removed"]["objects"]["count"] > 0
    assert (done["kept"], done["dropped"]) == ([3], [1, 2])
    after = history("--json").json
    assert after["status"] == "up-to-date"
    assert {node["action"] for node in after["nodes"]} == {"reused"}
    refused = history.inside("rollback", "1")
    assert refused.exit_code == 2
    assert "removed by gc or --clean" in refused.stderr


def test_a_pin_keeps_a_generation_that_can_be_restored_then(history):
    assert history.inside("gc", "--pin", "1", "--json").json["pinned"] == [1]
    assert history.inside("gc", "--keep", "1", "--json").json["kept"] == [1, 3]
    assert history.inside("rollback", "1").exit_code == 0
    assert days(history) == ["2026-05-02"]


def test_nothing_is_kept_or_restored_where_nothing_was(tmp_path):
    empty = Program(tmp_path / "home", PDP_PROFILE="me")
    for command in (["gc"], ["rollback", "1"]):
        assert empty.inside(*command).exit_code == 2
    assert not (tmp_path / "home").exists()
