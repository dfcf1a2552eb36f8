"""Whether a registry can be relied on; and if not, what is done.

A registry that still stands is believed as far as the manifest of the published generation bears
it out: a spoilt row shows there, even where SQLite sees a sound file. A damaged registry is set
aside, never deleted, and made again.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from registry.database import Database, RegistryDamagedError, set_aside, setting
from registry.generations import Generations
from registry.manifests import Document, ManifestError, document_of, manifest_path, read_manifest
from registry.rebuild import REBUILT, head_of, lost_commits, rebuild

REGISTRY: Final = "registry.sqlite"
_SHORT_EDGE: Final = 3


@dataclass(frozen=True)
class Opened:
    """A registry that can be relied on, and what had to be done for it."""

    database: Database
    notices: Sequence[str]


def opened_soundly(
    folder: Path, database: Database | None = None, *, leaves_no_trace: bool = False
) -> Opened:
    """Open a profile's registry; set it aside and make it again where that is needed.

    Args:
        folder: The profile. The caller holds its lock.
        database: The registry, if it is open already.
        leaves_no_trace: Write nothing; what has to be made again is made in memory.
    """
    path = folder / REGISTRY
    in_memory = leaves_no_trace and not os.path.lexists(path)
    try:
        database = database or Database(path, in_memory=in_memory)
    except RegistryDamagedError as damage:
        return renewed(folder, damage.problem, leaves_no_trace=leaves_no_trace)
    try:
        problem = disbelief(folder, database)
        if problem is None and leaves_no_trace and not in_memory:
            if not lost_commits(folder, database):
                return Opened(database, [])
            problem = "its last transactions are lost"
        if problem is None:
            return Opened(database, _completed(folder, database, writes=not leaves_no_trace))
    except RegistryDamagedError as damage:
        problem = damage.problem
    return renewed(folder, problem, database, leaves_no_trace=leaves_no_trace)


def renewed(
    folder: Path,
    problem: str,
    database: Database | None = None,
    *,
    leaves_no_trace: bool = False,
) -> Opened:
    """A new registry in place of a damaged one, with what manifests and raw files hold."""
    path = folder / REGISTRY
    done = "a run sets it aside and makes it again"
    if not leaves_no_trace:
        done = f"it was set aside as {set_aside(path).name} and made again"
    if database is not None:
        database.close()
    new = Database(path, in_memory=leaves_no_trace)
    found = rebuild(folder, new, writes=not leaves_no_trace)
    if not leaves_no_trace:
        mend(folder, Generations(folder, new))
    notice = f"{path}: the registry was damaged ({problem}); {done}: {found}"
    return Opened(new, [notice, *found.problems])


def _completed(folder: Path, database: Database, *, writes: bool) -> list[str]:
    """Bring in what a sound registry lacks, and mend what is derived from it."""
    notices: list[str] = []
    if setting(database, REBUILT) is None or lost_commits(folder, database):
        found = rebuild(folder, database, writes=writes)
        if found.generations or found.raw_files:
            notices.append(
                f"{database.path}: the registry, or its last transactions, had been lost; "
                f"it was made again from manifests and raw files: {found}"
            )
        notices += found.problems
    if writes:
        mend(folder, Generations(folder, database))
    return notices


def mend(folder: Path, generations: Generations) -> list[Path]:
    """Write the published generation's manifest and the file `head` anew where they are wrong."""
    current = generations.current()
    mended = []
    if current is not None and readable(folder, current) is None:
        generations.write_manifest(current)
        mended.append(manifest_path(folder, current))
    head = folder / "head"
    if head_of(folder) != current or (current is None and head.exists()) or head.is_symlink():
        generations.write_head()
        mended.append(head)
    return mended


def readable(folder: Path, number: int) -> Document | None:
    """A generation's manifest, if it is whole."""
    try:
        return read_manifest(manifest_path(folder, number))
    except ManifestError:
        return None


def disbelief(folder: Path, database: Database) -> str | None:
    """Why a registry is not to be believed; None when its manifest bears it out."""
    if faults := database.faults(quick=True):
        return faults[0]
    try:
        current = Generations(folder, database).current()
    except ValueError:
        return "it does not tell which generation is published"
    manifest = None if current is None else readable(folder, current)
    if manifest is not None and manifest["format"] > 1:
        return contradiction(database, manifest)
    if current is None:
        return None
    try:
        document_of(database, current)
    except (LookupError, ValueError, TypeError):
        return f"rows of generation {current} are missing"
    return None


def contradiction(database: Database, manifest: Document) -> str | None:
    """What the registry says of a generation otherwise than its manifest, in words."""
    number = manifest["generation"]
    try:
        told, known = facts_in(manifest), facts_in(document_of(database, number))
    except (LookupError, ValueError, TypeError):
        return f"rows of generation {number} are missing"
    for section, facts in told.items():
        kept = known[section]
        surplus = set() if section == "raw_files" else kept.keys() - facts.keys()
        if surplus or any(kept.get(key) != facts[key] for key in facts):
            return f"{section} of generation {number} are not those of its manifest"
    return None


def facts_in(document: Document) -> dict[str, dict[Any, Any]]:
    """What a later run does not change in a generation: section -> key -> facts.

    A computation that ran again has another duration, run and producer, with the same key.
    """
    artifacts, made = document["artifacts"], document["computations"]
    names = ("run_id", "published_utc", "restores", "facts")
    return {
        "facts": {name: document[name] for name in names},
        "outputs": {
            name: (version, key, *artifacts[place][:3], rows)
            for name, (version, key, place, rows) in document["outputs"].items()
        },
        "nodes": {
            (node, item): made[place][0]
            for node, items in document["nodes"].items()
            for item, place in items.items()
        },
        "computations": {
            row[0]: (row[1], row[3], document["codes"][row[4]], _inputs(document, row[-1]))
            for row in made
        },
        "artifacts": {tuple(row[:2]): row[2:] for row in artifacts},
        "raw_files": {row[0]: (row[1], row[3], row[5]) for row in document["raw_files"]},
    }


def _inputs(document: Document, edges: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
    made, artifacts = document["computations"], document["artifacts"]
    return [
        (*edge[:2], artifacts[made[edge[2]][5]][0] if len(edge) == _SHORT_EDGE else edge[3])
        for edge in edges
    ]
