"""From a passphrase to a profile's published tables, in the memory of one session.

The passphrase unwraps the identity of the vault in a child process. Where a remote is named, its
newest state is verified and decrypted as it is needed, and never touches the disk; else the profile
on this machine is shown.

DashboardError
    TooSoonError    attempts failed; the next one has to wait
"""

import asyncio
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from adapters.dashboard import DashboardError
from adapters.dashboard.private.back_off import BackOff
from adapters.dashboard.private.remote_store import RemoteStore
from adapters.dashboard.store import DataStore, ProfileStore
from adapters.profile import Profile
from adapters.remote.access import Access
from adapters.remote.sealing import UnsealedError
from adapters.settings import Settings
from adapters.vault import WrongPassphraseError
from adapters.vault.age import Identity, identities_in
from adapters.vault.unwrapping import Unwrapper
from adapters.vault.vault import vault_of

_LOG: Final = logging.getLogger(__name__)


class TooSoonError(DashboardError):
    """Attempts failed, and the next one has to wait."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"too many failed attempts; try again in {math.ceil(seconds)} s")


class Gate:
    """All attempts of this process to unlock, one after another.

    Args:
        back_off: Counts those that failed.
    """

    def __init__(self, back_off: BackOff | None = None) -> None:
        self._back_off = back_off or BackOff()
        self._unwrapper = Unwrapper()
        self._turn = asyncio.Lock()

    async def unwrap(self, wrapped: bytes, passphrase: str) -> str:
        """The text of the identity file.

        Raises:
            TooSoonError: Others failed just before.
            VaultError: The passphrase is wrong, the vault is damaged, or too many wait.
        """
        self._refuse_haste()
        async with self._turn:
            self._refuse_haste()
            try:
                text = await self._unwrapper.unwrap(wrapped, passphrase)
            except WrongPassphraseError:
                self._back_off.failed()
                _LOG.warning("a login failed; %d in a row", self._back_off.failures)
                raise
        self._back_off.succeeded()
        return text

    def _refuse_haste(self) -> None:
        if wait := self._back_off.wait_seconds():
            raise TooSoonError(wait)


@dataclass(frozen=True)
class PrivateData:
    """What can be unlocked.

    Attributes:
        settings: What the program was told.
        profile: Whose it is.
        gate: Of this process.
    """

    settings: Settings
    profile: Profile
    gate: Gate

    @property
    def is_there(self) -> bool:
        """Whether there is a vault that a passphrase could open, here or in the remote."""
        return self.settings.remote is not None or vault_of(self.profile).exists

    async def opened(self, passphrase: str) -> DataStore:
        """The data that a passphrase opens, read as far as the page needs it.

        Raises:
            TooSoonError: Others failed just before.
            AdapterError: It opens nothing, or what it opens is damaged.
        """
        access = Access(self.settings, self.profile) if self.settings.remote else None
        wrapped = await asyncio.to_thread(self._wrapped, access)
        text = await self.gate.unwrap(wrapped, passphrase)
        store = self._store(access, identities_in(text, "the vault"))
        await asyncio.to_thread(lambda: store.current().series)
        return store

    def _wrapped(self, access: Access | None) -> bytes:
        return access.wrapped if access is not None else vault_of(self.profile).wrapped()

    def _store(self, access: Access | None, identities: Sequence[Identity]) -> DataStore:
        windows = self.settings.morning, self.settings.evening
        if access is None:
            return ProfileStore(self.profile, windows)
        seal = access.seal_of(identities)
        if seal is None:
            raise UnsealedError("head")
        return RemoteStore(access.backend, seal, identities, self.profile.name, windows)


@cache
def gate_of_process() -> Gate:
    """The one gate that every session passes; it holds counts and nothing else."""
    return Gate()
