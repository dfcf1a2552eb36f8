"""The three paths, held against each other: the faster ones never say more than the whole program.

Each kind of change is made in a small world; in the first test one by one, in the second one in
random sequences with their ways back.
"""

import json
import os
import random
import re
import sqlite3
from contextlib import ExitStack

import pytest

from adapters.terminal.main import main
from registry import fast_path
from tests.snapshot_changes import CHANGES
from tests.snapshot_world import READINGS, World

STEPS, ALL_STEPS = 10, 600


@pytest.fixture(scope="module")
def shared_world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture
def world(shared_world, monkeypatch, capsys):
    return shared_world.enter(monkeypatch, capsys).settle()


@pytest.mark.parametrize("change", CHANGES, ids=[change.name for change in CHANGES])
def test_a_change_is_not_taken_for_none(world, change):
    with change(world):
        is_read = change.name != "an unread variable is set"
        assert world.fast() is (None if is_read else 0)
        medium = world.medium()
        if change.says:
            assert medium == 0
        else:
            assert medium is None


def test_the_list_has_many_kinds_of_change():
    assert len({change.name for change in CHANGES}) >= 60
    assert sum(change.says for change in CHANGES) >= 25


def test_random_changes_never_make_a_faster_path_say_more_than_the_whole_program(world, complete):
    chance = random.Random(20)
    for _ in range(ALL_STEPS if complete else STEPS):
        changes = chance.sample(CHANGES, chance.choice([1, 1, 2, 3]))
        with ExitStack() as active:
            for change in changes:
                active.enter_context(change(world))
            hold_paths_against_each_other(world, changes)
        hold_paths_against_each_other(world, changes)


def hold_paths_against_each_other(world, changes):
    names = [change.name for change in changes]
    log_was_full = world.log.stat().st_size > fast_path.LARGEST_LOG_BYTES
    fast, medium = world.fast(), world.medium()
    slow = world.slow_would_do_nothing()
    assert slow or fast is None, names
    assert slow or medium is None, names
    if slow and all(change.says for change in changes):
        assert medium is not None or log_was_full, names
    if slow or world.ended_well:
        assert world.fast() is not None, names


def test_the_run_after_a_published_one_is_answered_by_the_fast_path(world):
    with world.with_more_readings():
        assert world.slow()["status"] == "published"
        assert world.fast() == 0
        assert f"up to date: generation {world.generation()}, nothing changed" in world.told()


@pytest.mark.parametrize("form", [[], ["--json"], ["--quiet"], ["--json", "--quiet"], ["run"]])
def test_every_form_of_the_answer_is_that_of_the_whole_program(world, form):
    world.told()
    assert world.fast(*form) == 0
    fast = world.told()
    main([*world.arguments, "--full-check", *form])
    assert timeless(fast) == timeless(world.told())


def timeless(text):
    return re.sub(r'\d+\.\d s\n|"run_id": "[^"]+"|"seconds": [\d.]+', "", text)


def test_the_json_answer_tells_the_run_of_the_log(world):
    world.told()
    assert world.fast("--json") == 0
    document, line = json.loads(world.told()), world.lines()[-1]
    assert (document["run_id"], document["generation"]) == (line["run"], line["generation"])
    assert (document["status"], line["path"]) == ("up-to-date", "fast")
    assert 0 <= document["seconds"] < 10


def test_answers_to_several_command_lines_are_kept_side_by_side(world):
    world.slow("--skip-ingestion")
    assert world.fast("--skip-ingestion") == world.fast() == 0


@pytest.mark.parametrize("name", ["proof", "facts"])
def test_a_torn_snapshot_is_made_again(world, name):
    path = world.profile / "snapshot" / name
    os.truncate(path, path.stat().st_size // 2)
    assert (world.fast() is None) == (name == "proof")
    world.objects()[0].touch()
    assert world.fast() is None
    assert (world.medium() is None) == (name == "facts")
    world.slow()
    assert world.fast() == 0


def test_a_profile_without_a_snapshot_is_left_to_the_whole_program(world):
    for path in (world.profile / "snapshot").iterdir():
        path.unlink()
    assert world.fast() is world.medium() is None
    world.slow()
    assert world.fast() == 0


def test_a_run_of_another_kind_leaves_no_snapshot(world):
    (world.project / "dataflows" / "clinical.py").touch()
    before = world.snapshot()
    world.slow("--force", "books")
    world.slow("--full-check")
    assert world.snapshot() == before


def test_what_changes_during_a_run_is_in_no_snapshot(world):
    """The source is touched after the process began: the stamp proves nothing to this one."""
    (world.project / "dataflows" / "clinical.py").touch()
    before = world.snapshot()
    moment = world.project / "dataflows" / "clinical.py"
    world.slow(during=moment.touch)
    assert world.snapshot() == before
    assert world.fast() is None
    assert world.medium() == 0


def test_a_registry_that_somebody_reads_keeps_the_answer_fast(world):
    reader = sqlite3.connect(world.profile / "registry.sqlite")
    assert reader.execute("SELECT count(*) FROM run").fetchone()
    assert (world.profile / "registry.sqlite-wal").exists()
    assert world.fast() == 0
    reader.close()
    assert world.fast() == 0


def test_quiet_runs_are_taken_into_the_audit_once(world):
    for _ in range(3):
        assert world.fast() == 0
    quiet = {line["run"] for line in world.lines() if line["path"] != "slow"}
    for _ in range(2):
        world.slow("--force", "books")
    runs = world.audit()
    assert quiet <= set(runs)
    assert {(status, path) for status, path in map(runs.get, quiet)} <= {
        ("up-to-date", "fast"),
        ("up-to-date", "medium"),
    }
    assert {line["run"] for line in world.lines()[:-1]} <= set(runs)


def test_a_log_that_is_full_is_left_to_the_whole_program(world):
    with world.log.open("a") as file:
        file.write("\n" * fast_path.LARGEST_LOG_BYTES)
    assert world.fast() is world.medium() is None
    world.slow()
    assert world.fast() == 0


@pytest.mark.parametrize("pattern", ["objects/??/*/table.parquet", "outputs/daily_metrics.csv"])
def test_a_full_check_mends_what_no_stamp_tells_of(world, pattern):
    path = next(path for path in world.snapshot_paths() if path.match(pattern))
    before = path.read_bytes()
    spoil(path)
    assert world.slow("--full-check")["status"] == "up-to-date"
    assert path.read_bytes() == before


def test_a_full_check_mends_a_raw_file_that_the_inbox_has_and_names_one_that_it_has_not(world):
    (path,) = (p for p in world.snapshot_paths() if p.name == "content" and holds_readings(p))
    spoil(path)
    assert world.slow("--full-check")["messages"] == []
    assert holds_readings(path)
    (world.inbox / "log" / "readings.csv").rename(world.folder / "kept.csv")
    spoil(path)
    (message,) = world.slow("--full-check")["messages"]
    assert "log/readings.csv: its stored bytes are missing or damaged" in message
    (world.folder / "kept.csv").rename(world.inbox / "log" / "readings.csv")
    assert world.slow("--full-check")["messages"] == []


def holds_readings(path):
    return path.read_bytes() == READINGS.encode()


def spoil(path):
    """Another first byte; size and time stay, as after a store through a dirty mapping."""
    found = path.stat()
    path.chmod(0o600)
    with path.open("r+b") as file:
        first = file.read(1)
        file.seek(0)
        file.write(bytes([first[0] ^ 1]))
    path.chmod(found.st_mode)
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
