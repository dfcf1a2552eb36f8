"""One remote, one vault: heads and manifests read and believed, or refused."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from adapters.remote.backend import Backend, Head, NotInRemoteError, RemoteError
from adapters.remote.sealing import (
    MOST_HEAD_BYTES,
    HeadFacts,
    Reference,
    RemoteManifest,
    Seal,
    UnsealedError,
    parsed_manifest,
)
from adapters.remote.transfer import InMemory, fetch
from adapters.vault import DamagedError, NoKeyError, NotAgeError
from adapters.vault.age import Identity

_MANIFEST: Final = "manifest"


class ConflictError(RemoteError):
    """This machine and the remote went different ways; both are kept."""

    exit_code = 4

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"{problem}. Nothing is lost, both are kept: `python cli.py state pull --merge` brings "
            "them together here; then run `python cli.py` and `python cli.py state push`"
        )


class ReplayError(RemoteError):
    """The remote is at an older state than this machine has seen."""

    exit_code = 4

    def __init__(self, found: int, known: int) -> None:
        super().__init__(
            f"the remote is at state {found}, and this machine has seen state {known}: somebody "
            "put an older one back. If you did, `python cli.py state pull --accept-older` merges "
            "it with what is here"
        )


class LostStateError(RemoteError):
    """The remote has no state any more."""

    exit_code = 4

    def __init__(self, known: int) -> None:
        super().__init__(
            f"the remote holds no state, and this machine has seen state {known} there: is the "
            "disk mounted, is PDP_REMOTE right? If it is gone for good, "
            "`python cli.py state push --anew` puts all of it there again"
        )


class MovedOnError(RemoteError):
    """The head was replaced since it was read; what is built on it may be gone."""

    exit_code = 4

    def __init__(self) -> None:
        super().__init__(
            "another machine pushed or pruned at the same time; run the same command again"
        )


@dataclass(frozen=True)
class Found:
    """A head that is ours."""

    head: Head
    facts: HeadFacts


def sealed_head(backend: Backend, seal: Seal) -> Found | None:
    """The remote's head; None before the first push.

    Raises:
        UnsealedError: It is damaged, or of another vault.
    """
    head = backend.head()
    if head is None:
        return None
    if len(head.content) > MOST_HEAD_BYTES:
        raise UnsealedError("head")
    return Found(head, seal.head_facts(head.content))


def manifest_at(
    backend: Backend, seal: Seal, reference: Reference, identities: Sequence[Identity]
) -> RemoteManifest:
    """A manifest, verified.

    Raises:
        UnsealedError: It is not the one that was referred to.
    """
    target = InMemory(lambda content: seal.of_manifest(content) == reference.seal)
    try:
        fetch(backend, reference.name, identities, target, "the remote's manifest")
    except (DamagedError, NotAgeError):
        raise UnsealedError(_MANIFEST) from None
    manifest = parsed_manifest(target.content)
    if manifest.counter != reference.counter:
        raise UnsealedError(_MANIFEST)
    return manifest


def follows(
    backend: Backend,
    seal: Seal,
    manifest: RemoteManifest,
    known: Reference,
    identities: Sequence[Identity],
) -> bool:
    """Whether a manifest has a known one among those it comes from, as far as they can be read."""
    return known.seal in ancestors(backend, seal, manifest, identities, above=known.counter)


def ancestors(
    backend: Backend,
    seal: Seal,
    manifest: RemoteManifest,
    identities: Sequence[Identity],
    *,
    above: int = 0,
) -> Iterator[str]:
    """The seals of the manifests that one comes from, as far as they can be read.

    Args:
        backend: Where they are.
        seal: The key of the state.
        manifest: The one.
        identities: The keys that open them.
        above: Those that are not newer than this are not opened.
    """
    waiting, seen = [manifest], set[str]()
    while waiting:
        one = waiting.pop()
        yield from one.ancestors
        for parent in one.parents:
            yield parent.seal
            if one.ancestors or parent.counter <= above or parent.seal in seen:
                continue
            seen.add(parent.seal)
            with contextlib.suppress(UnsealedError, NoKeyError, NotInRemoteError):
                waiting.append(manifest_at(backend, seal, parent, identities))
