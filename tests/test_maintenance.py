"""`rollback` and `gc` from outside, on a small profile."""

import csv
import shutil

import pytest

from tests.conftest import Program

LOG = "date,time,systolic,diastolic,pulse\n2026-05-01,08:00,121,81,61\n2026-05-02,08:00,122,82,62\n"


@pytest.fixture(scope="module")
def three_generations(tmp_path_factory):
    """A profile whose third generation is published: one exclusion more in each."""
    home = tmp_path_factory.mktemp("three") / "home"
    program = Program(home, PDP_PROFILE="me")
    (home / "me" / "inbox").mkdir(parents=True)
    (home / "me" / "inbox" / "log.csv").write_text(LOG)
    assert program("--quiet").exit_code == 0
    for row in ("2", "3"):
        program("exclude", "log.csv", row, "--reason", "test")
        assert program("--quiet").exit_code == 0
    return home


@pytest.fixture
def program(three_generations, tmp_path):
    shutil.copytree(three_generations, tmp_path / "home", symlinks=True)
    return Program(tmp_path / "home", PDP_PROFILE="me")


def days(program):
    path = program.home / "me" / "outputs" / "daily_metrics.csv"
    with path.open(newline="") as file:
        return [row["local_date"] for row in csv.DictReader(file)]


def versions(status):
    return {output["output"]: output["version"] for output in status["outputs"]}


def test_a_rollback_publishes_at_once_and_holds_until_something_changes(program):
    assert days(program) == []
    done = program("rollback", "1", "--json")
    assert done.exit_code == 0, done.stderr
    assert (done.json["generation"], done.json["restores"], done.json["held_against"]) == (4, 1, 3)
    assert days(program) == ["2026-05-01", "2026-05-02"]
    status = program("status", "--json").json
    assert (status["generation"], status["restores"], status["held_against"]) == (4, 1, 3)
    assert versions(status)["daily_metrics"] == 1
    held = program("--json")
    assert (held.json["status"], held.json["generation"]) == ("up-to-date", 4)
    assert "generation 4 restores generation 1; holds until" in held.stderr
    assert "holds until inputs" in program("status").stdout
    (program.home / "me" / "corrections.csv").unlink()
    moved = program("--json").json
    assert (moved["status"], moved["generation"]) == ("published", 5)
    assert program("status", "--json").json["held_against"] is None


def test_rolled_forward_the_newest_is_published_again_and_nothing_is_held(program):
    program("rollback", "2")
    assert program("rollback", "3", "--json").json["held_against"] is None
    assert days(program) == []
    done = program("--json")
    assert (done.json["status"], done.json["generation"]) == ("up-to-date", 5)
    assert versions(program("status", "--json").json)["daily_metrics"] == 3


def test_a_rollback_to_nowhere_is_refused_and_says_what_to_do(program):
    for number, words in (("3", "published already"), ("8", "`history` lists them")):
        refused = program("rollback", number, "--json")
        assert refused.exit_code == 2
        assert words in refused.json["error"]
    assert program("status", "--json").json["generation"] == 3


def test_gc_removes_what_it_said_and_what_is_published_needs_no_run(program):
    told = program("gc", "--keep", "1", "--dry-run", "--json").json
    done = program("gc", "--keep", "1", "--json").json
    assert (told["status"], done["status"]) == ("planned", "collected")
    assert told["removed"] == done["removed"]
    assert done["removed"]["objects"]["count"] > 0
    assert (done["kept"], done["dropped"]) == ([3], [1, 2])
    after = program("--json").json
    assert after["status"] == "up-to-date"
    assert {node["action"] for node in after["nodes"]} == {"reused"}
    refused = program("rollback", "1")
    assert refused.exit_code == 2
    assert "removed by gc or --clean" in refused.stderr


def test_a_pin_keeps_a_generation_that_can_be_restored_then(program):
    assert program("gc", "--pin", "1", "--json").json["pinned"] == [1]
    assert program("gc", "--keep", "1", "--json").json["kept"] == [1, 3]
    assert program("rollback", "1").exit_code == 0
    assert len(days(program)) == 2


def test_nothing_is_kept_or_restored_where_nothing_was(tmp_path):
    empty = Program(tmp_path / "home", PDP_PROFILE="me")
    for command in (["gc"], ["rollback", "1"]):
        assert empty(*command).exit_code == 2
    assert not (tmp_path / "home").exists()
