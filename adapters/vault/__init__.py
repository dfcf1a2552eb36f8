"""Encryption of what leaves the machine, in the age format: any age tool opens it.

VaultError              root
  NoVaultError          the profile has none yet (exit code 2)
  VaultExistsError      it has one already (exit code 2)
  PassphraseError       none was given, or one that cannot be used (exit code 2)
  WrongPassphraseError  the passphrase does not open the identity (exit code 2)
  NoKeyError            none of the keys at hand opens it (exit code 2)
  DamagedError          it was made by age, and is not whole any more (exit code 5)
  NotAgeError           it is no age file (exit code 2)
  BadKeyError           a line that should be a key is none (exit code 2)
  BusyError             too many attempts wait already (exit code 75)
"""

from adapters import AdapterError


class VaultError(AdapterError):
    """Something about keys and what is encrypted."""

    exit_code = 2


class NoVaultError(VaultError):
    """The profile has no vault."""

    def __init__(self, profile: str) -> None:
        super().__init__(
            f"profile {profile} has no vault yet; make one with `python cli.py vault init`, or "
            "bring it here with `python cli.py state pull`"
        )


class VaultExistsError(VaultError):
    """The profile has a vault, or its recovery key would take the place of another file."""


class PassphraseError(VaultError):
    """No passphrase was given, or one that cannot be used."""


class WrongPassphraseError(VaultError):
    """The passphrase does not open the identity."""

    def __init__(self) -> None:
        super().__init__(
            "the passphrase does not open the vault; try again. If it is lost: name the recovery "
            "key with PDP_IDENTITY_FILE, then `python cli.py vault change-passphrase`. Without "
            "passphrase and recovery key nobody can open it"
        )


class NoKeyError(VaultError):
    """None of the keys at hand opens it."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what}: no key at hand opens it. It was encrypted for another vault, or before this "
            "key became a recipient, or its header is damaged; name another key with "
            "PDP_IDENTITY_FILE"
        )


class DamagedError(VaultError):
    """It was encrypted by age, and is not whole any more."""

    exit_code = 5

    def __init__(self, what: str, problem: str) -> None:
        super().__init__(
            f"{what}: damaged ({problem}); nothing of it was used. Take another copy of it"
        )


class NotAgeError(VaultError):
    """It is no age file."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}: not encrypted by age, or its beginning is damaged")


class BadKeyError(VaultError):
    """A line that should be a key is none. The line is never shown."""

    def __init__(self, what: str, line: int, problem: str) -> None:
        super().__init__(f"{what}: line {line} {problem}")


class BusyError(VaultError):
    """Too many attempts wait already."""

    exit_code = 75

    def __init__(self) -> None:
        super().__init__("too many attempts to open the vault at once; try again in a minute")
