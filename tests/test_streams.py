"""What is printed, whatever stdout is: in an old encoding, closed, full, cut off by its reader."""

import json
import os
import shutil
import signal
import subprocess

import pytest

from tests.conftest import Program

KINDS = {
    "from the snapshot": (),
    "an object from the snapshot": ("--json",),
    "a table": ("status",),
    "a large object": ("sources", "--json"),
}


@pytest.fixture(scope="module")
def published(demo_home, tmp_path_factory):
    """The program with a published demo, which no test here changes."""
    home = tmp_path_factory.mktemp("streams") / "home"
    shutil.copytree(demo_home, home, symlinks=True)
    program = Program(home)
    assert program("--quiet").exit_code == 0
    return program


def run(program, arguments, *, shell="", encoding="utf-8"):
    command = ["bash", "-c", f'"$@" {shell}', "bash", *program.command(*arguments)]
    environment = {**program.environment, "PYTHONIOENCODING": encoding}
    return subprocess.run(command, env=environment, capture_output=True, check=False, timeout=120)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
@pytest.mark.parametrize("command", ["run", "lineage daily_metrics --row 3"])
def test_an_old_encoding_shows_question_marks_and_is_no_failure(published, command, encoding):
    done = run(published, command.split(), encoding=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    shown = done.stdout.decode(encoding)
    assert "daily_metrics" in shown or "up to date" in shown


@pytest.mark.parametrize("arguments", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("shell", [">&-", "| true", "2>&-", "<&-"])
def test_a_stream_that_nobody_reads_is_no_failure(published, arguments, shell):
    done = run(published, arguments, shell=f"{shell}; exit ${{PIPESTATUS[0]}}")
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("arguments", KINDS.values(), ids=KINDS)
def test_a_full_stdout_is_one_line_and_a_failure(published, arguments):
    done = run(published, arguments, shell=">/dev/full")
    assert done.returncode == 1
    assert done.stderr == (b"error: the result cannot be printed: No space left on device\n")


def test_an_error_reaches_stdout_as_json_where_stderr_is_closed(published):
    done = run(published, ("--profile", "..", "--json"), shell="2>&-")
    assert (done.returncode, json.loads(done.stdout)["exit_code"]) == (2, 2)


def test_no_file_is_opened_in_place_of_a_closed_stream(published):
    """A registry that is opened as descriptor 1 or 2 would get what is printed there."""
    trace = published.home.parent / "trace"
    command = ["strace", "-f", "-e", "trace=openat", "-o", str(trace),
               "bash", "-c", 'exec "$@" <&- >&- 2>&-', "bash"]  # fmt: skip
    done = subprocess.run(
        [*command, *published.command("--full-check")], env=published.environment, check=False
    )
    assert done.returncode == 0
    lines = trace.read_text().splitlines()
    low = [line for line in lines if line.endswith((" = 0", " = 1", " = 2"))]
    assert [line for line in low if str(published.home) in line] == []


def test_names_that_are_no_text_are_printed_and_listed(tmp_path):
    program = Program(tmp_path / "home")
    inbox = program.home / "me" / "inbox"
    inbox.mkdir(parents=True)
    log = b"date,time,systolic,diastolic,pulse\n2025-05-01,07:30,121,79,64\n"
    (inbox / os.fsdecode(b"Bl\xfctdruck.csv")).write_bytes(log)
    for arguments in ((), ("sources",), ("sources", "--json"), ("--json",)):
        done = run(program, arguments)
        assert done.returncode == 0, (arguments, done)
        assert b"Traceback" not in done.stderr
        assert b"druck" in done.stdout


def test_an_early_interrupt_is_one_object_and_one_line(tmp_path):
    program = Program(tmp_path / "home")
    settings = tmp_path / ".env"
    os.mkfifo(settings)
    started = subprocess.Popen(
        program.command("--json"), env=program.environment, cwd=tmp_path,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    with settings.open("w"):  # opens once the program waits for its settings
        started.send_signal(signal.SIGINT)
        out, err = started.communicate(timeout=60)
    assert (started.returncode, json.loads(out)["exit_code"]) == (130, 130)
    assert err == b"error: interrupted\n"
