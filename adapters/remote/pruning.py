"""`state prune`: what no state needs any more leaves the remote.

Others may push and pull at any moment, and a removal may arrive late, or twice. The order makes it
safe:

1. what is there is listed, while the head is the one that was read;
2. a new head follows: the same state, and an epoch that nobody ever had. All names that are made
   from then on are new ones, and none of them was listed. Who was about to push loses the race for
   the head and begins again;
3. only then is removed what was listed and is not needed.

An epoch is drawn, not counted: of two prunes at once, or of two that a remote which was put back
sees one after the other, neither removes a name that the other one's successors make. A prune that
is killed leaves garbage, and the next one lists it.
"""

import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from adapters.remote.backend import (
    HEADS,
    LEFTOVER,
    NAME,
    OBJECTS,
    Backend,
    LostRaceError,
    NotInRemoteError,
    RemoteError,
    RemoteRefusedError,
)
from adapters.remote.bringing import Amount
from adapters.remote.contents import Contents, IncompleteError
from adapters.remote.kept_heads import needed_by, needed_by_kept
from adapters.remote.memory import Known, Memory, agreed
from adapters.remote.parallel import FLUSHED_AT_ONCE, in_parallel
from adapters.remote.push import put_manifest, refuse_divergence
from adapters.remote.remote_state import (
    Found,
    MovedOnError,
    ancestors,
    manifest_at,
    sealed_head,
)
from adapters.remote.sealing import (
    HeadFacts,
    RemoteManifest,
    Seal,
)
from adapters.vault.age import Identity
from registry.objects import make_folder


class UnpushedError(RemoteError):
    """This machine holds what the remote lacks; what was forgotten here would stay there."""

    exit_code = 4

    def __init__(self) -> None:
        super().__init__(
            "this machine has news that the remote lacks: `python cli.py state push` first, then "
            "prune; nothing was removed"
        )


@dataclass(frozen=True)
class Pruner:
    """What a prune needs.

    Attributes:
        backend: Of what.
        seal: The key of the state.
        identities: Gives the keys that open it.
        folder: Of this machine; what is encrypted waits there.
        memory: What this machine knows of the remote.
        on_object: Told of each object that was removed, with the number of all that will be.
    """

    backend: Backend
    seal: Seal
    identities: Callable[[], Sequence[Identity]]
    folder: Path
    memory: Memory
    on_object: Callable[[int, int], None] = field(default=lambda _gone, _all: None)


@dataclass(frozen=True)
class Pruned:
    """What a prune did, or would do.

    Attributes:
        counter: The state that the remote is at.
        removed: What leaves.
        kept: What stays.
        held: Of that, what only kept heads need.
        kept_heads: How many states stay that lost a race and were never merged.
        in_bin: How many of the removed the service keeps for a while.
    """

    counter: int
    removed: Amount
    kept: Amount
    held: Amount
    kept_heads: int
    in_bin: int = 0


def prune(
    pruner: Pruner,
    contents: Contents,
    *,
    dry_run: bool = False,
    drop_kept_heads: bool = False,
) -> Pruned:
    """Remove what neither the remote's state nor a kept head needs.

    Args:
        pruner: What is pruned.
        contents: What this machine holds: the same as the remote.
        dry_run: Say what would be removed.
        drop_kept_heads: Also give up the states that lost a race and were never merged.

    Raises:
        ConflictError: The remote has news.
        MovedOnError: Another machine replaced the head at the same time; nothing was removed.
        UnpushedError: This machine has news.
        IncompleteError: Something is missing here.
        KeptHeadError: What a kept head needs cannot be found out.
        NotInRemoteError: The state itself lacks something there.
    """
    found, known = _agreed(pruner, contents)
    state = _State(pruner, found, pruner.identities())
    with _moved_on(pruner, found):
        listed = state.listed()
        needs = state.needs
        _see_that_all_is_there(needs, listed)
        kept = [] if drop_kept_heads else state.needs_of_kept(listed)
    for_kept = frozenset[str]().union(*kept)
    garbage = listed.keys() - needs - for_kept
    told = Pruned(
        counter=found.facts.manifest.counter,
        removed=_amount(listed, garbage),
        kept=_amount(listed, listed.keys() - garbage),
        held=_amount(listed, listed.keys() & for_kept - needs),
        kept_heads=len(kept),
    )
    if dry_run or not garbage:
        return told
    facts = state.replace_head()
    pruner.memory.agree(known.pruned_to(facts))
    in_bin = _remove(pruner, garbage | {found.facts.manifest.name})
    return replace(told, counter=facts.manifest.counter, in_bin=in_bin)


def _agreed(pruner: Pruner, contents: Contents) -> tuple[Found, Known]:
    """The head, which is of the state that this machine holds, whole."""
    if not contents.is_whole:
        raise IncompleteError(
            "something that is published is missing here, so that the remote's may be the only "
            "copy; `python cli.py state pull` fetches it: nothing was removed"
        )
    found = sealed_head(pruner.backend, pruner.seal)
    known = agreed(pruner.memory, found)
    refuse_divergence(found, known)
    if found is None or known is None:
        raise RemoteRefusedError("the remote holds no state yet; there is nothing to prune")
    if contents.fingerprint != known.fingerprint:
        raise UnpushedError
    return found, known


@contextmanager
def _moved_on(pruner: Pruner, found: Found) -> Iterator[None]:
    """Where an object of the head is missing, it is damage, or the head is another one by now.

    Raises:
        MovedOnError: It is.
    """
    try:
        yield
    except NotInRemoteError:
        if pruner.backend.head() == found.head:
            raise
        raise MovedOnError from None


def _see_that_all_is_there(needs: Collection[str], listed: Mapping[str, int]) -> None:
    for name in sorted(needs):
        if name not in listed:
            raise NotInRemoteError(name)


@dataclass(frozen=True)
class _State:
    """The state that the remote is at.

    Attributes:
        pruner: What is pruned.
        found: The head.
        keys: What opens it.
    """

    pruner: Pruner
    found: Found
    keys: Sequence[Identity]

    @cached_property
    def manifest(self) -> RemoteManifest:
        """What the head says that there is."""
        pruner, reference = self.pruner, self.found.facts.manifest
        return manifest_at(pruner.backend, pruner.seal, reference, self.keys)

    @cached_property
    def needs(self) -> frozenset[str]:
        """The names of all that it needs."""
        return needed_by(self.found.facts, self.manifest)

    @cached_property
    def history(self) -> frozenset[str]:
        """The seals of its manifest and of all that it comes from."""
        pruner = self.pruner
        before = ancestors(pruner.backend, pruner.seal, self.manifest, self.keys)
        return frozenset({self.found.facts.manifest.seal, *before})

    def listed(self) -> dict[str, int]:
        """What is there, with its size; a kept head is put after what it needs."""
        return {
            stored.name: stored.size
            for folder in (OBJECTS, HEADS)
            for stored in self.pruner.backend.list(folder)
            if NAME.fullmatch(stored.name) or LEFTOVER.fullmatch(stored.name)
        }

    def needs_of_kept(self, listed: Collection[str]) -> list[frozenset[str]]:
        """What each of the heads needs that lost a race and were never merged."""
        backend, seal = self.pruner.backend, self.pruner.seal
        names = [name for name in listed if name.startswith(HEADS)]
        found = [needed_by_kept(backend, seal, name, self.keys, self.history) for name in names]
        return [needs for needs in found if needs]

    def replace_head(self) -> HeadFacts:
        """Put the head of a new epoch in its place.

        Raises:
            MovedOnError: Another machine did so first.
        """
        pruner, before = self.pruner, self.found.facts
        epoch = secrets.token_hex(16)
        manifest = replace(
            self.manifest,
            counter=before.manifest.counter + 1,
            parents=[before.manifest],
            ancestors=sorted(self.history),
        )
        make_folder(pruner.folder)
        reference = put_manifest(pruner.backend, pruner.seal, manifest, epoch, pruner.folder)
        facts = replace(before, manifest=reference, epoch=epoch, pushed_as=before.origin)
        try:
            pruner.backend.swap_head(pruner.seal.head_bytes(facts), self.found.head)
        except LostRaceError:
            raise MovedOnError from None
        return facts


def _amount(listed: Mapping[str, int], names: Collection[str]) -> Amount:
    return Amount(len(names), sum(listed[name] for name in names))


def _remove(pruner: Pruner, names: Collection[str]) -> int:
    """Remove them, kept heads before what they needed; how many lie in a bin."""
    in_bin = 0
    for number, is_gone in enumerate(_removed(pruner, sorted(names)), 1):
        pruner.on_object(number, len(names))
        in_bin += not is_gone
    return in_bin


def _removed(pruner: Pruner, names: Sequence[str]) -> Iterator[bool]:
    for folder in (HEADS, OBJECTS):
        chosen = [name for name in names if name.startswith(folder)]
        yield from in_parallel(pruner.backend.remove, chosen, FLUSHED_AT_ONCE)
