"""Is everything that is registered there, and is it what it claims to be?

Nothing is changed here. What is looked at: the registry itself, the published generation against
its manifest, every manifest, `head`, every raw file with its origin, and the bytes of every
artifact. What the published generation needs has to be there; older results may have been removed
by gc or a clean, but what is there has to be whole.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from enum import IntEnum
from hashlib import sha256
from pathlib import Path
from typing import Final

from registry.database import Database
from registry.garbage import whole_generations
from registry.generations import Generations
from registry.manifests import ManifestError, manifest_path, read_manifest
from registry.raw_files import CONTENT, ORIGIN, RawEntry, RawFiles
from registry.rebuild import head_of
from registry.soundness import disbelief
from registry.store import Artifact, DamagedArtifactError, Store

REPAIR: Final = "python cli.py verify --repair"
_NEEDED: Final = """
    WITH made AS (
        SELECT c.sha256, c.codec FROM generation_node n JOIN computation c USING (key)
        WHERE n.generation = ?
        UNION SELECT sha256, codec FROM generation_output WHERE generation = ?
    ) SELECT sha256 FROM made UNION
    SELECT part FROM artifact_part JOIN made USING (sha256) WHERE made.codec = 'json'
"""


class Depth(IntEnum):
    """How closely is looked."""

    STAT = 0
    BYTES = 1
    CONTENT = 2


@dataclass(frozen=True)
class Damage:
    """One thing that is not what it should be.

    Attributes:
        kind: `registry`, `manifest`, `head`, `raw`, `origin`, `unregistered`, `artifact`, `view`,
            `state` or `corrections`.
        path: Where.
        what: What is wrong with it, in words.
        next: What to do.
        sha256: Of which bytes, where it is about bytes.
    """

    kind: str
    path: str
    what: str
    next: str = f"`{REPAIR}` makes it again"
    sha256: str | None = field(default=None, compare=False)

    def as_json(self) -> dict[str, str]:
        """The JSON form of the contract."""
        document = asdict(self)
        del document["sha256"]
        return document


@dataclass
class Findings:
    """What was looked at, and what is damaged."""

    on_step: Callable[[str], None] = lambda _words: None
    checked: int = 0
    damaged: list[Damage] = field(default_factory=list)

    def note(self, words: str, damages: Iterable[Damage | None]) -> None:
        """Count what is looked at, one item a thing: its damage, or None."""
        for damage in damages:
            self.checked += 1
            self.on_step(f"{words}: {self.checked}")
            if damage is not None:
                self.damaged.append(damage)


def registry_damage(folder: Path, database: Database, depth: Depth) -> Iterator[Damage | None]:
    """The file's structure, and the published generation against its manifest."""
    place = str(database.path)
    faults = database.faults(quick=depth is Depth.STAT)
    yield from (Damage("registry", place, fault) for fault in faults)
    problem = disbelief(folder, database)
    yield None if problem is None else Damage("registry", place, problem)


def manifest_damage(
    folder: Path, database: Database, generations: Generations, depth: Depth
) -> Iterator[Damage | None]:
    """Every manifest against the hash that the registry has of it; and `head`."""
    whole = set(whole_generations(database))
    for row in database.rows("SELECT number, manifest FROM generation ORDER BY number"):
        path = manifest_path(folder, row["number"])
        if row["number"] not in whole and not path.exists():
            continue
        problem = _manifest_problem(path, row["manifest"], depth)
        yield None if problem is None else Damage("manifest", str(path), problem)
    current = generations.current()
    if current != head_of(folder) or (folder / "head").is_symlink():
        yield Damage("head", str(folder / "head"), f"it does not name generation {current}")
    else:
        yield None


def _manifest_problem(path: Path, expected: str, depth: Depth) -> str | None:
    if depth is Depth.STAT:
        is_file = path.is_file() and not path.is_symlink() and path.stat().st_size > 0
        return None if is_file else "it is missing or empty"
    try:
        read_manifest(path)
    except ManifestError as error:
        return error.problem
    if sha256(path.read_bytes()).hexdigest() != expected:
        return "its bytes are not those that were registered"
    return None


def raw_damage(raw_files: RawFiles, depth: Depth) -> Iterator[Damage | None]:
    """Every raw file with its origin; and what is stored without being registered."""
    known = set()
    for entry in raw_files.entries():
        known.add(entry.sha256)
        yield _content_damage(raw_files, entry, depth)
        if raw_files.path(entry.sha256).is_file():
            yield _origin_damage(raw_files, entry)
    for content in raw_files.root.glob(f"??/*/{CONTENT}"):
        if content.parent.name not in known:
            yield Damage("unregistered", str(content), "this raw file is not registered")


def _content_damage(raw_files: RawFiles, entry: RawEntry, depth: Depth) -> Damage | None:
    is_there = raw_files.holds(entry)
    if is_there and (depth is Depth.STAT or raw_files.is_whole(entry)):
        return None
    return Damage(
        "raw",
        str(raw_files.path(entry.sha256)),
        f"the bytes of {entry.name} are {'damaged' if is_there else 'missing or cut short'}",
        f"`{REPAIR}` takes them from the inbox if the same file is there; else import it again "
        "with `python cli.py import PATH`",
        entry.sha256,
    )


def _origin_damage(raw_files: RawFiles, entry: RawEntry) -> Damage | None:
    told = raw_files.origin(entry.sha256)
    if told == entry:
        return None
    what = "it cannot be read" if told is None else "it tells something else than the registry"
    return Damage(
        "origin", str(raw_files.path(entry.sha256).with_name(ORIGIN)), what, sha256=entry.sha256
    )


def registered_artifacts(database: Database) -> list[Artifact]:
    """Every artifact whose bytes are in `objects/`, or were."""
    rows = database.rows(
        "SELECT sha256, codec, size, rows FROM artifact WHERE codec != 'raw' ORDER BY sha256"
    )
    return [Artifact(*row) for row in rows]


def artifact_damage(
    store: Store,
    generations: Generations,
    depth: Depth,
    content_problem: Callable[[Artifact], str | None],
) -> Iterator[Damage | None]:
    """Every artifact's bytes.

    Args:
        store: Where they are.
        generations: What the published one needs has to be there.
        depth: How closely to look.
        content_problem: What is wrong with the content of an artifact whose bytes are whole.
    """
    current = generations.current()
    needed = {row["sha256"] for row in store.database.rows(_NEEDED, current, current)}
    for artifact in registered_artifacts(store.database):
        path = store.path(artifact)
        if artifact.sha256 not in needed and not (path.exists() or path.is_symlink()):
            continue
        problem = _artifact_problem(store, artifact, depth, content_problem)
        damage = Damage("artifact", str(path), str(problem), sha256=artifact.sha256)
        yield None if problem is None else damage


def _artifact_problem(
    store: Store,
    artifact: Artifact,
    depth: Depth,
    content_problem: Callable[[Artifact], str | None],
) -> str | None:
    if not store.holds(artifact):
        return "it is missing, or not of its size"
    if depth is Depth.STAT:
        return None
    try:
        store.check(artifact)
    except DamagedArtifactError:
        return "its bytes are not what its hash says"
    return content_problem(artifact) if depth is Depth.CONTENT else None
