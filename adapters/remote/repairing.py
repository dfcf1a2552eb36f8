"""`state push --repair`: every object is opened, and what is damaged or gone is put there again.

An object is never replaced, so the new one has a name of its own, and the new manifest says which
one counts. A head that nobody can read any more gives way to a new one, which follows the state
that this machine knows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from adapters.remote.backend import Head, NotInRemoteError, RemoteRefusedError
from adapters.remote.contents import Contents, Item
from adapters.remote.memory import Known
from adapters.remote.parallel import in_parallel
from adapters.remote.push import Before, Pushed, Sender, entry_of, identity_of, publish
from adapters.remote.remote_state import ConflictError
from adapters.remote.sealing import Entry, UnsealedError
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
    known = sender.memory.known()
    if known is None:
        raise ConflictError("this machine never had a part in what the remote holds")
    head = sender.backend.head()
    if head is not None and not _is_ours(sender, head, known):
        raise ConflictError("another machine pushed since this one last pulled")
    items = {item.sha256: item for item in contents.items}
    looked_at = in_parallel(lambda item: _copy(sender, item, identities), list(items.values()))
    found = dict(zip(items, looked_at, strict=True))
    missing = {
        copy.entry.name: items[sha256] for sha256, copy in found.items() if not copy.is_whole
    }
    names = {sha256: copy.entry.name for sha256, copy in found.items()}
    entries = [replace(entry_of(sender, item), name=names[item.sha256]) for item in contents.items]
    return publish(sender, contents, entries, missing, Before(head, known, _identity(sender)))


@dataclass(frozen=True)
class _Copy:
    """A place for a content in the remote, and whether it is there, whole."""

    entry: Entry
    is_whole: bool


def _copy(sender: Sender, item: Item, identities: Sequence[Identity]) -> _Copy:
    """The first copy that is whole, else the first that is not there yet."""
    for number in range(MOST_COPIES):
        entry = entry_of(sender, item, number)
        try:
            target = Dropped(Expected(item.sha256, item.size))
            fetch(sender.backend, entry.name, identities, target, "an object of the remote")
        except NotInRemoteError:
            return _Copy(entry, is_whole=False)
        except _WRONG:
            continue
        return _Copy(entry, is_whole=True)
    raise RemoteRefusedError(
        "the remote spoils whatever is put there; name another place with PDP_REMOTE"
    )


def _identity(sender: Sender) -> tuple[str, str]:
    """A place where the wrapped identity is whole, or will be."""
    for number in range(MOST_COPIES):
        name, sha256 = identity_of(sender, number)
        try:
            if b"".join(sender.backend.get(name)) == sender.wrapped:
                return name, sha256
        except NotInRemoteError:
            return name, sha256
    return identity_of(sender)


def _is_ours(sender: Sender, head: Head, known: Known) -> bool:
    """Whether it is the head that this machine knows, or nobody's any more."""
    try:
        return sender.seal.head_facts(head.content).manifest == known.manifest
    except UnsealedError:
        return True
