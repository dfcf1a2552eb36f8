"""Many processes at once: serialised or told to wait, one computation a key, readers never wait.

What readers are promised whole is the registry's generation: each answer is the old one or the new
one. The views in `outputs/` are derived from it and replaced one after another, so beside a writer
only each single file is whole.
"""

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time

import pytest

from adapters.reader import load, outputs
from adapters.running.lock import profile_lock
from tests.conftest import LOG, Program

DONE, BUSY = 0, 75
RELEASED = """
import os, runpy, sys
os.read(0, 1)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
ROLLBACKS = """
import sys
from adapters.terminal.main import main
for turn in range(int(sys.argv[2])):
    number = str(2 + turn % 2)
    code = main(["--home", sys.argv[1], "--profile", "me", "--quiet", "rollback", number])
    assert code == 0, code
"""


class Barrier:
    """Processes that all begin when it opens."""

    def __init__(self, program):
        self.program = program
        self._gate, self._opener = os.pipe()
        self.processes = []

    def add(self, *arguments):
        command = [sys.executable, "-c", RELEASED, *self.program.command(*arguments)[1:]]
        self.processes.append(
            subprocess.Popen(
                command,
                stdin=self._gate,
                env=self.program.environment,
                cwd=self.program.home.parent,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )

    def open(self):
        os.close(self._gate)
        os.close(self._opener)

    def exit_codes(self):
        return [process.wait(timeout=120) for process in self.processes]


def registered(program):
    """Key -> the run that computed it."""
    path = program.home / "me" / "registry.sqlite"
    if not path.exists():
        return {}
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
    try:
        return dict(connection.execute("SELECT key, run_id FROM computation").fetchall())
    except sqlite3.OperationalError:
        return {}  # killed before the first transaction
    finally:
        connection.close()


def computed_twice(program):
    """The keys that more than one run says it computed."""
    connection = sqlite3.connect(program.home / "me" / "registry.sqlite")
    rows = connection.execute(
        "SELECT key FROM run_node WHERE action = 'ran' GROUP BY key HAVING count(*) > 1"
    ).fetchall()
    connection.close()
    return rows


def with_files(folder, number):
    program = Program(folder / "home", PDP_PROFILE="me", PDP_AS_OF="2026-06-01T00:00:00Z")
    inbox = program.home / "me" / "inbox"
    inbox.mkdir(parents=True)
    for day in range(1, number + 1):
        (inbox / f"{day}.csv").write_text(f"{LOG}2026-05-0{day},08:00,12{day},81,61,\n")
    return program


def test_runs_at_once_compute_each_key_once_whoever_is_killed(tmp_path, complete):
    chance = random.Random(7)
    undisturbed = with_files(tmp_path / "undisturbed", 3)
    started = time.monotonic()
    assert undisturbed("--quiet").exit_code == DONE
    duration = time.monotonic() - started
    for turn in range(12 if complete else 1):
        program = with_files(tmp_path / f"turn {turn}", 3)
        barrier = Barrier(program)
        for _ in range(3):
            barrier.add("--quiet")
        victim = chance.choice(barrier.processes)
        barrier.open()
        time.sleep(chance.uniform(0.2, 1.2 * duration))
        victim.kill()
        victim.wait()
        found = registered(program)
        codes = barrier.exit_codes()
        others = [code for code, p in zip(codes, barrier.processes, strict=True) if p != victim]
        assert set(others) <= {DONE, BUSY}
        last = program("--json")
        assert last.exit_code == DONE, last.stderr
        assert last.json["status"] == "up-to-date" or DONE not in others
        assert computed_twice(program) == []
        after = registered(program)
        assert {key: after.get(key) for key in found} == found
        assert after.keys() == registered(undisturbed).keys()
        assert program.outputs("me") == undisturbed.outputs("me")
        assert not [*(program.home / "me").rglob("*.tmp")]


def test_a_reader_beside_writers_sees_one_whole_generation(history, complete):
    """Generation 2 has three readings and 3 has two; the books of each say how many."""
    home, turns = history.home, 150 if complete else 12
    kept = {2: 3, 3: 2}
    views = history.home / "me" / "outputs" / "blood_pressure_readings.csv"
    texts = {view_of(history, number, views) for number in kept}
    whole = {number: artifacts(home, generation=number) for number in kept}
    writer = subprocess.Popen(
        [sys.executable, "-c", ROLLBACKS, str(home), str(turns)],
        env=history.environment,
        cwd=history.project,
        stdout=subprocess.DEVNULL,
    )
    seen, answers = set(), 0
    while writer.poll() is None:
        listed = artifacts(home)
        number = next(number for number in kept if listed["books"] == whole[number]["books"])
        assert listed == whole[number]
        told = load("blood_pressure_readings", profile="me", home=home)
        assert told.table.num_rows == kept[told.version]
        assert views.read_text() in texts
        seen.add(number)
        answers += 1
        time.sleep(0.002)
    assert writer.returncode == 0
    assert answers > turns / 4
    assert seen == {2, 3}


def artifacts(home, **wanted):
    """Output -> version and hash, of one generation."""
    found = outputs(profile="me", home=home, **wanted)
    return {output.name: (output.version, output.artifact.sha256) for output in found}


def view_of(history, number, view):
    """The view of a generation's readings, made by publishing it."""
    if history.inside("status", "--json").json["generation"] != number:
        assert history.inside("rollback", str(number)).exit_code == DONE
    return view.read_text()


def waits_for_lock(process, lock):
    """Whether a process has the lock file open, and so waits as long as another one holds it."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, "it did not wait"
        for link in os.scandir(f"/proc/{process.pid}/fd"):
            try:
                if lock.samefile(link.path):
                    return True
            except OSError:
                continue
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("command", [["gc", "--keep", "1"], ["forget", "first.csv", "--yes"]])
def test_what_removes_waits_for_a_writer(history, command):
    folder = history.home / "me"
    with profile_lock(folder):
        process = history.start(*command)
        assert waits_for_lock(process, folder / "lock")
        time.sleep(0.2)
        before = {path for path in (folder / "objects").rglob("*") if path.is_file()}
        assert process.poll() is None
        stray = folder / "objects" / "ff" / ("f" * 64) / "table.parquet"
        stray.parent.mkdir(parents=True)
        stray.write_bytes(b"of a writer that has not registered it yet")
        assert registered(history)
    assert process.wait(timeout=60) == DONE
    assert len([path for path in before if path.exists()]) < len(before)


def test_collectors_among_runs_leave_what_is_published_whole(history, complete):
    for turn in range(6 if complete else 1):
        corrections = history.home / "me" / "corrections.csv"
        barrier = Barrier(history)
        corrections.write_text(f"file,row,reason\nfirst.csv,2,turn {turn}\n")
        for arguments in (["--quiet"], ["gc", "--keep", "1"], ["gc", "--keep", "1"]):
            barrier.add(*arguments)
        barrier.open()
        assert set(barrier.exit_codes()) <= {DONE, BUSY}
        last = history("--json")
        assert last.exit_code == DONE, last.stderr
        shutil.rmtree(history.home / "me" / "outputs")
        assert history("--json", "--full-check").json["status"] == "up-to-date"
