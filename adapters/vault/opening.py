"""Which secret keys are at hand: those of a file that is named, or the vault's own."""

from pathlib import Path
from typing import Final

from adapters.settings import Settings
from adapters.vault import VaultError
from adapters.vault.age import MAGIC, Identity, identities_in, recipients_in
from adapters.vault.passphrase import given_passphrase
from adapters.vault.unwrapping import unwrap
from adapters.vault.vault import Vault

PASSPHRASE: Final = "PDP_PASSPHRASE_FILE"  # noqa: S105 - the name of a setting
_PROMPT: Final = "passphrase of the vault: "


class KeyFileError(VaultError):
    """A file that holds keys cannot be read."""


def identities(settings: Settings, wrapped: bytes) -> list[Identity]:
    """The secret keys that can be had: of the named identity file, else what is wrapped.

    Args:
        settings: What the program was told.
        wrapped: The vault's identity as it is kept.

    Raises:
        VaultError: No passphrase, a wrong one, or no usable key.
    """
    return identities_in(identity_file(settings, wrapped), "the identity file")


def identity_file(settings: Settings, wrapped: bytes) -> str:
    """The text of the identity file, unwrapped.

    Raises:
        VaultError: No passphrase, a wrong one, or the file cannot be read.
    """
    path = settings.identity_file
    content = wrapped if path is None else _read(path, "PDP_IDENTITY_FILE")
    if not content.startswith(MAGIC):
        return content.decode("utf-8", "replace")
    return unwrap(content, given_passphrase(settings.passphrase_file, PASSPHRASE, _PROMPT))


def recipients_of(vault: Vault, settings: Settings) -> list[str]:
    """The public keys of the vault and of the recipients file that is named, each one once.

    Raises:
        VaultError: A file cannot be read, or a line of it is no public key.
    """
    path = settings.recipients_file
    named = [] if path is None else _recipients_in(path)
    return list(dict.fromkeys([*vault.recipients(), *named]))


def _recipients_in(path: Path) -> list[str]:
    text = _read(path, "PDP_RECIPIENTS_FILE").decode("utf-8", "replace")
    return recipients_in(text, str(path))


def _read(path: Path, setting: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise KeyFileError(f"{path}: cannot be read ({error.strerror}); mend {setting}") from None
