"""`state push`: objects, then a manifest, then the head. Only what is missing travels.

Whoever pushes needs no secret: recipients and the key of the state are enough, and the head is
readable with the latter. The head is replaced only if it still is the one that this machine knows.
Where a prune came in between, the push begins again: what it had put may be gone.
"""

import contextlib
import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from adapters.remote.backend import OBJECTS, Backend, Head, LostRaceError
from adapters.remote.contents import Contents, IncompleteError, Item
from adapters.remote.memory import FOLDER, Known, Memory, agreed, known_after
from adapters.remote.parallel import in_parallel
from adapters.remote.remote_state import (
    ConflictError,
    Found,
    LostStateError,
    MovedOnError,
    ReplayError,
    sealed_head,
)
from adapters.remote.sealing import (
    Entry,
    HeadFacts,
    Reference,
    RemoteManifest,
    Seal,
    manifest_content,
)
from adapters.remote.transfer import put
from registry.objects import make_folder

_WORTH_A_LISTING: Final = 8
_ATTEMPTS: Final = 4


@dataclass(frozen=True)
class Sender:
    """What a push needs.

    Attributes:
        backend: Where to.
        seal: The key of the state.
        recipients: Who can open it.
        wrapped: The vault's identity as it is kept; with it, a passphrase is enough for a restore.
        profile_folder: Whose state.
        memory: What this machine knows of the remote.
        on_object: Told of each object that was sent, with the number of all that will be.
    """

    backend: Backend
    seal: Seal
    recipients: Sequence[str]
    wrapped: bytes
    profile_folder: Path
    memory: Memory
    on_object: Callable[[int, int], None] = field(default=lambda _sent, _all: None)


@dataclass(frozen=True)
class Pushed:
    """What a push did: the state that the remote is at, and how much travelled."""

    counter: int
    objects: int
    bytes: int

    @property
    def is_news(self) -> bool:
        """Whether anything travelled."""
        return self.objects > 0


def push(sender: Sender, contents: Contents, *, anew: bool = False) -> Pushed:
    """Make the remote hold what this machine holds.

    Args:
        sender: Where to, and for whom.
        contents: What this machine holds.
        anew: Begin again in a remote that lost its state.

    Raises:
        ConflictError: Another machine pushed what this one does not have; both are kept.
        ReplayError: The remote is at an older state than this machine has seen.
        LostStateError: The remote lost its state.
        IncompleteError: Something is missing here.
        MovedOnError: Again and again somebody pruned the remote before this push ended.
    """
    if not contents.is_whole:
        raise IncompleteError(
            "something that is published is missing here, and what is pushed has to be whole; run "
            "`python cli.py`, which makes results again, or `python cli.py state pull`"
        )
    for _ in range(_ATTEMPTS - 1):
        with contextlib.suppress(MovedOnError):
            return _pushed(sender, contents, anew=anew)
    return _pushed(sender, contents, anew=anew)


def _pushed(sender: Sender, contents: Contents, *, anew: bool) -> Pushed:
    found = sealed_head(sender.backend, sender.seal)
    known = agreed(sender.memory, found)
    refuse_divergence(found, known, anew=anew)
    if found and known and _is_nothing_new(sender, contents, found, known):
        return Pushed(known.manifest.counter, 0, 0)
    return _sent(sender, contents, found, known)


def refuse_divergence(found: Found | None, known: Known | None, *, anew: bool = False) -> None:
    """See that the remote is where this machine last knew it to be.

    Raises:
        ConflictError: It is further.
        ReplayError: It is not that far yet.
        LostStateError: It is nowhere.
    """
    if found is None:
        if known is not None and not anew:
            raise LostStateError(known.manifest.counter)
        return
    counter = found.facts.manifest.counter
    if known is None:
        raise ConflictError("the remote holds a state that this machine does not know")
    if counter < known.manifest.counter:
        raise ReplayError(counter, known.manifest.counter)
    if found.facts.manifest != known.manifest:
        raise ConflictError("another machine pushed since this one last pulled")


def _is_nothing_new(sender: Sender, contents: Contents, found: Found, known: Known) -> bool:
    same_identity = hashlib.sha256(sender.wrapped).hexdigest() == found.facts.identity_sha256
    same_readers = _same_readers(sender, known)
    return contents.fingerprint == known.fingerprint and same_identity and same_readers


@dataclass(frozen=True)
class Before:
    """What a push finds.

    Attributes:
        head: The head that it replaces.
        known: The state that it follows.
        identity: Where the wrapped identity is, and its hash.
        epoch: Of the names that it makes.
    """

    head: Head | None
    known: Known | None
    identity: tuple[str, str]
    epoch: str


def _sent(sender: Sender, contents: Contents, found: Found | None, known: Known | None) -> Pushed:
    names = dict(known.names) if found and known and _same_readers(sender, known) else {}
    epoch = epoch_after(found, known)
    entries = [entry_of(sender, item, epoch) for item in contents.items]
    entries = [replace(entry, name=names.get(entry.sha256, entry.name)) for entry in entries]
    missing = _missing(sender, contents.items, entries, set(names.values()))
    identity = identity_of(sender, epoch)
    if found and found.facts.identity_sha256 == identity[1]:
        identity = (found.facts.identity_name, identity[1])
    before = Before(found.head if found else None, known, identity, epoch)
    return publish(sender, contents, entries, missing, before)


def epoch_after(found: Found | None, known: Known | None) -> str:
    """The epoch of the names to be made.

    Where there is no head, or none that can be read, a prune that this machine never heard of may
    still be removing what it knows: it makes names that nobody else can have made before.
    """
    if found is not None or known is None:
        return found.facts.epoch if found else ""
    return hashlib.sha256(f"anew after {known.manifest.seal}".encode()).hexdigest()[:32]


def _same_readers(sender: Sender, known: Known) -> bool:
    return set(sender.recipients) == set(known.recipients)


def publish(
    sender: Sender,
    contents: Contents,
    entries: Sequence[Entry],
    missing: Mapping[str, Item],
    before: Before,
) -> Pushed:
    """Send what is missing, then a manifest, then the head.

    Args:
        sender: Where to, and for whom.
        contents: What this machine holds.
        entries: The same, with the names that it has in the remote.
        missing: Name -> what is not there yet.
        before: What is there.

    Raises:
        ConflictError: Another machine replaced the head; this one's is kept beside it.
        MovedOnError: A prune did, and what was sent may be gone.
    """
    make_folder(sender.profile_folder / FOLDER)
    sent = _put_all(sender, missing)
    sender.backend.put_if_absent(before.identity[0], io.BytesIO(sender.wrapped))
    known = before.known
    parents = [known.manifest, *known.merged] if known else []
    counter = max((parent.counter for parent in parents), default=0) + 1
    manifest = RemoteManifest(
        counter=counter,
        parents=parents,
        generation=contents.generation,
        pins=contents.pins,
        raw_files=contents.raw_files,
        recipients=sender.recipients,
        state_key=sender.seal.key_text,
        entries=entries,
    )
    reference = put_manifest(
        sender.backend, sender.seal, manifest, before.epoch, sender.profile_folder / FOLDER
    )
    facts = HeadFacts(reference, *before.identity, before.epoch)
    after = known_after(facts, contents.fingerprint, manifest)
    sender.memory.begin(after)
    _swap(sender, facts, before.head)
    sender.memory.agree(after)
    return Pushed(counter, len(missing) + 2, sent)


def entry_of(sender: Sender, item: Item, epoch: str, copy: int = 0) -> Entry:
    """An item with the name that it gets in the remote; a further copy has another one."""
    name = sender.seal.object_name(item.sha256, sender.recipients, epoch, copy)
    return Entry(item.kind, item.key, item.sha256, item.size, name)


def _missing(
    sender: Sender, items: Sequence[Item], entries: Sequence[Entry], known_names: set[str]
) -> dict[str, Item]:
    """Name -> what is not there yet. Much of it may be, from a push that was cut short."""
    missing = {
        entry.name: item
        for entry, item in zip(entries, items, strict=True)
        if entry.name not in known_names
    }
    if len(missing) >= _WORTH_A_LISTING:
        for stored in sender.backend.list(OBJECTS):
            missing.pop(stored.name, None)
    return missing


def _put_all(sender: Sender, missing: Mapping[str, Item]) -> int:
    """Send them, a few at once; the number of their bytes."""
    folder = sender.profile_folder / FOLDER

    def send(name: str, item: Item) -> int:
        try:
            source = item.open()
        except FileNotFoundError:
            raise IncompleteError(
                f"{item.source!s}: missing; `python cli.py verify` says what to do, then push"
            ) from None
        with source:
            put(sender.backend, name, source, item.sha256, sender.recipients, folder)
        return item.size

    sent = 0
    jobs = [(name, item) for name, item in missing.items()]
    for number, size in enumerate(in_parallel(lambda job: send(*job), jobs), 1):
        sender.on_object(number, len(jobs))
        sent += size
    return sent


def identity_of(sender: Sender, epoch: str, copy: int = 0) -> tuple[str, str]:
    """Name and hash of the wrapped identity. It is encrypted already, and is stored as it is."""
    sha256 = hashlib.sha256(sender.wrapped).hexdigest()
    return sender.seal.object_name(sha256, ["a passphrase"], epoch, copy), sha256


def put_manifest(
    backend: Backend, seal: Seal, manifest: RemoteManifest, epoch: str, folder: Path
) -> Reference:
    """Store a manifest for those who can open what it names."""
    content = manifest_content(manifest)
    sha256 = hashlib.sha256(content).hexdigest()
    name = seal.object_name(sha256, manifest.recipients, epoch)
    put(backend, name, io.BytesIO(content), sha256, manifest.recipients, folder)
    return Reference(manifest.counter, name, seal.of_manifest(content))


def _swap(sender: Sender, facts: HeadFacts, expected: Head | None) -> None:
    content = sender.seal.head_bytes(facts)
    try:
        sender.backend.swap_head(content, expected)
    except LostRaceError:
        now = sealed_head(sender.backend, sender.seal)
        if now is not None and now.facts.epoch != facts.epoch:
            raise MovedOnError from None
        name = sender.seal.kept_head_name(content)
        sender.backend.put_if_absent(name, io.BytesIO(content))
        raise ConflictError("another machine pushed at the same time, and was first") from None
