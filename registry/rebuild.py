"""A registry made again from manifests and raw files.

Every published generation comes back with its versions, every computation behind it with its
lineage, and every raw file. The history of runs that published nothing is lost, and so are their
results: at worst something is computed again.
"""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from registry.adoption import Rows, adopt, raw_entries_in, rows_of, upgraded
from registry.database import Database, put_setting, setting
from registry.generations import CURRENT
from registry.manifests import Document, ManifestError, manifest_path, read_manifest
from registry.objects import rename_aside
from registry.raw_files import RawEntry, RawFiles
from registry.raw_index import DatabaseRawIndex

REBUILT: Final = "rebuilt"
_NUMBERED: Final = re.compile(r"([1-9]\d{0,8})\.json")
_NOT_WHOLE: Final = (LookupError, ValueError, TypeError, AttributeError)


@dataclass(frozen=True)
class Rebuilt:
    """What came back, and which manifests could not serve."""

    generations: int
    raw_files: int
    problems: Sequence[str]

    def __str__(self) -> str:
        return f"{self.generations} generations and {self.raw_files} raw files came back"


@dataclass(frozen=True)
class _Usable:
    document: Document
    rows: Rows
    raw: dict[str, RawEntry]


def rebuild(folder: Path, database: Database, *, writes: bool = True) -> Rebuilt:
    """Bring into a registry what manifests and raw files hold and it lacks.

    Args:
        folder: The profile. The caller holds its lock.
        database: Its registry.
        writes: Whether files beside the registry may be mended on the way.
    """
    problems: list[str] = []
    found = _of_this_profile(folder, [*_usable(folder, database, problems, writes=writes)])
    regained = _regain_raw_files(folder, database, found, writes=writes)
    with database.atomic() as connection:
        for usable in found:
            adopt(connection, usable.rows)
        if found:
            _publish_again(folder, connection, found)
        put_setting(connection, REBUILT, "1")
    return Rebuilt(len(found), regained, problems)


def head_of(folder: Path) -> int | None:
    """The published generation's number as the file `head` tells it; None if it tells none."""
    try:
        text = (folder / "head").read_bytes()
    except OSError:
        return None
    return int(text) if re.fullmatch(rb"[1-9]\d{0,8}\n", text) else None


def _usable(
    folder: Path, database: Database, problems: list[str], *, writes: bool
) -> Iterator[_Usable]:
    known = {row["number"] for row in database.rows("SELECT number FROM generation")}
    for number in _numbers(folder):
        if number in known:
            continue
        path = manifest_path(folder, number)
        try:
            document = upgraded(read_manifest(path), folder)
            yield _Usable(document, rows_of(document), raw_entries_in(document))
        except ManifestError as error:
            problem = error.problem
        except _NOT_WHOLE:
            problem = "it is no manifest of this program"
        else:
            continue
        aside = rename_aside(path).name if writes else path.name
        problems.append(f"{path}: left out ({problem}); kept as {aside}; older ones still serve")


def _numbers(folder: Path) -> list[int]:
    """The generations that have a manifest. One above `head` was never published."""
    matches = (_NUMBERED.fullmatch(path.name) for path in (folder / "manifests").glob("*.json"))
    numbers = sorted(int(match[1]) for match in matches if match)
    head = head_of(folder)
    return numbers if head is None else [number for number in numbers if number <= head]


def _of_this_profile(folder: Path, found: Sequence[_Usable]) -> list[_Usable]:
    """Without manifests that strayed in from another profile; a renamed profile keeps its own."""
    own = [u for u in found if u.document["facts"].get("profile", folder.name) == folder.name]
    return own or list(found)


def _regain_raw_files(
    folder: Path, database: Database, found: Sequence[_Usable], *, writes: bool
) -> int:
    entries = {sha256: entry for usable in found for sha256, entry in usable.raw.items()}
    raw_files = RawFiles(folder / "raw", DatabaseRawIndex(database))
    regained = raw_files.rebuild(entries, writes=writes)
    known = {entry.sha256 for entry in raw_files.entries()}
    for usable in found[-1:]:
        for sha256 in usable.raw.keys() - known:
            raw_files.miss(entries[sha256])
    return len(regained)


def _publish_again(folder: Path, connection: sqlite3.Connection, found: Sequence[_Usable]) -> None:
    """What was published is published; after a clean, nothing was."""
    newest = found[-1].document
    numbers = {usable.document["generation"] for usable in found}
    head = head_of(folder)
    if head in numbers:
        put_setting(connection, CURRENT, str(head))
    elif head is not None or (folder / "outputs").is_dir():
        put_setting(connection, CURRENT, str(newest["generation"]))
    for name, value in newest["counts"].items():
        put_setting(connection, name, value)
    for number in newest["pins"]:
        with suppress(sqlite3.IntegrityError):
            connection.execute("INSERT OR IGNORE INTO pin VALUES (?)", (number,))


def lost_commits(folder: Path, database: Database) -> bool:
    """Whether a generation was published that the registry does not know: its log was torn."""
    head = head_of(folder)
    row = database.row("SELECT max(number) AS last FROM generation")
    last = max(int((row and row["last"]) or 0), int(setting(database, "last_generation") or 0))
    return head is not None and head > last and manifest_path(folder, head).is_file()
