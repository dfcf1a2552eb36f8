"""Heads that lost a race are kept beside the head that won, and with them all that they need.

Whoever lost has its state still, and merges it; from then on the kept head is of no use. A prune
that came between the push and its kept head may have taken what that one needs: such a head, too,
keeps nothing.
"""

from collections.abc import Collection, Sequence

from adapters.remote.backend import Backend, NotInRemoteError, RemoteError
from adapters.remote.remote_state import manifest_at
from adapters.remote.sealing import (
    MOST_HEAD_BYTES,
    HeadFacts,
    RemoteManifest,
    Seal,
    UnsealedError,
)
from adapters.vault import NoKeyError
from adapters.vault.age import Identity


class KeptHeadError(RemoteError):
    """What a kept head needs cannot be found out."""

    exit_code = 5

    def __init__(self) -> None:
        super().__init__(
            "a state that lost a race is kept in the remote, and no key here opens it, so nobody "
            "knows what it needs: nothing was removed. `python cli.py state prune "
            "--drop-kept-heads` gives up all such states"
        )


def needed_by_kept(
    backend: Backend,
    seal: Seal,
    name: str,
    identities: Sequence[Identity],
    merged: Collection[str],
) -> frozenset[str]:
    """The names of all that a kept head needs, itself among them; none where it keeps nothing.

    Args:
        backend: Where it is.
        seal: The key of the state.
        name: Of the kept head.
        identities: The keys that open its manifest.
        merged: The seals of the manifests that the remote's state comes from.

    Raises:
        KeptHeadError: It cannot be read, or its manifest cannot.
    """
    try:
        facts = seal.head_facts(_content(backend, name))
        if facts.manifest.seal in merged:
            return frozenset()
        return needed_by(facts, manifest_at(backend, seal, facts.manifest, identities)) | {name}
    except NotInRemoteError:
        return frozenset()
    except (UnsealedError, NoKeyError):
        raise KeptHeadError from None


def needed_by(facts: HeadFacts, manifest: RemoteManifest) -> frozenset[str]:
    """The names of all that a head needs."""
    named = (entry.name for entry in manifest.entries)
    return frozenset({facts.manifest.name, facts.identity_name, *named})


def _content(backend: Backend, name: str) -> bytes:
    content = b""
    for chunk in backend.get(name):
        content += chunk
        if len(content) > MOST_HEAD_BYTES:
            raise KeptHeadError
    return content
