"""What a run that found everything up to date leaves behind, so that the next one need not look."""

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from adapters.profile import DEMO, OWNER, Profile
from adapters.running.lock import LOCK_NAME
from adapters.running.meaning import resolved
from adapters.settings import Settings
from registry import fast_path
from registry.conclusion import WRITE_AHEAD_SUFFIX, Basis, basis
from registry.fast_path import Asked
from registry.manifests import manifest_path
from registry.rebuild import head_of
from registry.snapshot import Moments, Seen, all_below, described, facts_of, write
from registry.store import FILE_NAMES

PROJECT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("adapters", "dataflows", "registry")
MACHINE_ZONE: Final = ("/etc/localtime", "/etc/timezone")


@dataclass(frozen=True)
class Told:
    """What was concluded, in every form in which it may be told.

    Run id and seconds stand in it as `fast_path.RUN_ID` and `fast_path.SECONDS`.
    """

    generation: int
    exit_code: int
    warnings: str
    text: str
    document: str

    def answer(self) -> tuple[Any, ...]:
        """As the fast path reads it."""
        return (self.generation, self.exit_code, self.warnings, self.text, self.document.encode())


def keep_snapshot(
    profile: Profile,
    settings: Settings,
    asked: Asked,
    told: Told,
    *,
    reads_text: bool,
) -> bool:
    """Write the snapshot of a run that has just concluded up to date; the caller holds the lock.

    Args:
        profile: Whose; its registry must be closed, so that its log is folded in.
        settings: What the run was told.
        asked: The command line.
        told: The run's answer.
        reads_text: Whether the flow's code looks at source text: then a comment counts.

    Returns:
        Whether it was written. It is not when something changed during the run.
    """
    moments = Moments.of((profile.folder / LOCK_NAME).lstat(), fast_path.STARTED_NS)
    known = basis(profile.database.path)
    if moments is None or known is None:
        return False
    places = Places(profile, settings, PROJECT, known)
    seen = Seen(places.kinds, places.links, places.log)
    if not seen.is_trusted(moments):
        return False
    facts = {
        "profile": profile.name,
        "reads_text": reads_text,
        "basis": known.digest,
        "links": places.links,
        **described(seen, facts_of(places.folder), known.hashes),
    }
    if not seen.again():
        return False
    write(places.folder, seen, facts, (asked, resolved(profile, settings), told.answer()))
    return True


class Places:
    """Every file and folder that a run of a profile reads, with its kind.

    Attributes:
        kinds: Path -> kind.
        links: Path whose target counts too -> kind.
        log: The registry's log.
    """

    def __init__(self, profile: Profile, settings: Settings, project: Path, known: Basis) -> None:
        self.folder = os.path.abspath(profile.folder)  # noqa: PTH100 - keeps links
        self.kinds: dict[str, str] = {}
        self._add("code", _code_files(project))
        self._add("folder", [*_package_folders(project), *map(_absolute, sys.path)])
        self._add("start", _start_files())
        self._add("interpreter", [sys.executable])
        self._add("setting", _setting_files(settings))
        self._add("content", self._contents(known))
        self._add("view", _files_in(f"{self.folder}/outputs"))
        self._add("registry", [f"{self.folder}/registry.sqlite"])
        self._add("head", [f"{self.folder}/head"])
        self._add("head", self._stand_ins())
        self._add("corrections", [f"{self.folder}/corrections.csv"])
        if profile.name != OWNER:
            owner = f"{os.path.dirname(self.folder)}/{OWNER}"  # noqa: PTH120
            self._add("choice", [f"{owner}/raw", f"{owner}/inbox"])
        if profile.name != DEMO:
            self._add("inbox", all_below(f"{self.folder}/inbox"))
        self.links = {sys.executable: "interpreter", MACHINE_ZONE[0]: "setting"}
        if os.path.islink(f"{self.folder}/inbox"):  # noqa: PTH114
            self.links[f"{self.folder}/inbox"] = "inbox"
        self.log = f"{self.folder}/registry.sqlite{WRITE_AHEAD_SUFFIX}"

    def _add(self, kind: str, paths: Iterable[str]) -> None:
        for path in paths:
            self.kinds.setdefault(path, kind)

    def _stand_ins(self) -> Iterator[str]:
        """What no run reads and a lost registry or another tool needs: damage there counts too."""
        head = head_of(Path(self.folder))
        if head is not None:
            yield str(manifest_path(Path(self.folder), head))
        yield f"{self.folder}/state.json"

    def _contents(self, known: Basis) -> Iterator[str]:
        for sha256 in known.raw:
            yield f"{self.folder}/raw/{sha256[:2]}/{sha256}/{FILE_NAMES['raw']}"
        for sha256, codec in known.artifacts:
            root = "raw" if codec == "raw" else "objects"
            yield f"{self.folder}/{root}/{sha256[:2]}/{sha256}/{FILE_NAMES[codec]}"
        corrections = f"{self.folder}/corrections.csv"
        if os.path.exists(corrections):  # noqa: PTH110 - they name files by all their names
            for sha256 in known.raw:
                yield f"{self.folder}/raw/{sha256[:2]}/{sha256}/origin.json"


def _absolute(path: str) -> str:
    return os.path.abspath(path or ".")  # noqa: PTH100 - keeps links


def _package_folders(project: Path) -> Iterator[str]:
    yield str(project)
    for package in PACKAGES:
        for folder, folders, _ in os.walk(project / package):
            folders[:] = [name for name in folders if name != "__pycache__"]
            yield folder


def _code_files(project: Path) -> Iterator[str]:
    yield str(project / "cli.py")
    for folder in list(_package_folders(project))[1:]:
        names = ((path, path.rpartition("/")[2]) for path in _files_in(folder))
        yield from (path for path, name in names if not name.startswith(".") and name[-1] != "~")


def _start_files() -> Iterator[str]:
    yield os.path.join(sys.prefix, "pyvenv.cfg")  # noqa: PTH118
    for place in map(_absolute, sys.path):
        yield from (path for path in _files_in(place) if path.endswith(".pth"))
    for name in ("sitecustomize", "usercustomize"):
        file = getattr(sys.modules.get(name), "__file__", None)
        if file:
            yield file


def _setting_files(settings: Settings) -> Iterator[str]:
    yield from (_absolute(".env"), *MACHINE_ZONE)
    if settings.zip_password_file:
        yield _absolute(str(settings.zip_password_file))


def _files_in(folder: str) -> list[str]:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        return sorted(entry.path for entry in entries if not entry.is_dir(follow_symlinks=False))
    return []
