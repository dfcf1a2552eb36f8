"""The files of `outputs/`: which of them are out of date, and how they change around a commit.

They are written and flushed before the generation that they show is committed, so that a full disk
is met while the old one still stands; after the commit they only take their names. A view is
derived, so it may be removed or spoilt at will: the next run makes it again.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from registry.generations import Output
from registry.objects import (
    PendingFile,
    make_folder,
    publish_together,
    sha256_of_file,
    write_pending,
)

PARQUET_ONLY: Final = frozenset({"heart_rate_hours", "heart_rate_samples", "sleep_stages"})
CSV_ONLY: Final = frozenset(
    {"blood_pressure_alerts", "home_blood_pressure", "rejected_rows", "shadowed_rows"}
)
_STAMPS: Final = ".views.json"

Content = Callable[[str, Output], Iterable[bytes | memoryview]]
Stamps = dict[str, list[object]]


class PendingViews:
    """Views that are on the disk, and not yet visible under their names."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: list[tuple[PendingFile, Path]] = []

    def add(self, name: str, chunks: Iterable[bytes | memoryview]) -> Path:
        """Write a view, and say where its bytes are meanwhile."""
        file = write_pending(self._folder, chunks, mode=0o600)
        self._files.append((file, self._folder / name))
        return file.path

    def publish(self) -> list[str]:
        """Give every view its name, durably, and say which.

        Raises:
            WriteError: One could not be replaced; the next run does it.
        """
        publish_together(self._files)
        written = [target.name for _, target in self._files if target.name != _STAMPS]
        self._files.clear()
        return written

    def discard(self) -> None:
        """Remove what was not published."""
        for file, _ in self._files:
            file.discard()


@contextmanager
def pending_views(
    folder: Path, outputs: Mapping[str, Output], content: Content, *, trusts_stamps: bool = True
) -> Iterator[PendingViews]:
    """Write every view of these outputs that is not there as it was last written.

    Args:
        folder: `outputs/` of the profile.
        outputs: The outputs to show.
        content: Makes the bytes of a file, from its name and its output.
        trusts_stamps: Whether an unmoved file need not be read.

    Raises:
        WriteError: There is no room for them; nothing that is visible was changed.
    """
    views = PendingViews(folder)
    try:
        _write_missing(views, folder, outputs, content, trusts_stamps=trusts_stamps)
        yield views
    finally:
        views.discard()


def _write_missing(
    views: PendingViews,
    folder: Path,
    outputs: Mapping[str, Output],
    content: Content,
    *,
    trusts_stamps: bool,
) -> None:
    known = _read_stamps(folder)
    stamps: Stamps = {}
    for name, output in _file_names(outputs):
        stamps[name] = [output.artifact.sha256, *_stamp(folder / name)]
        is_there = stamps[name] == known.get(name)
        if not (is_there and (trusts_stamps or _holds(folder / name, content(name, output)))):
            make_folder(folder)
            path = views.add(name, content(name, output))
            stamps[name] = [output.artifact.sha256, *_stamp(path)]
    if stamps != known:
        make_folder(folder)
        views.add(_STAMPS, [json.dumps(stamps, sort_keys=True).encode()])


def spoilt_views(
    folder: Path, outputs: Mapping[str, Output], content: Content, *, reads_bytes: bool
) -> Iterator[tuple[Path, str | None]]:
    """Every view that should be there, and what is wrong with it.

    Args:
        folder: `outputs/` of the profile.
        outputs: The published outputs.
        content: Makes the bytes of a file, from its name and its output.
        reads_bytes: Whether a file that did not move is compared too with what is made anew.
    """
    known = _read_stamps(folder)
    for name, output in _file_names(outputs):
        path = folder / name
        is_file = path.is_file() and not path.is_symlink()
        moved = [output.artifact.sha256, *_stamp(path)] != known.get(name)
        if not is_file:
            yield path, "it is missing, or no file"
        elif (reads_bytes or moved) and not _holds(path, content(name, output)):
            yield path, "it does not show what is published"
        else:
            yield path, None


def _holds(path: Path, content: Iterable[bytes | memoryview]) -> bool:
    digest = hashlib.sha256()
    for chunk in content:
        digest.update(chunk)
    return sha256_of_file(path).sha256 == digest.hexdigest()


def _file_names(outputs: Mapping[str, Output]) -> Iterator[tuple[str, Output]]:
    for name, output in sorted(outputs.items()):
        if output.artifact.rows is None:
            continue
        if name not in PARQUET_ONLY:
            yield f"{name}.csv", output
        if name not in CSV_ONLY:
            yield f"{name}.parquet", output


def _read_stamps(folder: Path) -> Stamps:
    try:
        stamps: Stamps = json.loads((folder / _STAMPS).read_bytes())
    except (OSError, ValueError):
        return {}
    return stamps if isinstance(stamps, dict) else {}


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        found = os.lstat(path)
    except OSError:
        return (0, 0, 0)
    return (found.st_ino, found.st_size, found.st_mtime_ns)
