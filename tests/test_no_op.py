"""A run with nothing to do, as a process of its own: which path answers, and what it writes."""

import json
import re
import shutil
import subprocess

import pytest

from tests.conftest import PROJECT

MUTATING = (
    "creat,write,writev,pwrite64,pwritev,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,"
    "rmdir,link,linkat,symlink,symlinkat,truncate,ftruncate,chmod,fchmod,fchmodat,chown,fchown,"
    "utime,utimes,utimensat,setxattr,fsetxattr,fallocate,mknod,mknodat,fsync,fdatasync"
)
HEAVY = {"hamilton", "pandas", "pandera", "duckdb", "pyarrow", "numpy", "rich", "argparse"}


def lines(program):
    log = program.home / "demo" / "logs" / "pipeline.log"
    found = map(json.loads, log.read_text("utf-8").splitlines())
    return [line for line in found if line["event"] == "run_up_to_date"]


def last_path(program):
    return lines(program)[-1]["path"]


@pytest.fixture
def settled(published_demo):
    """A copy of a published demo; the medium path knows it again where it is now."""
    assert published_demo("--quiet").exit_code == 0
    assert last_path(published_demo) == "medium"
    return published_demo


def mutations(program, *arguments):
    """The system calls of a run that change something on the disk, as `strace` shows them."""
    trace = program.home.parent / "trace"
    command = ["strace", "-f", "-y", "-o", str(trace), "-e", f"trace=open,openat,{MUTATING}"]
    done = subprocess.run(
        [*command, *program.command(*arguments)], env=program.environment, cwd=program.home.parent,
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    calls = [line.split(None, 1)[1] for line in trace.read_text("utf-8").splitlines()]
    opening = re.compile(r"open(at)?\(.*O_(WRONLY|RDWR|CREAT|TRUNC)")
    return [
        call
        for call in calls
        if (opening.match(call) or not call.startswith("open"))
        and not re.match(r"write\([12]<|\+\+\+|---", call)
        and "/dev/" not in call
    ]


def test_a_second_run_writes_one_appended_line_and_nothing_else(settled):
    calls = mutations(settled)
    log = str(settled.home / "demo" / "logs" / "pipeline.log")
    assert len(calls) == 2, calls
    assert re.match(rf'openat\(.*"{re.escape(log)}", O_WRONLY\|O_CREAT\|O_APPEND', calls[0])
    assert re.match(rf"write\(\d+<{re.escape(log)}>, ", calls[1])


def test_where_the_whole_program_finds_nothing_to_do_it_writes_the_line_and_the_snapshot(settled):
    snapshot = settled.home / "demo" / "snapshot"
    shutil.rmtree(snapshot)
    assert settled("--quiet").exit_code == 0
    shutil.rmtree(snapshot)
    calls = mutations(settled)
    passing = ("/lock", "registry.sqlite-shm", "registry.sqlite-wal", "/registry.sqlite")
    left = [
        call
        for call in calls
        if not any(f"{name}{end}" in call for name in passing for end in ('"', ">"))
    ]
    allowed = re.compile(r"/demo/(logs/pipeline\.log|snapshot|[0-9a-f]{16}\.tmp)")
    assert [call for call in left if not allowed.search(call)] == []
    stored = [call for call in calls if call.startswith(("write(", "pwrite64("))]
    assert not [call for call in stored if "registry.sqlite>" in call or "-wal>" in call]
    assert last_path(settled) == "slow"
    assert settled("--quiet").exit_code == 0
    assert last_path(settled) == "fast"


def test_nothing_heavy_is_imported_on_the_faster_paths(copied_project):
    def imported(path):
        command = copied_project.command("--quiet")
        done = subprocess.run(
            [command[0], "-X", "importtime", *command[1:]], env=copied_project.environment,
            cwd=copied_project.home.parent, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert last_path(copied_project) == path
        names = [line.rpartition("|")[2].strip() for line in done.stderr.splitlines()]
        return {name.partition(".")[0] for name in names}

    assert copied_project("--quiet").exit_code == 0
    assert HEAVY & imported("fast") == set()
    (copied_project.project / "dataflows" / "clinical.py").touch()
    found = imported("medium")
    assert HEAVY & found == set()
    assert "zlib" in found
    assert imported("fast") & {"typing", "json", "re", "pathlib", "dataclasses"} == set()


def test_an_import_of_exports_ends_the_demo_of_who_named_no_profile(settled, tmp_path):
    assert settled("--json").json["profile"] == "demo"
    assert last_path(settled) == "fast"
    readings = tmp_path / "log.csv"
    readings.write_text("date,time,systolic,diastolic,pulse\n2025-06-01,08:00,121,81,61\n")
    assert settled("import", str(readings)).exit_code == 0
    assert settled("--json").json["profile"] == "me"


def test_the_program_is_started_by_a_few_lines():
    assert len((PROJECT / "cli.py").read_text().splitlines()) <= 25
