"""What this machine remembers of a remote: the head that it last pushed or pulled.

remote/<id>.json    one file per remote; it names no secret and no health value
"""

import contextlib
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from adapters.remote.remote_state import Found
from adapters.remote.sealing import HeadFacts, Reference, RemoteManifest
from registry.objects import leftovers_in, replace_file

FOLDER: Final = "remote"


@dataclass(frozen=True)
class Known:
    """A state of the remote that this machine had a part in.

    Attributes:
        manifest: The manifest.
        fingerprint: Of what this machine then held; empty when it held something else too.
        raw_files: The hashes of the raw files in it.
        corrections: The hash of the corrections in it.
        names: The hash of each content in it -> the name of its object.
        recipients: Who can open it.
        pins: The pinned generations in it.
        merged: Manifests of this machine that lost a race, and whose contents are here.
        pushed_as: The manifest by which this state was pushed, if a prune made the one above.
    """

    manifest: Reference
    fingerprint: str
    raw_files: Sequence[str]
    corrections: str | None
    names: Mapping[str, str]
    recipients: Sequence[str]
    pins: Sequence[int]
    merged: Sequence[Reference] = ()
    pushed_as: Reference | None = None

    @property
    def origin(self) -> Reference:
        """The manifest by which this state was pushed."""
        return self.pushed_as or self.manifest

    def is_at(self, facts: HeadFacts) -> bool:
        """Whether a head is of this state, as it was or pruned since."""
        return facts.origin == self.origin and facts.manifest.counter >= self.manifest.counter

    def pruned_to(self, facts: HeadFacts) -> "Known":
        """The same state, by another head."""
        return replace(self, manifest=facts.manifest, pushed_as=facts.pushed_as)


@dataclass(frozen=True)
class Memory:
    """The file that remembers one remote."""

    path: Path

    @classmethod
    def of(cls, profile_folder: Path, remote: str) -> "Memory":
        """The memory of a profile about a remote."""
        name = hashlib.sha256(remote.encode()).hexdigest()[:16]
        return cls(profile_folder / FOLDER / f"{name}.json")

    def known(self) -> Known | None:
        """What was last agreed on."""
        return self._read("known")

    def begun(self) -> Known | None:
        """What a push was about to make the head, when it was last heard of."""
        return self._read("begun")

    def agree(self, known: Known) -> None:
        """Remote and machine agree from now on."""
        self._write({"known": asdict(known)})

    def begin(self, known: Known) -> None:
        """The head will be replaced; a push that is cut short finds here what it had made."""
        self._write({"known": self._facts().get("known"), "begun": asdict(known)})

    def _read(self, name: str) -> Known | None:
        facts = self._facts().get(name)
        if facts is None:
            return None
        with contextlib.suppress(TypeError, LookupError):
            merged = [Reference(**row) for row in facts["merged"]]
            origin = facts.get("pushed_as")
            read = {
                "manifest": Reference(**facts["manifest"]),
                "merged": merged,
                "pushed_as": Reference(**origin) if origin else None,
            }
            return Known(**{**facts, **read})
        return None

    def _facts(self) -> dict[str, Any]:
        try:
            facts: dict[str, Any] = json.loads(self.path.read_bytes())
        except (OSError, ValueError):
            return {}
        return facts if isinstance(facts, dict) else {}

    def _write(self, facts: dict[str, Any]) -> None:
        for path in leftovers_in(self.path.parent):
            path.unlink(missing_ok=True)
        replace_file(self.path, [json.dumps(facts).encode()])


def agreed(memory: Memory, found: Found | None) -> Known | None:
    """What was last agreed on, and from now on is remembered to be. The caller holds the lock."""
    known = last_agreed(memory, found)
    if known is not None and known != memory.known():
        memory.agree(known)
    return known


def last_agreed(memory: Memory, found: Found | None) -> Known | None:
    """What was last agreed on.

    A push that was cut short may have come to its end all the same. And a prune elsewhere is no
    news: the state is what it was, only what is put from now on has other names.
    """
    known = memory.known()
    for seen in (memory.begun(), known):
        if found and seen and seen.is_at(found.facts):
            return seen.pruned_to(found.facts)
    return known


def known_after(facts: HeadFacts, fingerprint: str, manifest: RemoteManifest) -> Known:
    """What is remembered of a head and its manifest."""
    corrections = [entry.sha256 for entry in manifest.of_kind("corrections")]
    return Known(
        manifest=facts.manifest,
        fingerprint=fingerprint,
        raw_files=[row[0] for row in manifest.raw_files],
        corrections=corrections[0] if corrections else None,
        names={entry.sha256: entry.name for entry in manifest.entries},
        recipients=manifest.recipients,
        pins=manifest.pins,
        pushed_as=facts.pushed_as,
    )
