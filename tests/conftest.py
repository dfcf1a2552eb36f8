"""What the end-to-end tests share: the program as its user starts it."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

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


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory):
    """A home whose demo profile is published; copy it, never change it."""
    home = tmp_path_factory.mktemp("demo") / "home"
    done = Program(home)("--json")
    assert done.exit_code == 0, done.stderr
    return home


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
