"""The inbox: files, folders and zips in a folder of the owner's, and those named to `import`.

Nothing is ever removed from the inbox, and nothing has to stay there. Links are not followed.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapters.sources import SeenFile, SourceReport, is_ignored, seen
from adapters.sources.archives import Archives
from registry.raw_files import Added, RawFiles, plain_name
from registry.stamps import ReadError

_PROFILE_MARK: Final = "registry.sqlite"


@dataclass(frozen=True)
class Inbox:
    """A folder that is looked through at each run; it need not exist.

    Args:
        folder: The folder. It may be a link itself; nothing below it is followed.
        zip_password_file: The file with passwords of encrypted archives, one a line.
    """

    folder: Path
    zip_password_file: Path | None = None

    @property
    def name(self) -> str:
        """What the source is called in reports."""
        return "inbox"

    def collect(self, raw_files: RawFiles, *, stored_utc: str) -> SourceReport:
        """Store what is new, and try again what was locked before."""
        archives = Archives(raw_files, self.zip_password_file, stored_utc=stored_utc)
        found = _below(self.folder, "") if self.folder.exists() else iter(())
        lines = list(_stored(found, raw_files, archives, stored_utc))
        return SourceReport(self.name, [*lines, *archives.retry()])

    def waiting(self, raw_files: RawFiles) -> list[str]:
        """The names of the files that are not stored yet; nothing is stored."""
        found = _below(self.folder, "") if self.folder.exists() else iter(())
        return [plain_name(item.name) for item in found if _is_new(item, raw_files)]


def _is_new(item: "_Found", raw_files: RawFiles) -> bool:
    try:
        return not item.problem and not raw_files.knows(item.path)
    except ReadError:
        return False


def import_paths(
    paths: Iterable[Path],
    raw_files: RawFiles,
    *,
    stored_utc: str,
    zip_password_file: Path | None = None,
) -> SourceReport:
    """Store files and folders that were named one by one, in the way of the inbox."""
    archives = Archives(raw_files, zip_password_file, stored_utc=stored_utc)
    found = (item for path in paths for item in _named(path))
    return SourceReport("import", list(_stored(found, raw_files, archives, stored_utc)))


@dataclass(frozen=True)
class _Found:
    """Something that was come across: a file to be read, unless it is a problem already."""

    path: Path
    name: str
    problem: str | None = None
    is_folder: bool = False


def _stored(
    found: Iterable[_Found], raw_files: RawFiles, archives: Archives, stored_utc: str
) -> Iterator[SeenFile]:
    for item in found:
        name = plain_name(item.name)
        try:
            added = _added(item, name, raw_files, stored_utc)
        except ReadError as error:
            yield SeenFile(name, "failed", None, error.reason)
            continue
        if added.entry.kind == "archive":
            yield from archives.open(added, name)
        else:
            yield seen(added, name)


def _added(item: _Found, name: str, raw_files: RawFiles, stored_utc: str) -> Added:
    if item.problem:
        raise ReadError(item.problem)
    return raw_files.add_path(item.path, name, stored_utc=stored_utc)


def _named(path: Path) -> Iterator[_Found]:
    """What a path on a command line stands for; a link that is named is meant."""
    try:
        real = path.resolve(strict=True)
        is_folder = real.is_dir()
    except (OSError, ValueError, RuntimeError):
        yield _Found(path, str(path), "there is no such file; check the path")
        return
    name = real.name if path.name in {"", ".."} else path.name
    yield from _below(real, name) if is_folder else [_Found(real, name)]


def _below(folder: Path, name: str) -> Iterator[_Found]:
    """The files below a folder, in order; a stack, since folders may be nested without end."""
    pending = [_Found(folder, name, is_folder=True)]
    while pending:
        item = pending.pop()
        if item.is_folder:
            pending += reversed(_within(item))
        else:
            yield item


def _within(folder: _Found) -> list[_Found]:
    try:
        with os.scandir(folder.path) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        problem = f"the folder cannot be read ({error.strerror}); check its permissions"
        return [_Found(folder.path, folder.name or folder.path.name, problem)]
    if any(entry.name == _PROFILE_MARK for entry in entries):
        problem = "this is a profile of this program; import what is in its inbox"
        return [_Found(folder.path, folder.name or folder.path.name, problem)]
    prefix = f"{folder.name}/" if folder.name else ""
    return [_found(entry, prefix) for entry in entries if not is_ignored(entry.name)]


def _found(entry: os.DirEntry[str], prefix: str) -> _Found:
    path, name = Path(entry.path), prefix + entry.name
    if entry.is_symlink():
        problem = "it is a link, and links are not followed; put the file itself there"
        return _Found(path, name, problem)
    return _Found(path, name, is_folder=entry.is_dir(follow_symlinks=False))
