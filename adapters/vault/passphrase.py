"""Where a passphrase comes from: a file, or a person at a terminal. Never the command line."""

import getpass
import sys
from pathlib import Path
from typing import Final

from adapters.vault import PassphraseError

FEWEST_CHARACTERS: Final = 12


def given_passphrase(file: Path | None, setting: str, prompt: str) -> str:
    """A passphrase as it is.

    Args:
        file: What the setting names.
        setting: The name of the setting, for errors.
        prompt: What a person is asked.

    Raises:
        PassphraseError: The file cannot be used, or nobody can be asked.
    """
    if file is not None:
        return _from_file(file, setting)
    return _asked(prompt, setting)


def chosen_passphrase(file: Path | None, setting: str, prompt: str) -> str:
    """A new passphrase; a person is asked twice.

    Raises:
        PassphraseError: It is too short, differs the second time, or nobody can be asked.
    """
    if file is not None:
        return _strong(_from_file(file, setting))
    chosen = _strong(_asked(prompt, setting))
    if _asked("the same once more: ", setting) != chosen:
        raise PassphraseError("the two differ; nothing was changed")
    return chosen


def _strong(passphrase: str) -> str:
    if len(passphrase) < FEWEST_CHARACTERS:
        raise PassphraseError(
            f"a passphrase of fewer than {FEWEST_CHARACTERS} characters can be guessed by whoever "
            "has the encrypted data; five random words are a good one"
        )
    return passphrase


def _from_file(file: Path, setting: str) -> str:
    try:
        passphrase = file.read_bytes().decode().removesuffix("\n").removesuffix("\r")
    except OSError as error:
        raise PassphraseError(
            f"{file}: cannot be read ({error.strerror}); mend {setting}"
        ) from None
    except UnicodeDecodeError:
        raise PassphraseError(f"{file}: not UTF-8; mend {setting}") from None
    if not passphrase or "\n" in passphrase:
        raise PassphraseError(f"{file}: it has to hold the passphrase alone, in one line")
    return passphrase


def _asked(prompt: str, setting: str) -> str:
    if not sys.stdin.isatty():
        raise PassphraseError(
            f"nobody can be asked for the passphrase here; name a file that holds it with {setting}"
        )
    return getpass.getpass(prompt)
