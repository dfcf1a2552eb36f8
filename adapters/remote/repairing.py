"""`state push --repair`: every object is opened, and what is damaged or gone is put there again.

An object is never replaced, so the new one has a name of its own, and the new manifest says which
one counts. A head that nobody can read any more, or an older one that somebody put back, gives way
to a new one, which follows the state that this machine knows; then all of it is put there again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from adapters.remote.backend import Head, NotInRemoteError, RemoteRefusedError
from adapters.remote.contents import Contents, Item
from adapters.remote.memory import Known, agreed
from adapters.remote.parallel import in_parallel
from adapters.remote.push import (
    Before,
    Pushed,
    Sender,
    entry_of,
    epoch_after,
    identity_of,
    publish,
)
from adapters.remote.remote_state import ConflictError, Found, follows, manifest_at
from adapters.remote.sealing import UnsealedError
from adapters.remote.transfer import Dropped, Expected, fetch
from adapters.vault import DamagedError, NoKeyError, NotAgeError
from adapters.vault.age import Identity

MOST_COPIES: Final = 8
_WRONG: Final = (DamagedError, NoKeyError, NotAgeError)


def repair(sender: Sender, contents: Contents, identities: Sequence[Identity]) -> Pushed:
    """Make the remote hold, whole, what this machine holds.

    Raises:
        ConflictError: The remote has a state that this machine does not know.
    """
    head = sender.backend.head()
    found = _readable(sender, head)
    known = agreed(sender.memory, found)
    if known is None:
        raise ConflictError("this machine never had a part in what the remote holds")
    if found is not None and found.facts.manifest != known.manifest:
        if not _was_put_back(sender, found, known, identities):
            raise ConflictError("another machine pushed since this one last pulled")
        found = None
    place = _Place(sender, epoch_after(found, known), known.names if found else {}, identities)
    items = {item.sha256: item for item in contents.items}
    looked_at = in_parallel(place.copy, list(items.values()))
    copies = dict(zip(items, looked_at, strict=True))
    missing = {copy.name: items[sha256] for sha256, copy in copies.items() if not copy.is_whole}
    entries = [
        replace(entry_of(sender, item, place.epoch), name=copies[item.sha256].name)
        for item in contents.items
    ]
    before = Before(head, known, place.identity(found), place.epoch)
    return publish(sender, contents, entries, missing, before)


def _readable(sender: Sender, head: Head | None) -> Found | None:
    """The head, unless it is nobody's any more."""
    try:
        return Found(head, sender.seal.head_facts(head.content)) if head else None
    except UnsealedError:
        return None


def _was_put_back(
    sender: Sender, found: Found, known: Known, identities: Sequence[Identity]
) -> bool:
    """Whether a head is one of those that the known state comes from."""
    try:
        manifest = manifest_at(sender.backend, sender.seal, known.manifest, identities)
    except (NotInRemoteError, UnsealedError, NoKeyError):
        return False
    return follows(sender.backend, sender.seal, manifest, found.facts.manifest, identities)


@dataclass(frozen=True)
class _Copy:
    """A place for a content in the remote, and whether it is there, whole."""

    name: str
    is_whole: bool


@dataclass(frozen=True)
class _Place:
    """Where contents are in the remote, whole, or will be.

    Attributes:
        sender: Where to, and for whom.
        epoch: Of the names that are made.
        names: The hash of a content -> the name that it has by the head.
        identities: The keys that open what is there.
    """

    sender: Sender
    epoch: str
    names: Mapping[str, str]
    identities: Sequence[Identity]

    def copy(self, item: Item) -> _Copy:
        """The first copy that is whole, else the first that is not there yet."""
        copies = (entry_of(self.sender, item, self.epoch, number) for number in range(MOST_COPIES))
        names = [self.names.get(item.sha256), *(entry.name for entry in copies)]
        for name in filter(None, dict.fromkeys(names)):
            is_whole = self._is_whole(name, item)
            if is_whole is not False:
                return _Copy(name, is_whole=bool(is_whole))
        raise RemoteRefusedError(
            "the remote spoils whatever is put there; name another place with PDP_REMOTE"
        )

    def _is_whole(self, name: str, item: Item) -> bool | None:
        """Whether what is there is the content; None where nothing is."""
        target = Dropped(Expected(item.sha256, item.size))
        try:
            fetch(self.sender.backend, name, self.identities, target, "an object of the remote")
        except NotInRemoteError:
            return None
        except _WRONG:
            return False
        return True

    def identity(self, found: Found | None) -> tuple[str, str]:
        """A place where the wrapped identity is whole, or will be."""
        places = [identity_of(self.sender, self.epoch, number) for number in range(MOST_COPIES)]
        if found and found.facts.identity_sha256 == places[0][1]:
            places.insert(0, (found.facts.identity_name, places[0][1]))
        for name, sha256 in places:
            try:
                if b"".join(self.sender.backend.get(name)) == self.sender.wrapped:
                    return name, sha256
            except NotInRemoteError:
                return name, sha256
        return places[0]
