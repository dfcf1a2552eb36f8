"""Forgetting: one raw file and all that came from it leave the registry, from every generation.

What is to be forgotten is written down first, in the profile's file `forgetting`, and crossed out
last. So whoever is next to write into the profile finishes what a killed process began; every
step may be done twice.

    InsideArchiveError    the bytes would stay inside an archive (exit code 2)
"""

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from registry import RegistryError
from registry.garbage import object_files, remove_objects
from registry.generations import Generations
from registry.manifests import ManifestError, manifest_bytes, read_manifest
from registry.objects import replace_file
from registry.raw_files import RawEntry, RawFiles
from registry.store import Store

MARKER: Final = "forgetting"


class InsideArchiveError(RegistryError):
    """A file that lies inside an archive cannot be forgotten without the archive."""

    exit_code = 2

    def __init__(self, entry: RawEntry, archives: Sequence[str]) -> None:
        names = ", ".join(archives)
        super().__init__(
            f"{entry.name}: its bytes lie inside {names} too; forget that, and import the rest of "
            "it again: nothing was changed"
        )
        self.archives = tuple(archives)


@dataclass(frozen=True)
class Leaving:
    """A raw file that goes, and every name that it came under."""

    sha256: str
    size: int
    names: Sequence[str]


@dataclass(frozen=True)
class Staying:
    """A member of an archive that goes, which came another way too: the names of that way."""

    sha256: str
    names: Sequence[str]
    container: str | None


@dataclass(frozen=True)
class Farewell:
    """What is to be forgotten.

    Attributes:
        run_id: Under which the audit keeps that something was forgotten.
        started_utc: When.
        files: The raw files that go.
        staying: Raw files that lose a name.
        artifacts: Results that no computation made and that tell of a file that goes.
        unpack_again: Archives that may hold a file that goes as their own.
    """

    run_id: str
    started_utc: str
    files: Sequence[Leaving]
    staying: Sequence[Staying] = ()
    artifacts: Sequence[str] = ()
    unpack_again: Sequence[str] = ()

    @property
    def sha256s(self) -> frozenset[str]:
        """The hashes of the files that go."""
        return frozenset(file.sha256 for file in self.files)

    @property
    def names(self) -> frozenset[str]:
        """The names of the files that go."""
        return frozenset(name for file in self.files for name in file.names)


def farewell(raw_files: RawFiles, entry: RawEntry, *, run_id: str, started_utc: str) -> Farewell:
    """What goes with a raw file: of an archive, the members that came no other way.

    Raises:
        InsideArchiveError: It lies inside an archive that stays.
    """
    entries = {found.sha256: found for found in raw_files.entries()}
    names = {found.sha256: raw_files.names(found) for found in entries.values()}
    if archives := _archives_around(entry, names[entry.sha256], entries.values()):
        raise InsideArchiveError(entry, archives)
    going, staying = _members(entry, entries, names)
    told = {name for sha256 in going for name in names[sha256]}
    others = [found for found in entries.values() if found.sha256 not in going]
    archives_left = [found for found in others if found.kind == "archive"]
    return Farewell(
        run_id,
        started_utc,
        [Leaving(sha256, entries[sha256].size, names[sha256]) for sha256 in going],
        [Staying(sha256, own, _container(own, archives_left)) for sha256, own in staying.items()],
        unpack_again=[found.sha256 for found in archives_left if found.name in told],
    )


def _archives_around(
    entry: RawEntry, names: Sequence[str], entries: Iterable[RawEntry]
) -> list[str]:
    return [
        other.name
        for other in entries
        if other.kind == "archive" and other.sha256 != entry.sha256
        if other.sha256 == entry.container
        or any(name.startswith(f"{other.name}/") for name in names)
    ]


def _members(
    entry: RawEntry, entries: Mapping[str, RawEntry], names: Mapping[str, Sequence[str]]
) -> tuple[list[str], dict[str, list[str]]]:
    """The files that go, and those that came within them but stay, with their other names."""
    going, staying = {entry.sha256: entry}, dict[str, list[str]]()
    is_more = True
    while is_more:
        archives = [sha256 for sha256, found in going.items() if found.kind == "archive"]
        within = tuple(f"{name}/" for sha256 in archives for name in names[sha256])
        is_more = False
        for found in entries.values():
            own = [name for name in names[found.sha256] if not name.startswith(within)]
            is_member = found.container in going or len(own) < len(names[found.sha256])
            if found.sha256 in going or not is_member:
                continue
            staying[found.sha256] = own
            if not own:
                del staying[found.sha256]
                going[found.sha256] = found
                is_more = True
    return [*going], staying


def _container(names: Sequence[str], archives: Iterable[RawEntry]) -> str | None:
    """The archive that a name says a file came in."""
    return next((a.sha256 for a in archives if names[0].startswith(f"{a.name}/")), None)


# -- the marker ----------------------------------------------------------------------------------


def write_marker(folder: Path, told: Farewell) -> None:
    """Write down what is to be forgotten: from now on it will be, whatever happens."""
    replace_file(folder / MARKER, [json.dumps(asdict(told)).encode()])


def read_marker(folder: Path) -> Farewell | None:
    """What is being forgotten, if anything is."""
    try:
        told = json.loads((folder / MARKER).read_bytes())
    except FileNotFoundError:
        return None
    told["files"] = [Leaving(**file) for file in told["files"]]
    told["staying"] = [Staying(**file) for file in told["staying"]]
    return Farewell(**told)


# -- files ---------------------------------------------------------------------------------------


def remove_raw(raw_files: RawFiles, told: Farewell) -> None:
    """Remove the bytes of raw files and what stands beside them; those that stay lose a name."""
    for file in told.files:
        folder = raw_files.path(file.sha256).parent
        if folder.is_dir():
            shutil.rmtree(folder)
            if not any(folder.parent.iterdir()):
                folder.parent.rmdir()
    for staying in told.staying:
        raw_files.relabel(staying.sha256, staying.names, staying.container)


def remove_unregistered(store: Store) -> None:
    """Remove the object files that no row names any more."""
    rows = store.database.rows("SELECT DISTINCT sha256 FROM artifact")
    registered = {row["sha256"] for row in rows}
    files = [file for file in object_files(store) if file.parent.name not in registered]
    remove_objects(store.objects.root, files)


def mend_manifests(folder: Path, generations: Generations, told: Farewell) -> None:
    """Remove the manifests of generations that are gone, and from the others what is forgotten."""
    for path in sorted((folder / "manifests").glob("*.json")):
        number = int(path.stem) if path.stem.isdecimal() else 0
        if not generations.describe(number):
            path.unlink()
            continue
        try:
            document = read_manifest(path)
        except ManifestError:
            path.unlink()
            continue
        if _mended(document, told):
            generations.replace_manifest(number, manifest_bytes(document))


def _mended(document: dict[str, object], told: Farewell) -> bool:
    """Take raw files out of a manifest's list; in its first format they were objects."""
    listed = document.get("raw_files")
    if not isinstance(listed, list):
        return False
    going, staying = told.sha256s, {file.sha256: file for file in told.staying}
    mended = []
    for row in listed:
        sha256 = row["sha256"] if isinstance(row, dict) else row[0]
        if sha256 in staying:
            row = _relabelled(row, staying[sha256])  # noqa: PLW2901 - the row as it is now
        if sha256 not in going:
            mended.append(row)
    document["raw_files"] = mended
    return mended != listed


def _relabelled(row: dict[str, object] | list[object], file: Staying) -> object:
    if isinstance(row, dict):
        return row | {"name": file.names[0], "container": file.container}
    sha256, size, _name, stored_utc, _container, *rest = row
    return [sha256, size, file.names[0], stored_utc, file.container, *rest]
