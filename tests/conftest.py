"""What the end-to-end tests share: the program as its user starts it."""

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

# A slow moment of the machine is no fault of the program.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

PROJECT = Path(__file__).resolve().parent.parent
SOURCES = ("adapters", "dataflows", "registry", "cli.py")


def pytest_addoption(parser):
    parser.addoption(
        "--complete",
        action="store_true",
        help="try every crash point, injected error, disk state and edit, not a sample of them",
    )


@pytest.fixture
def complete(request):
    """Whether sampled suites shall be exhaustive."""
    return request.config.getoption("--complete")


@dataclass(frozen=True)
class Finished:
    """A finished process: its exit code and what it printed."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def json(self):
        """Its one JSON object."""
        return json.loads(self.stdout)


class Program:
    """`python cli.py` of one source tree with one home."""

    def __init__(self, home: Path, project: Path = PROJECT, **environment: str) -> None:
        self.home, self.project = home, project
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PDP_")},
            "PYTHONPATH": str(project),
            "TZ": "UTC",
            **environment,
        }

    def command(self, *arguments: str) -> list[str]:
        """The process's argument list."""
        return [sys.executable, str(self.project / "cli.py"), "--home", str(self.home), *arguments]

    def __call__(self, *arguments: str, **environment: str) -> Finished:
        done = subprocess.run(
            self.command(*arguments),
            env={**self.environment, **environment},
            cwd=self.home.parent,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    def inside(self, *arguments: str) -> Finished:
        """Do it in this process: for commands that only look things up or put them in order."""
        from adapters.terminal.main import main

        out, err = io.StringIO(), io.StringIO()
        home = ["--home", str(self.home)]
        with (
            pytest.MonkeyPatch.context() as patch,
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            patch.chdir(self.home.parent)
            patch.setattr("os.environ", self.environment)
            exit_code = main([*home, *arguments])
        return Finished(exit_code, out.getvalue(), err.getvalue())

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start it and do not wait."""
        return subprocess.Popen(
            self.command(*arguments),
            env=self.environment,
            cwd=self.home.parent,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def outputs(self, profile: str) -> dict[str, bytes]:
        """The views of a profile, by file name."""
        folder = self.home / profile / "outputs"
        return {p.name: p.read_bytes() for p in folder.iterdir() if not p.name.startswith(".")}


@pytest.fixture
def program(tmp_path):
    """The program with an empty home."""
    return Program(tmp_path / "home")


@pytest.fixture
def google():
    """Google on loopback; whatever is against its own description fails the test."""
    from tests.emulators.google_server import GoogleServer

    server = GoogleServer()
    with server.running():
        yield server
    assert not server.violations


@pytest.fixture
def google_client(google, tmp_path):
    """A client of that Google that does not wait; `pauses` has what it would have waited."""
    from adapters.google.client import GoogleClient

    credentials = google.credentials(tmp_path / "service_account.json")

    def client(*purposes, **options):
        pauses = []
        made = GoogleClient(
            credentials, purposes, endpoint=google.url, pause=pauses.append, **options
        )
        made.pauses = pauses
        return made

    return client


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory):
    """A home whose demo profile is published; copy it, never change it."""
    home = tmp_path_factory.mktemp("demo") / "home"
    done = Program(home)("--json")
    assert done.exit_code == 0, done.stderr
    return home


LOG = "date,time,systolic,diastolic,pulse,note\n"


@pytest.fixture(scope="session")
def history_home(tmp_path_factory):
    """A home with three generations of profile `me`; copy it, never change it.

    The first knows one file of one day, the second another one with two readings of an earlier
    day, and the third leaves the last of them out.
    """
    program = Program(tmp_path_factory.mktemp("history") / "home", PDP_PROFILE="me")
    inbox = program.home / "me" / "inbox"
    inbox.mkdir(parents=True)
    (inbox / "first.csv").write_text(LOG + "2026-05-02,08:00,122,82,62,\n")
    assert program("--quiet").exit_code == 0
    second = "2026-05-01,08:00,121,81,61,canary-note-9c1e\n2026-05-01,20:00,199,81,61,\n"
    (inbox / "second-7f3a.csv").write_text(LOG + second)
    assert program("--quiet").exit_code == 0
    excluded = program("exclude", "second-7f3a.csv", "3", "--reason", "canary-reason-5d2b")
    assert excluded.exit_code == 0
    assert program("--quiet").exit_code == 0
    return program.home


@pytest.fixture
def history(history_home, tmp_path):
    """The program with three generations of profile `me` of its own."""
    shutil.copytree(history_home, tmp_path / "home", symlinks=True)
    return Program(tmp_path / "home", PDP_PROFILE="me")


@pytest.fixture
def published_demo(demo_home, tmp_path):
    """The program with a published demo profile of its own."""
    shutil.copytree(demo_home, tmp_path / "home", symlinks=True)
    return Program(tmp_path / "home")


@pytest.fixture
def copied_project(demo_home, tmp_path):
    """The program from a source tree that may be edited, with a published demo profile."""
    project = tmp_path / "project"
    project.mkdir()
    for name in SOURCES:
        origin = PROJECT / name
        if origin.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(origin, project / name, ignore=ignored)
        else:
            shutil.copy(origin, project / name)
    shutil.copytree(demo_home, tmp_path / "home", symlinks=True)
    return Program(tmp_path / "home", project)
