"""Names that tell nothing, and seals that show whether head and manifest are ours.

Both come from the key of the state: without it nobody can tell whether a known file is in the
remote, nor make a head or a manifest that is believed. The key opens nothing.

    head      counter, manifest, wrapped identity, epoch; sealed, and readable without any secret
    manifest  all that belongs to one push, and the manifests that it follows; encrypted, and
              sealed in the head and in the manifests that follow it

Format 2 is format 1 after a prune: the head has an epoch, which goes into the names of all that is
put from then on, and the manifest tells what it comes from by itself. A remote that was never
pruned has format 1, to the byte.
"""

import hashlib
import hmac
import json
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from adapters.remote.backend import HEADS, OBJECTS, RemoteError

FORMAT: Final = 2
_UNPRUNED: Final = 1
MOST_HEAD_BYTES: Final = 4096
_NAME: Final = re.compile(r"objects/[0-9a-f]{64}")
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_OF_A_PRUNE: Final = frozenset({"epoch", "pushed_as", "ancestors"})
_EPOCH: Final = re.compile(r"[0-9a-f]{32}")


class UnsealedError(RemoteError):
    """The head or a manifest is damaged, forged, or of another vault."""

    exit_code = 5

    def __init__(self, what: str) -> None:
        super().__init__(
            f"the remote's {what} is damaged, or of another vault: nothing was changed. Where "
            "PDP_REMOTE is right, a machine that holds the state mends it with "
            "`python cli.py state push --repair`"
        )


class NewerFormatError(RemoteError):
    """A newer version of this program wrote it."""

    exit_code = 2

    def __init__(self, what: str) -> None:
        super().__init__(f"a newer version of this program wrote the remote's {what}; use that one")


@dataclass(frozen=True)
class Reference:
    """A manifest by name, with what shows that it is the right one.

    Attributes:
        counter: How many came before it, on the longest way.
        name: Of its object.
        seal: Over its content.
    """

    counter: int
    name: str
    seal: str


@dataclass(frozen=True)
class HeadFacts:
    """What a head says.

    Attributes:
        manifest: Of the state.
        identity_name: Where the wrapped identity is.
        identity_sha256: Its hash.
        epoch: Of the names that are made from now on; empty before the first prune.
        pushed_as: Where a prune made this head: the manifest by which the same state was pushed.
    """

    manifest: Reference
    identity_name: str
    identity_sha256: str
    epoch: str = ""
    pushed_as: Reference | None = None

    @property
    def origin(self) -> Reference:
        """The manifest by which this state was pushed; a prune leaves it what it is."""
        return self.pushed_as or self.manifest


@dataclass(frozen=True)
class Entry:
    """One thing in a manifest, by its content, and the object that holds it encrypted."""

    kind: str
    key: str
    sha256: str
    size: int
    name: str


@dataclass(frozen=True)
class RemoteManifest:
    """All that belongs to one push.

    Attributes:
        counter: How many came before it, on the longest way.
        parents: What it follows; two after a merge.
        generation: What was published.
        pins: Pinned generations.
        raw_files: SHA-256, size, names, first stored, container, kind, retired.
        recipients: Public keys to which everything is encrypted.
        state_key: For those who have another identity than the vault's own.
        entries: All that has bytes.
        ancestors: After a prune, the seals of all manifests that it comes from: they are no more.
    """

    counter: int
    parents: Sequence[Reference]
    generation: int | None
    pins: Sequence[int]
    raw_files: Sequence[Sequence[Any]]
    recipients: Sequence[str]
    state_key: str
    entries: Sequence[Entry]
    ancestors: Sequence[str] = ()

    def of_kind(self, kind: str) -> list[Entry]:
        """The entries of one kind."""
        return [entry for entry in self.entries if entry.kind == kind]


class Seal:
    """The key of the state at work."""

    def __init__(self, state_key: bytes) -> None:
        self._key = state_key

    @property
    def key_text(self) -> str:
        """The key itself, to travel within what is encrypted."""
        return self._key.hex()

    def object_name(self, sha256: str, recipients: Iterable[str], epoch: str, copy: int = 0) -> str:
        """Where a content is kept: of the same for others, later, or once more, elsewhere."""
        readers = hashlib.sha256("\n".join(sorted(recipients)).encode()).hexdigest()
        facts = f"{sha256} {readers} {copy}" + (f" {epoch}" if epoch else "")
        return OBJECTS + self._mac("object", facts.encode())

    def of_manifest(self, content: bytes) -> str:
        """The seal over a manifest."""
        return self._mac("manifest", content)

    def kept_head_name(self, head: bytes) -> str:
        """Where a head is kept that lost a race."""
        return HEADS + self._mac("kept", head)

    def head_bytes(self, facts: HeadFacts) -> bytes:
        """A head."""
        body = {"format": FORMAT if facts.epoch else _UNPRUNED, **_document(facts)}
        return _json(body | {"seal": self._mac("head", _json(body))}) + b"\n"

    def head_facts(self, content: bytes) -> HeadFacts:
        """What a head says.

        Raises:
            UnsealedError: It is damaged, or of another vault.
            NewerFormatError: A newer version wrote it.
        """
        body, facts = _parsed_head(content)
        seal = str(body.pop("seal", ""))
        if not seal.isascii() or not hmac.compare_digest(seal, self._mac("head", _json(body))):
            raise UnsealedError("head")
        return facts

    def _mac(self, purpose: str, content: bytes) -> str:
        return hmac.digest(self._key, purpose.encode() + b"\0" + content, "sha256").hex()


def unverified_head(content: bytes) -> HeadFacts:
    """What a head says, before there is a key to tell whether it is true.

    Raises:
        UnsealedError: It is no head.
        NewerFormatError: A newer version wrote it.
    """
    return _parsed_head(content)[1]


def _parsed_head(content: bytes) -> tuple[dict[str, Any], HeadFacts]:
    try:
        body: dict[str, Any] = json.loads(content)
        _see_format(body["format"], "head")
        manifest = _reference(body["manifest"])
        facts = HeadFacts(
            manifest,
            _matching(_NAME, body["identity_name"]),
            _matching(_HASH, body["identity_sha256"]),
            _matching(_EPOCH, body["epoch"]) if "epoch" in body else "",
            _reference(body["pushed_as"]) if "pushed_as" in body else None,
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise UnsealedError("head") from None
    return body, facts


def manifest_content(manifest: RemoteManifest) -> bytes:
    """The bytes of a manifest, before they are encrypted."""
    document = _document(manifest) | {
        "format": FORMAT if manifest.ancestors else _UNPRUNED,
        "entries": [[e.kind, e.key, e.sha256, e.size, e.name] for e in manifest.entries],
    }
    return zlib.compress(_json(document), 6)


def parsed_manifest(content: bytes) -> RemoteManifest:
    """The manifest in these bytes.

    Raises:
        UnsealedError: It is none.
        NewerFormatError: A newer version wrote it.
    """
    try:
        document: dict[str, Any] = json.loads(zlib.decompress(content))
        _see_format(document.pop("format"), "manifest")
        entries = [_entry(*row) for row in document.pop("entries")]
        parents = [_reference(row) for row in document.pop("parents")]
        ancestors = [_matching(_HASH, seal) for seal in document.pop("ancestors", ())]
        return RemoteManifest(**document, entries=entries, parents=parents, ancestors=ancestors)
    except (zlib.error, ValueError, LookupError, TypeError, AttributeError):
        raise UnsealedError("manifest") from None


def _see_format(found: int, what: str) -> None:
    if found > FORMAT:
        raise NewerFormatError(what)
    if found not in {_UNPRUNED, FORMAT}:
        raise UnsealedError(what)


def _entry(kind: str, key: str, sha256: str, size: int, name: str) -> Entry:
    return Entry(kind, key, _matching(_HASH, sha256), int(size), _matching(_NAME, name))


def _reference(row: Mapping[str, Any]) -> Reference:
    counter = int(row["counter"])
    return Reference(counter, _matching(_NAME, row["name"]), _matching(_HASH, row["seal"]))


def _matching(pattern: re.Pattern[str], text: str) -> str:
    if not pattern.fullmatch(text):
        raise ValueError("neither a name nor a hash")
    return text


def _document(facts: HeadFacts | RemoteManifest) -> dict[str, Any]:
    """What it says, and what only a prune says, where it says it."""
    return {name: v for name, v in asdict(facts).items() if v or name not in _OF_A_PRUNE}


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
