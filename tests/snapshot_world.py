"""A small project with one published profile, on which each path can be asked in this process.

The source tree is a copy that may be edited, the import path ends in a folder for distributions
that may be made up, and the owner's inbox holds one small file. The paths are the real ones; only
what belongs to a process (when it began, where it looks) is set before each question.
"""

import json
import os
import shutil
import sqlite3
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from adapters import driver
from adapters.running import medium_path, snapshot
from adapters.terminal.commands.running import UNUSABLE_FILE
from adapters.terminal.main import main
from registry import fast_path

PROJECT = Path(__file__).resolve().parent.parent
READINGS = (
    "date,time,systolic,diastolic,pulse\n2025-06-01,08:00,121,81,61\n2025-06-02,08:05,124,79,66\n"
)
MORE_READINGS = "date,time,systolic,diastolic,pulse\n2025-06-03,08:00,118,77,58\n"


class World:
    """One person's home, one project, and the three paths."""

    def __init__(self, folder):
        self.folder = folder
        self.project, self.home, self.site = folder / "project", folder / "home", folder / "site"
        self.profile = self.home / "me"
        self.inbox = self.profile / "inbox"
        self.zone = folder / "localtime"
        self.environment = {"HOME": str(folder), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        self.arguments = ["--home", str(self.home)]
        self._make()

    def _make(self):
        self.project.mkdir()
        for name in ("adapters", "dataflows", "registry"):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(PROJECT / name, self.project / name, ignore=ignored)
        shutil.copy(PROJECT / "cli.py", self.project)
        (self.inbox / "log").mkdir(parents=True)
        (self.inbox / "log" / "readings.csv").write_text(READINGS)
        (self.site / "thing-1.0.dist-info").mkdir(parents=True)
        (self.site / "thing.pth").write_text("# nothing\n")
        self.zone.symlink_to("/usr/share/zoneinfo/UTC")

    def enter(self, patch, output):
        """Set what a process of this world has from its start, for one test."""
        self.patch, self._output = patch, output
        library = [path for path in sys.path if path and not Path(path, "adapters").is_dir()]
        self.patch.setattr(sys, "path", [str(self.project), *library, str(self.site)])
        self.patch.setattr(driver, "PROJECT", self.project)
        self.patch.setattr(snapshot, "PROJECT", self.project)
        zone = (str(self.zone), str(self.folder / "timezone"))
        self.patch.setattr(snapshot, "MACHINE_ZONE", zone)
        self.patch.chdir(self.folder)
        for name in list(os.environ):
            self.patch.delenv(name)
        return self

    def _begin(self):
        """A process begins after everything that was done before."""
        moment = time.time_ns()
        while fast_path.clock_ns() <= moment:
            time.sleep(0.0005)
        self.patch.setattr(fast_path, "STARTED_NS", fast_path.clock_ns())
        for name in set(os.environ) - set(self.environment):
            self.patch.delenv(name)
        for name, value in self.environment.items():
            self.patch.setenv(name, value)

    def fast(self, *arguments):
        """The fast path's exit code."""
        self._begin()
        return fast_path.answered([*self.arguments, *arguments])

    def medium(self, *arguments):
        """The medium path's exit code."""
        self._begin()
        return medium_path.answered([*self.arguments, *arguments])

    def slow(self, *arguments, during=lambda: None):
        """The JSON document of the whole program."""
        self._begin()
        during()
        self._output.readouterr()
        self.ended_well = main([*self.arguments, "--json", *arguments]) in {0, UNUSABLE_FILE}
        return json.loads(self._output.readouterr().out)

    def settle(self):
        """Run until the next plain run is answered by the fast path."""
        if self.fast() is None:
            if self.medium() is None:
                self.slow()
            assert self.fast() == 0
        return self

    def told(self):
        """What was printed since the last question."""
        return self._output.readouterr().out

    def state(self):
        """The bytes of everything that is published, and of what it rests on."""
        files = [
            path
            for name in ("objects", "outputs", "raw", "head")
            for path in [self.profile / name, *(self.profile / name).rglob("*")]
            if path.is_file() and path.name != ".views.json"
        ]
        return {str(path): path.read_bytes() for path in sorted(files)}

    def slow_would_do_nothing(self):
        """Ask the whole program, which then does what there is to do."""
        before = self.state()
        done = self.slow()
        ran = any(node["action"] == "ran" for node in done.get("nodes", ()))
        return done["status"] == "up-to-date" and not ran and self.state() == before

    def objects(self):
        """The files of the published generation."""
        return sorted(self.profile.glob("objects/??/*/*"))

    @property
    def log(self):
        """The log's file."""
        return self.profile / "logs" / "pipeline.log"

    def lines(self):
        """The log's lines of runs."""
        lines = map(json.loads, filter(None, self.log.read_text("utf-8").splitlines()))
        return [line for line in lines if line["event"].startswith("run_")]

    def audit(self):
        """Run -> its status, and the path that the log told of."""
        registry = sqlite3.connect(self.profile / "registry.sqlite")
        rows = registry.execute("SELECT id, status, options FROM run").fetchall()
        registry.close()
        return {run: (status, json.loads(options).get("path")) for run, status, options in rows}

    def generation(self):
        """The published generation's number."""
        return int((self.profile / "head").read_text())

    def snapshot(self):
        """The bytes of the snapshot."""
        return {path.name: path.read_bytes() for path in (self.profile / "snapshot").iterdir()}

    def snapshot_paths(self):
        """The files that the snapshot tells of."""
        proof = fast_path.contents(f"{self.profile}/snapshot/proof")
        return [Path(path) for path in proof[4]]

    @contextmanager
    def with_more_readings(self):
        """A second file in the inbox, for as long as the block lasts."""
        path = self.inbox / "more.csv"
        path.write_text(MORE_READINGS)
        yield
        path.unlink()
