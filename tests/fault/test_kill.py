"""SIGKILL at any moment: nothing half-done is seen, and a plain run reaches the same end."""

import random
import shutil
import sqlite3
import time

import pytest

from tests.conftest import Program


@pytest.mark.slow
def test_killed_at_random_moments_a_plain_run_ends_as_an_undisturbed_one(
    demo_home, tmp_path, complete
):
    undisturbed = Program(demo_home)
    program = Program(tmp_path / "home")
    started = time.monotonic()
    assert Program(tmp_path / "timing").__call__("--quiet").exit_code == 0
    duration = time.monotonic() - started
    moments = random.Random(3)
    for _ in range(20 if complete else 2):
        process = program.start("--quiet")
        time.sleep(moments.uniform(0.1, duration))
        process.kill()
        process.wait()
        assert_no_half_generation(program)
    done = program("--json")
    assert done.exit_code == 0, done.stderr
    assert program.outputs("demo") == undisturbed.outputs("demo")
    assert not list((program.home / "demo").rglob("*.tmp"))


@pytest.mark.slow
def test_a_killed_run_leaves_the_published_generation_untouched(copied_project):
    before = copied_project.outputs("demo")
    edit(copied_project, "dataflows/clinical.py", "Limits(50, 300)", "Limits(50, 110)")
    process = copied_project.start("--quiet")
    wait_for_new_objects(copied_project)
    process.kill()
    process.wait()
    assert copied_project.outputs("demo") == before
    edit(copied_project, "dataflows/clinical.py", "Limits(50, 110)", "Limits(50, 300)")
    assert copied_project("--json").json["status"] == "up-to-date"


def edit(program, path, before, after):
    file = program.project / path
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after, 1))


def wait_for_new_objects(program):
    objects = program.home / "demo" / "objects"
    before = len(list(objects.glob("??/*")))
    deadline = time.monotonic() + 60
    while len(list(objects.glob("??/*"))) == before:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def assert_no_half_generation(program):
    """Whatever the registry says is published is there, whole."""
    path = program.home / "demo" / "registry.sqlite"
    if not path.exists():
        return
    copy = program.home.parent / "reader"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(path.parent, copy, symlinks=True)
    connection = sqlite3.connect(copy / "registry.sqlite")
    try:
        registered = connection.execute("SELECT sha256, codec, size FROM artifact").fetchall()
    except sqlite3.OperationalError:
        return  # killed before the first transaction
    finally:
        connection.close()
    names = {"parquet": "table.parquet", "json": "value.json"}
    for sha256, codec, size in registered:
        if codec in names:
            file = copy / "objects" / sha256[:2] / sha256 / names[codec]
            assert file.stat().st_size == size
