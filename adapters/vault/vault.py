"""The vault of a profile: a wrapped identity, its recipients, and the key that names its state.

    vault/identity.age     the secret key, wrapped with the passphrase; any age tool opens it
    vault/recipients.txt   the public keys to which everything is encrypted, one a line
    vault/state.key        names and seals the remote state; it opens nothing

Whoever only publishes needs the last two. The key of the state follows from the identity, so
passphrase or recovery key are enough to have everything again.
"""

import hashlib
import hmac
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapters.profile import Profile
from adapters.vault import DamagedError, NoVaultError, VaultExistsError
from adapters.vault.age import Identity, new_identity, recipients_in
from adapters.vault.unwrapping import unwrap
from adapters.vault.wrapping import wrap
from registry.objects import flush_folder, leftovers_in, make_lasting_folder, replace_file

FOLDER: Final = "vault"
_PURPOSE: Final = b"personal-data-pipeline remote state 1"
_RECIPIENTS_WORDS: Final = "# who can open what is encrypted; a line more, and all is pushed again"
_RECOVERY_WORDS: Final = """\
# Recovery key of the personal data pipeline. It opens everything, without a passphrase.
# Keep it away from this machine, on paper or on a stick in a drawer, then delete this file.
# To use it: PDP_IDENTITY_FILE=this-file python cli.py state pull
#        or: age -d -i this-file FILE
"""
_STATE_KEY_BYTES: Final = 32


@dataclass(frozen=True)
class Vault:
    """The vault of a profile by its place.

    Attributes:
        folder: The profile's folder `vault`.
        profile: Whose it is.
    """

    folder: Path
    profile: str

    @property
    def exists(self) -> bool:
        """Whether it was made, or brought here."""
        return self.identity_path.is_file() and self._state_key.is_file()

    @property
    def identity_path(self) -> Path:
        """The wrapped identity."""
        return self.folder / "identity.age"

    @property
    def _recipients(self) -> Path:
        return self.folder / "recipients.txt"

    @property
    def _state_key(self) -> Path:
        return self.folder / "state.key"

    def wrapped(self) -> bytes:
        """The identity as it is kept.

        Raises:
            NoVaultError: There is no vault.
        """
        return self._read(self.identity_path)

    def recipients(self) -> list[str]:
        """The public keys of those who can open what is encrypted.

        Raises:
            NoVaultError: There is no vault.
            BadKeyError: A line of the file is no public key.
        """
        text = self._read(self._recipients).decode("utf-8", "replace")
        return recipients_in(text, str(self._recipients))

    def state_key(self) -> bytes:
        """What names and seals the remote state.

        Raises:
            NoVaultError: There is no vault.
            DamagedError: It is no key.
        """
        try:
            key = bytes.fromhex(self._read(self._state_key).decode("ascii"))
        except ValueError:
            key = b""
        if len(key) != _STATE_KEY_BYTES:
            raise DamagedError(str(self._state_key), "it is no key; `state pull` writes it anew")
        return key

    def _read(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            raise NoVaultError(self.profile) from None

    def keep(self, wrapped: bytes, recipients: Sequence[str], state_key: bytes) -> None:
        """Write the vault, the identity last: with it, the vault exists.

        The caller holds the profile's lock.
        """
        replace_file(self._recipients, [_recipients_text(recipients)])
        replace_file(self._state_key, [f"{state_key.hex()}\n".encode()])
        self.rewrap(wrapped)

    def rewrap(self, wrapped: bytes) -> None:
        """Keep the identity in another wrapping. The caller holds the profile's lock."""
        for path in leftovers_in(self.folder):
            path.unlink(missing_ok=True)
        replace_file(self.identity_path, [wrapped])


def vault_of(profile: Profile) -> Vault:
    """The vault of a profile, which need not exist."""
    return Vault(profile.folder / FOLDER, profile.name)


def make_vault(vault: Vault, passphrase: str, others: Iterable[str], recovery: Path) -> str:
    """Make a vault. Its recovery key is on the disk, whole, before anything else of it.

    The caller holds the profile's lock.

    Args:
        vault: Where.
        passphrase: Opens it.
        others: Public keys of others who shall be able to open it too.
        recovery: Where the recovery key is written; nothing may be there.

    Returns:
        The public key.

    Raises:
        VaultExistsError: There is one, or a file in the recovery key's place.
        DamagedError: What was wrapped could not be unwrapped; nothing was made.
        WriteError: The disk is full or broken; a recovery key of nothing is not left behind.
    """
    if vault.exists:
        raise VaultExistsError(
            f"profile {vault.profile} has a vault already; `python cli.py vault status` shows it, "
            "`change-passphrase` changes its passphrase"
        )
    identity = new_identity()
    text = identity_text(identity)
    wrapped = wrapped_soundly(text, passphrase)
    public = str(identity.to_public())
    with _recovery_key(recovery, text, is_needed=lambda: vault.exists):
        vault.keep(wrapped, list(dict.fromkeys([public, *others])), state_key_of(identity))
    return public


def wrapped_soundly(text: str, passphrase: str) -> bytes:
    """An identity file, wrapped; and it was seen that the passphrase opens it.

    Raises:
        DamagedError: It does not.
    """
    wrapped = wrap(text, passphrase)
    if unwrap(wrapped, passphrase) != text:
        raise DamagedError("the identity", "it unwraps as another one; check the machine")
    return wrapped


def identity_text(identity: Identity) -> str:
    """An identity file as age tools write it."""
    return f"# public key: {identity.to_public()}\n{identity}\n"


def state_key_of(identity: Identity) -> bytes:
    """The key of the state that belongs to an identity; it tells nothing about the identity."""
    return hmac.new(str(identity).encode(), _PURPOSE, hashlib.sha256).digest()


@contextmanager
def _recovery_key(path: Path, text: str, *, is_needed: Callable[[], bool]) -> Iterator[None]:
    """Write the recovery key, durably; it goes again if what follows fails and needs it not."""
    descriptor = _new_file(path)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
            file.write((_RECOVERY_WORDS + text).encode())
            file.flush()
            os.fsync(descriptor)
        flush_folder(path.parent)
        yield
    except BaseException:
        if not is_needed():
            path.unlink(missing_ok=True)
        raise


def _new_file(path: Path) -> int:
    make_lasting_folder(path.parent)
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise VaultExistsError(
            f"{path}: something is there already; move it to safety, or name another place with "
            "--recovery: nothing was changed. If an earlier `vault init` was cut short, it is a "
            "key that opens nothing"
        ) from None


def _recipients_text(recipients: Sequence[str]) -> bytes:
    return "".join(line + "\n" for line in (_RECIPIENTS_WORDS, *recipients)).encode()
