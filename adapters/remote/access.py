"""The keys to a remote: from the vault that is here, or from the one that is there.

An empty machine has neither key nor registry. It takes the wrapped identity from the remote, opens
it with the passphrase, and the key of the state follows from it: so a head that somebody else made
is not believed.
"""

import hashlib
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Final

from adapters.profile import Profile
from adapters.remote.backend import Backend, RemoteRefusedError
from adapters.remote.memory import Memory
from adapters.remote.opening import address_of, backend_of
from adapters.remote.pull import OfVault
from adapters.remote.sealing import Seal, UnsealedError, parsed_manifest, unverified_head
from adapters.remote.transfer import Download, InMemory, fetch
from adapters.settings import Settings
from adapters.vault import DamagedError, NotAgeError
from adapters.vault.age import Identity
from adapters.vault.opening import identities, recipients_of
from adapters.vault.vault import state_key_of, vault_of

MOST_IDENTITY_BYTES: Final = 64 << 10
_STRANGE_KEY: Final = (
    "the key in use is not the vault's own, so there was nothing to check the remote's seal by: "
    "this once it was taken at its word"
)


class Access:
    """A remote, and what opens it.

    Attributes:
        vault: The profile's vault, which need not exist.
        memory: What this machine knows of the remote.
        notices: What people should know.
    """

    def __init__(self, settings: Settings, profile: Profile) -> None:
        self._settings = settings
        self.address = address_of(settings)
        self.vault = vault_of(profile)
        self.memory = Memory.of(profile.folder, self.address)
        self.notices: list[str] = []

    @cached_property
    def backend(self) -> Backend:
        """Where it is."""
        return backend_of(self._settings)

    @cached_property
    def recipients(self) -> Sequence[str]:
        """Who can open what is pushed."""
        return recipients_of(self.vault, self._settings)

    @cached_property
    def identities(self) -> Sequence[Identity]:
        """The keys that open it; a person may be asked for the passphrase."""
        wrapped = b"" if self._settings.identity_file else self.wrapped
        return identities(self._settings, wrapped)

    @cached_property
    def wrapped(self) -> bytes:
        """The identity as the vault keeps it, here or in the remote; a passphrase opens it."""
        if self.vault.exists:
            return self.vault.wrapped()
        return self._plain(unverified_head(self._head).identity_name)

    @cached_property
    def _head(self) -> bytes:
        head = self.backend.head()
        if head is None:
            raise RemoteRefusedError(f"{self.address}: holds no state yet; nothing was changed")
        return head.content

    def _plain(self, name: str) -> bytes:
        """The wrapped identity: an object that only a passphrase protects."""
        source, content = Download(self.backend, name), b""
        while chunk := source.read():
            content += chunk
            if len(content) > MOST_IDENTITY_BYTES:
                raise DamagedError("the remote's wrapped identity", "it is far too long")
        return content

    @cached_property
    def seal(self) -> Seal:
        """The key of the state.

        Raises:
            UnsealedError: The remote is damaged, or not of the vault that the key opens.
        """
        if self.vault.exists:
            return Seal(self.vault.state_key())
        found = self.seal_of(self.identities)
        if found is not None:
            return found
        if self._settings.identity_file is None:
            raise UnsealedError("head")
        return self._told_seal()

    def seal_of(self, identities: Sequence[Identity]) -> Seal | None:
        """The key of the state that follows from the vault's own identity, if it is among these."""
        unverified_head(self._head)
        seals = (Seal(state_key_of(identity)) for identity in identities)
        return next((seal for seal in seals if _fits(seal, self._head)), None)

    def _told_seal(self) -> Seal:
        """The key of the state as the manifest tells it to a spare key."""
        target = InMemory(lambda _content: True)
        try:
            name = unverified_head(self._head).manifest.name
            fetch(self.backend, name, self.identities, target, "the remote's manifest")
            seal = Seal(bytes.fromhex(parsed_manifest(target.content).state_key))
        except (DamagedError, NotAgeError, ValueError, TypeError):
            raise UnsealedError("manifest") from None
        seal.head_facts(self._head)
        self.notices.append(_STRANGE_KEY)
        return seal

    def fetch_vault(self, there: OfVault) -> Callable[[], None]:
        """Fetch the vault of the remote, or the passphrase's new wrapping.

        Returns:
            What keeps it here.

        Raises:
            DamagedError: The wrapped identity in the remote is not the one of the head.
        """
        vault, sha256 = self.vault, there.identity_sha256
        is_known = vault.exists and hashlib.sha256(vault.wrapped()).hexdigest() == sha256
        if is_known or (vault.exists and there.keeps):
            return lambda: None
        wrapped = self._plain(there.identity_name)
        if hashlib.sha256(wrapped).hexdigest() != sha256:
            raise DamagedError("the remote's wrapped identity", "it is not the one of the head")
        if vault.exists:
            return lambda: vault.rewrap(wrapped)
        state_key = bytes.fromhex(self.seal.key_text)
        return lambda: vault.keep(wrapped, there.recipients, state_key)


def _fits(seal: Seal, head: bytes) -> bool:
    try:
        seal.head_facts(head)
    except UnsealedError:
        return False
    return True
