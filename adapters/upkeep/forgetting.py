"""Forgetting, seen from outside: the inbox, corrections, logs and views beside the registry."""

import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from adapters.corrections import remove_corrections
from adapters.logs import remove_lines
from adapters.profile import Profile
from registry.forgetting import (
    MARKER,
    Farewell,
    farewell,
    mend_manifests,
    read_marker,
    remove_raw,
    remove_unregistered,
    write_marker,
)
from registry.forgotten_rows import remove_rows, vanishing_generations
from registry.objects import flush_folder, sha256_of_file
from registry.raw_files import SHORTEST_PREFIX, RawEntry, plain_name
from registry.store import Artifact, Store

_LOGGED_DIGITS: Final = 12
_HASH: Final = re.compile(rf"[0-9a-f]{{{_LOGGED_DIGITS}}}")


@dataclass(frozen=True)
class Preview:
    """What forgetting a file comes to, before anybody agreed.

    Attributes:
        told: What goes.
        generations: The generations that depend on it.
        inbox: Copies in the inbox, which the next run would take in again.
    """

    told: Farewell
    generations: list[int]
    inbox: list[Path]


def preview(profile: Profile, entry: RawEntry) -> Preview:
    """What goes with a raw file.

    Raises:
        InsideArchiveError: It lies inside an archive that stays.
    """
    started = datetime.now(UTC)
    told = farewell(
        profile.raw_files,
        entry,
        run_id=f"{started:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}",
        started_utc=f"{started:%Y-%m-%dT%H:%M:%SZ}",
    )
    told = replace(told, artifacts=_telling_artifacts(profile.store, told))
    generations = vanishing_generations(profile.database, told)
    return Preview(told, generations, list(_inbox_copies(profile, told)))


def forget(profile: Profile, told: Farewell) -> None:
    """Forget it, from every generation. The caller holds the profile's lock."""
    profile.drop_snapshot()
    write_marker(profile.folder, told)
    finish_forgetting(profile)


def finish_forgetting(profile: Profile) -> bool:
    """Finish what was begun, if anything was. The caller holds the profile's lock.

    Returns:
        Whether anything was.
    """
    told = read_marker(profile.folder)
    if told is None:
        return False
    profile.drop_snapshot()
    remove_rows(profile.database, profile.generations, told)
    remove_raw(profile.raw_files, told)
    remove_unregistered(profile.store)
    mend_manifests(profile.folder, profile.generations, told)
    _remove_traces(profile, told)
    profile.database.scrub()
    profile.drop_snapshot()
    os.sync()  # what was removed must not come back after a power cut, once the marker is gone
    (profile.folder / MARKER).unlink()
    flush_folder(profile.folder)
    return True


def _remove_traces(profile: Profile, told: Farewell) -> None:
    for copy in _inbox_copies(profile, told):
        copy.unlink()
    remove_corrections(profile.corrections, lambda file: _is_meant(told, file))
    remove_lines(profile.logs, _telling(told))
    (profile.folder / "state.json").unlink(missing_ok=True)
    if profile.generations.current() is None and profile.outputs.is_dir():
        shutil.rmtree(profile.outputs)
    if profile.incoming.is_dir():
        shutil.rmtree(profile.incoming)
    for path in profile.folder.glob("registry.sqlite*"):
        if path.name not in {"registry.sqlite", "registry.sqlite-wal", "registry.sqlite-shm"}:
            path.unlink()


def _is_meant(told: Farewell, file: str) -> bool:
    """Whether a correction's file is one that goes: by a name, its last part, or its hash."""
    wanted = plain_name(file)
    last_parts = {name.rpartition("/")[2] for name in told.names}
    digits = wanted.lower()
    return wanted in told.names | last_parts or (
        re.fullmatch("[0-9a-f]+", digits) is not None
        and len(digits) >= SHORTEST_PREFIX
        and any(sha256.startswith(digits) for sha256 in told.sha256s)
    )


def _telling(told: Farewell) -> Callable[[str], bool]:
    """Says of a text whether it names a file that goes, or the first digits of its hash."""
    digits, names = {sha256[:_LOGGED_DIGITS] for sha256 in told.sha256s}, told.names
    own = "|".join(map(re.escape, told.files[0].names))
    named = re.compile(rf"(?<![\w.-])(?:{own})(?![\w-])")

    def tells(text: str) -> bool:
        hashes = _HASH.findall(text)
        return text in names or not digits.isdisjoint(hashes) or bool(named.search(text))

    return tells


def _inbox_copies(profile: Profile, told: Farewell) -> Iterator[Path]:
    going, sizes = told.sha256s, {file.size for file in told.files}
    for path in sorted(profile.inbox.rglob("*")) if profile.inbox.is_dir() else ():
        if path.is_symlink() or not path.is_file() or path.stat().st_size not in sizes:
            continue
        if sha256_of_file(path).sha256 in going:
            yield path


def _telling_artifacts(store: Store, told: Farewell) -> list[str]:
    """Results that no computation made and that hold rows of a file that goes.

    Of what cannot be judged, because it has no column that names files or because it is missing
    while something is there that was made of it, it is taken for granted.
    """
    rows = store.database.rows(
        "SELECT DISTINCT a.sha256, a.codec, a.size, a.rows FROM computation_input i "
        "JOIN artifact a ON a.sha256 = i.sha256 WHERE i.kind = 'artifact' AND i.producer IS NULL"
    )
    found = [Artifact(**dict(row)) for row in rows]
    return [artifact.sha256 for artifact in found if _tells_of(store, artifact, told.sha256s)]


def _tells_of(store: Store, artifact: Artifact, sha256s: frozenset[str]) -> bool:
    import pyarrow.compute as pc  # noqa: PLC0415 - only where something is forgotten

    from adapters.engine.stored_tables import tables  # noqa: PLC0415 - goes with it

    if not store.present(artifact):
        return any(map(store.present, _made_of(store, artifact)))
    found = [*tables(store, artifact)]
    if not found or any("raw_sha256" not in table.column_names for table in found):
        return True
    values = (value for table in found for value in pc.unique(table["raw_sha256"]).to_pylist())
    return not sha256s.isdisjoint(values)


def _made_of(store: Store, artifact: Artifact) -> Iterator[Artifact]:
    rows = store.database.rows(
        "SELECT DISTINCT a.sha256, a.codec, a.size FROM computation_input i "
        "JOIN computation c USING (key) JOIN artifact a ON a.sha256 = c.sha256 "
        "AND a.codec = c.codec WHERE i.sha256 = ?",
        artifact.sha256,
    )
    yield from (Artifact(**dict(row)) for row in rows)
