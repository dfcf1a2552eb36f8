"""`state pull`: everything is verified before anything here changes.

What is missing comes into `remote/incoming/`, encrypted until it is here and whole before it has
its name there. Only when all of it is there does the profile change; a pull that is cut short goes
on where it stopped. Where an object went away because the remote moved on and was pruned, the pull
begins again with the new head. A file of SQLite's never travels: rows do.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from adapters.profile import Profile
from adapters.remote.adopting import adopt
from adapters.remote.arriving import Agreement, arrive
from adapters.remote.backend import Backend, NotInRemoteError, RemoteRefusedError
from adapters.remote.bringing import Bringer
from adapters.remote.contents import Contents, contents_of
from adapters.remote.memory import Known, Memory, agreed, known_after
from adapters.remote.remote_state import (
    ConflictError,
    Found,
    ReplayError,
    follows,
    manifest_at,
    sealed_head,
)
from adapters.remote.sealing import HeadFacts, Reference, RemoteManifest, Seal
from adapters.vault.age import Identity

_ATTEMPTS: Final = 5


@dataclass(frozen=True)
class OfVault:
    """What the remote says of the vault.

    Attributes:
        identity_name: Where the wrapped identity is.
        identity_sha256: Its hash.
        recipients: Who can open the remote's state.
        keeps: Whether this machine holds something that the remote does not.
    """

    identity_name: str
    identity_sha256: str
    recipients: Sequence[str]
    keeps: bool

    @classmethod
    def of(cls, facts: HeadFacts, recipients: Sequence[str], *, keeps: bool = False) -> "OfVault":
        """What a head and its manifest say."""
        return cls(facts.identity_name, facts.identity_sha256, recipients, keeps)


@dataclass(frozen=True)
class Receiver:
    """What a pull needs.

    Attributes:
        backend: Where from.
        seal: The key of the state.
        identities: Gives the keys that open it; asked only when something has to be opened.
        profile: Whose state.
        memory: What this machine knows of the remote.
        on_object: Told of each object that came, with the number of all that will.
        vault: Fetches what belongs into the vault; gives what puts it there, and what follows.
        has_vault: Whether it is there.
    """

    backend: Backend
    seal: Seal
    identities: Callable[[], Sequence[Identity]]
    profile: Profile
    memory: Memory
    on_object: Callable[[int, int], None] = field(default=lambda _came, _all: None)
    vault: Callable[[OfVault], Callable[[], None]] = field(default=lambda _of: lambda: None)
    has_vault: Callable[[], bool] = field(default=lambda: True)


@dataclass(frozen=True)
class Pulled:
    """What a pull did.

    Attributes:
        counter: The state that the remote is at.
        generation: What is published here now.
        objects: How much travelled.
        bytes: How much that was.
        is_news: Whether anything changed here.
        keeps: Whether this machine holds something that the remote does not.
        gave_way: Generations of this machine whose numbers now are the remote's.
    """

    counter: int
    generation: int | None
    objects: int = 0
    bytes: int = 0
    is_news: bool = False
    keeps: bool = False
    gave_way: Sequence[int] = ()


def pull(
    receiver: Receiver, contents: Contents, *, merge: bool = False, accept_older: bool = False
) -> Pulled:
    """Bring here what the remote holds. The caller holds the profile's lock.

    Args:
        receiver: Where from, and whose.
        contents: What this machine holds.
        merge: Bring both together where they went different ways.
        accept_older: Bring both together although the remote is older than what was seen.

    Raises:
        ConflictError: This machine holds what the remote does not have, and the other way round.
        ReplayError: The remote is at an older state than this machine has seen.
        UnsealedError: Head or manifest are damaged, or of another vault.
        DamagedError: An object is damaged; nothing here was changed.
        NotInRemoteError: An object is gone; nothing here was changed.
    """
    found = _head(receiver)
    for _ in range(_ATTEMPTS - 1):
        try:
            return _pulled(receiver, contents, found, merge=merge, accept_older=accept_older)
        except NotInRemoteError:
            before, found = found, _head(receiver)
            if found == before:
                raise
    return _pulled(receiver, contents, found, merge=merge, accept_older=accept_older)


def _head(receiver: Receiver) -> Found:
    found = sealed_head(receiver.backend, receiver.seal)
    if found is None:
        raise RemoteRefusedError("the remote holds no state yet; nothing was changed")
    return found


def _pulled(
    receiver: Receiver, contents: Contents, found: Found, *, merge: bool, accept_older: bool
) -> Pulled:
    known, reference = agreed(receiver.memory, found), found.facts.manifest
    if known and reference == known.manifest and contents.is_whole:
        if not receiver.has_vault():
            receiver.vault(OfVault.of(found.facts, known.recipients))()
        shutil.rmtree(receiver.profile.incoming, ignore_errors=True)
        return Pulled(reference.counter, contents.generation)
    if known and reference.counter < known.manifest.counter and not accept_older:
        raise ReplayError(reference.counter, known.manifest.counter)
    keys = receiver.identities()
    manifest = manifest_at(receiver.backend, receiver.seal, reference, keys)
    base = _base(receiver, manifest, reference, keys)
    keeps = _has_own(contents, base, manifest)
    if keeps and not (merge or accept_older):
        raise ConflictError("this machine holds what the remote lacks, and the remote has news")
    facts = found.facts
    keep_vault = receiver.vault(OfVault.of(facts, manifest.recipients, keeps=keeps))
    bringer = Bringer(receiver.backend, receiver.profile, keys, receiver.on_object)
    amount = bringer.bring(manifest)
    arrived = arrive(bringer, manifest, Agreement(contents, base, keeps=keeps))
    adopt(receiver.profile, arrived, bringer)
    keep_vault()
    shutil.rmtree(bringer.incoming, ignore_errors=True)
    receiver.memory.agree(_known_now(receiver, manifest, facts, keeps=keeps))
    return Pulled(
        counter=reference.counter,
        generation=receiver.profile.generations.current(),
        objects=amount.objects,
        bytes=amount.bytes,
        is_news=True,
        keeps=keeps,
        gave_way=arrived.replaced,
    )


def _base(
    receiver: Receiver, manifest: RemoteManifest, reference: Reference, keys: Sequence[Identity]
) -> Known | None:
    """The newest state that this machine had a part in and that the remote comes from."""
    for seen in (receiver.memory.begun(), receiver.memory.known()):
        if seen is not None and (
            seen.manifest == reference
            or follows(receiver.backend, receiver.seal, manifest, seen.manifest, keys)
        ):
            return seen
    return None


def _has_own(contents: Contents, base: Known | None, manifest: RemoteManifest) -> bool:
    """Whether this machine has made, brought in or forgotten something since.

    What is in the manifest too is nothing of its own: a pull that was cut short brought it. What
    runs did is no reason for a conflict either: such rows simply stand beside each other.
    """
    if contents.is_empty:
        return False
    there = {entry.sha256 for entry in manifest.entries} | set(base.names if base else ())
    own = {item.sha256 for item in contents.items if item.kind not in {"past", "sources"}}
    return (
        not own <= there
        or not _both(base, manifest) <= {row[0] for row in contents.raw_files}
        or list(contents.pins) not in (list(base.pins) if base else [], list(manifest.pins))
        or _lacks_corrections(contents, base, manifest)
    )


def _both(base: Known | None, manifest: RemoteManifest) -> set[str]:
    """The raw files that both had once and the remote still has."""
    return {row[0] for row in manifest.raw_files} & set(base.raw_files if base else ())


def _lacks_corrections(contents: Contents, base: Known | None, manifest: RemoteManifest) -> bool:
    had = base is not None and base.corrections is not None
    return had and bool(manifest.of_kind("corrections")) and not contents.of_kind("corrections")


def _known_now(
    receiver: Receiver, manifest: RemoteManifest, facts: HeadFacts, *, keeps: bool
) -> Known:
    known = known_after(facts, "", manifest)
    if not keeps:
        return replace(known, fingerprint=contents_of(receiver.profile).fingerprint)
    lost = [seen.manifest for seen in (receiver.memory.begun(), receiver.memory.known()) if seen]
    mine = {seen for seen in lost if seen != facts.manifest and seen not in manifest.parents}
    return replace(known, merged=sorted(mine, key=lambda seen: seen.name))
