"""One person's folder: registry, objects, raw files, published generations."""

import os
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from registry.database import Database, RegistryDamagedError
from registry.generations import Generations, Runs
from registry.objects import make_folder
from registry.raw_files import RawFiles
from registry.raw_index import DatabaseRawIndex
from registry.soundness import REGISTRY, Opened, opened_soundly, renewed
from registry.store import Store

DEMO: Final = "demo"
OWNER: Final = "me"
_OPENED: Final = ("database", "store", "generations", "runs", "raw_files", "is_sound")
DERIVED: Final = ("objects", "outputs", "snapshot")


@dataclass(frozen=True)
class Profile:
    """A profile by its place on the disk; nothing is opened before it is asked for.

    Attributes:
        home: The folder of all profiles.
        name: The person's folder in it.
        leaves_no_trace: Where there is no registry yet, make none.
    """

    home: Path
    name: str
    leaves_no_trace: bool = False

    @property
    def folder(self) -> Path:
        """Everything of this person."""
        return self.home / self.name

    @property
    def inbox(self) -> Path:
        """Where exports are dropped."""
        return self.folder / "inbox"

    @property
    def outputs(self) -> Path:
        """Views of the published generation."""
        return self.folder / "outputs"

    @property
    def corrections(self) -> Path:
        """The owner's exclusions, an input of the flow."""
        return self.folder / "corrections.csv"

    @property
    def logs(self) -> Path:
        """What happened, without a measured value."""
        return self.folder / "logs"

    @property
    def incoming(self) -> Path:
        """What a pull brought, and what has no place yet."""
        return self.folder / "remote" / "incoming"

    @property
    def exists(self) -> bool:
        """Whether anything was ever registered, even if the registry is gone."""
        return os.path.lexists(self._registry) or self._has_manifests

    @property
    def _registry(self) -> Path:
        return self.folder / REGISTRY

    @property
    def _has_manifests(self) -> bool:
        return any((self.folder / "manifests").glob("*.json"))

    @property
    def has_exports(self) -> bool:
        """Whether anything was ever imported, or waits in the inbox."""
        if (self.folder / "raw").is_dir():
            return True
        return self.inbox.is_dir() and any(
            not path.name.startswith(".") for path in self.inbox.iterdir()
        )

    @cached_property
    def database(self) -> Database:
        """The registry's SQLite file; made when it is not there and never was.

        Raises:
            RegistryDamagedError: It is damaged, or gone while manifests are there.
        """
        is_gone = not self._registry.is_file() or self._registry.stat().st_size == 0
        if is_gone and self._has_manifests:
            raise RegistryDamagedError(self._registry, "the file is gone or empty")
        in_memory = self.leaves_no_trace and not os.path.lexists(self._registry)
        return Database(self._registry, in_memory=in_memory)

    @cached_property
    def notices(self) -> list[str]:
        """What had to be done so that the registry can be relied on."""
        return []

    def make_sound(self) -> None:
        """See that the registry can be relied on, once; a lost or damaged one is made again.

        The caller holds the profile's lock, unless nothing may be written.
        """
        if "is_sound" not in self.__dict__:
            opened = opened_soundly(
                self.folder,
                self.__dict__.get("database"),
                leaves_no_trace=self.leaves_no_trace,
            )
            self._keep(opened)

    def renew(self, damage: RegistryDamagedError) -> None:
        """Set aside a registry that turned out to be damaged, and make it again."""
        opened = renewed(
            self.folder,
            damage.problem,
            self.__dict__.get("database"),
            leaves_no_trace=self.leaves_no_trace,
        )
        self._keep(opened)

    def _keep(self, opened: Opened) -> None:
        if opened.database is not self.__dict__.get("database"):
            for name in _OPENED:
                self.__dict__.pop(name, None)
        self.__dict__.update(database=opened.database, is_sound=True)
        self.notices.extend(opened.notices)

    @cached_property
    def store(self) -> Store:
        """Computations and artifacts."""
        return Store(self.folder, self.database)

    @cached_property
    def generations(self) -> Generations:
        """What is published."""
        return Generations(self.folder, self.database)

    @cached_property
    def runs(self) -> Runs:
        """What happened."""
        return Runs(self.database)

    @cached_property
    def raw_files(self) -> RawFiles:
        """Every export ever seen."""
        return RawFiles(self.folder / "raw", DatabaseRawIndex(self.database))

    def reread(self) -> None:
        """Look the raw files up again: others than `raw_files` changed them."""
        self.__dict__.pop("raw_files", None)

    def close(self) -> None:
        """Let go of the registry, if it was opened; SQLite folds its log into the file."""
        if "database" in self.__dict__:
            self.database.close()

    def make_folders(self) -> None:
        """Create the folder with an inbox in it.

        Raises:
            OSError: It cannot be made.
        """
        make_folder(self.inbox)

    def derived_files(self) -> list[Path]:
        """What a clean deletes: all that can be made again."""
        found: list[Path] = []
        for name in DERIVED:
            path = self.folder / name
            if path.is_dir():
                found += sorted(file for file in path.rglob("*") if file.is_file())
            elif path.is_file():
                found.append(path)
        return found

    @property
    def is_forgetting(self) -> bool:
        """Whether a file is being forgotten, by this process or by one that was killed."""
        return (self.folder / "forgetting").exists()

    def drop_snapshot(self) -> None:
        """Make the next run look at everything."""
        _remove(self.folder / "snapshot")

    def clean(self) -> None:
        """Delete all that can be made again. Raw files, inbox, logs and history stay."""
        self.generations.unpublish()
        for name in DERIVED:
            _remove(self.folder / name)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def default_profile(home: Path, *, has_remote_source: bool = False) -> str:
    """`me` once anything was imported or a remote source is set, else the synthetic person."""
    return OWNER if has_remote_source or Profile(home, OWNER).has_exports else DEMO
