"""A whole run without Hamilton: all that writes, in the order of `adapters.driver`, in 0.1 s.

Its nodes are plain functions of bytes. Everything that touches the disk is the product's own.

    python small_run.py HOME [beside-a-reader]
"""

import hashlib
import json
import os
import sqlite3
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from adapters import AdapterError
from adapters.profile import Profile
from adapters.running.state_file import is_state_of, write_state
from adapters.running.view_files import PendingViews, pending_views
from adapters.terminal.commands.command import writing
from registry import RegistryError
from registry.database import RegistryWriteError
from registry.generations import NodeAction, Output
from registry.objects import WriteError
from registry.store import Artifact, Computation, EncodedArtifact, Input

PROFILE = "me"
NOW = "2026-06-01T00:00:00Z"
CODE = "c" * 64
# What fails after the commit does not undo it; the next run makes up for it.
_ONLY_WARNING = suppress(WriteError, RegistryWriteError)


def run(home: Path) -> None:
    """Take in what is in the inbox, compute, publish."""
    profile = Profile(home, PROFILE)
    with writing(profile):
        try:
            _run(profile)
        finally:
            profile.close()


def _run(profile: Profile) -> None:
    profile.store.remove_leftovers()
    for path in sorted(profile.inbox.iterdir()):
        profile.raw_files.add_path(path, path.name, stored_utc=NOW)
    published = profile.generations.current() or 0
    nodes = _computed(profile, f"run {published + 1}")
    profile.store.flush()
    before = {(n.node, n.item): n.key for n in profile.generations.node_keys(published)}
    is_news = before != {place: made.key for place, made in nodes.items()}
    outputs = {"daily_metrics": nodes["days", ""], "rejected_rows": nodes["rejected", ""]}
    with _views(profile, profile.generations.next_outputs(outputs, {})) as views:
        if is_news:
            published = profile.generations.publish(
                run_id=f"run {published + 1}", published_utc=NOW, artifacts=outputs, nodes=nodes,
                facts={},
            )  # fmt: skip
        with _ONLY_WARNING:
            views.publish()
            profile.generations.write_head()
    with _ONLY_WARNING:
        if is_news:
            _record(profile, published, nodes)
        if is_news or not is_state_of(profile, published):
            write_state(profile, {"generation": published, "status": "published"})


def _record(profile: Profile, number: int, nodes: Mapping[tuple[str, str], Artifact]) -> None:
    profile.runs.record(
        run_id=f"run {number}", started_utc=NOW, ended_utc=NOW, status="published",
        generation=number, options={},
        actions=[NodeAction(*place, "ran", "new", made.key) for place, made in nodes.items()],
    )  # fmt: skip


def _views(profile: Profile, outputs: Mapping[str, Output]) -> AbstractContextManager[PendingViews]:
    def content(_name: str, output: Output) -> list[bytes]:
        return [profile.store.check(output.artifact).read_bytes()]

    return pending_views(profile.outputs, outputs, content)


class _Nodes:
    """Computes nodes one after another, each registered before the next begins."""

    def __init__(self, profile: Profile, run_id: str) -> None:
        self._store, self._run_id = profile.store, run_id
        self.made: dict[tuple[str, str], Artifact] = {}

    def add(
        self,
        name: str,
        content: bytes,
        inputs: Sequence[Artifact],
        *,
        item: str = "",
        parts: Sequence[EncodedArtifact] = (),
    ) -> EncodedArtifact:
        key = _sha256(json.dumps([name, item, [made.sha256 for made in inputs]]).encode())
        codec, rows = ("json", None) if parts else ("parquet", 1)
        artifact = Artifact(_sha256(content), codec, len(content), rows, key, item)
        encoded = EncodedArtifact(artifact, [content], parts)
        known = self._store.recorded(key)
        if known is None or not self._store.present(known):
            edges = [_edge(place, made) for place, made in enumerate(inputs)]
            made = Computation(key, name, item, "merge", CODE, edges, 0.1, self._run_id)
            self._store.commit(made, encoded)
        self.made[name, item] = artifact
        return encoded


def _edge(place: int, made: Artifact) -> Input:
    kind = "raw" if made.codec == "raw" else "artifact"
    return Input(f"input {place}", kind, made.sha256, producer=made.key)


def _computed(profile: Profile, run_id: str) -> dict[tuple[str, str], Artifact]:
    """A block over the raw files, a composite of its tables, and two tables made of that."""
    nodes = _Nodes(profile, run_id)
    parts = []
    for entry in profile.raw_files.entries():
        raw = Artifact(entry.sha256, "raw", entry.size)
        text = profile.raw_files.path(entry.sha256).read_bytes()
        parts.append(nodes.add("parsed", text.upper() * 40, [raw], item=entry.sha256))
    listed = json.dumps([part.artifact.sha256 for part in parts]).encode()
    collected = nodes.add("collected", listed, [*nodes.made.values()], parts=parts).artifact
    nodes.add("days", b"days of " + listed * 30, [collected])
    nodes.add("rejected", b"rejected of " + listed, [collected])
    return nodes.made


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def main(home: Path, *, beside_a_reader: bool) -> int:
    """Exit code of a run, for which somebody reads the registry all the time if so wanted."""
    reader = sqlite3.connect(home / PROFILE / "registry.sqlite") if beside_a_reader else None
    try:
        if reader:
            reader.execute("SELECT * FROM setting").fetchall()
        run(home)
    except (RegistryError, AdapterError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    # Nothing is closed in good order, so a reader is still there when all is over.
    os._exit(main(Path(sys.argv[1]), beside_a_reader="beside-a-reader" in sys.argv))
