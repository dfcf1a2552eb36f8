"""What a command is: the options it knows, and what it does; and what several of them share."""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from adapters import AdapterError
from adapters.profile import Profile
from adapters.running.lock import profile_lock
from adapters.settings import Settings
from adapters.terminal.answer import Answer
from registry.database import RegistryDamagedError

Handler = Callable[[argparse.Namespace, Settings, Profile], Answer]


class RefusedError(AdapterError):
    """The command makes no sense for this profile."""

    exit_code = 2


def no_options(_parser: argparse.ArgumentParser) -> None:
    """The options of a command that has none of its own."""


IN_REMOTE: Final = (
    "`python cli.py state push`, then `python cli.py state prune`, take it out of the remote too"
)
"""What a command says that removes something here, where a remote is named."""


@dataclass(frozen=True)
class Command:
    """A command of the program.

    Attributes:
        handler: Does it.
        options: Adds its options to a parser.
    """

    handler: Handler
    options: Callable[[argparse.ArgumentParser], None] = no_options


@contextmanager
def writing(profile: Profile) -> Iterator[None]:
    """Hold the profile as its only writer, with a registry that can be relied on."""
    profile.make_folders()
    with profile_lock(profile.folder):
        settle(profile)
        yield


def settle(profile: Profile) -> None:
    """See that the registry can be relied on. The caller holds the profile's lock.

    What a killed `forget` began is finished first: until then rows and manifests differ. What a
    killed writer left half-written is removed.
    """
    if profile.is_forgetting:
        _finish_forgetting(profile)
    profile.make_sound()
    profile.store.remove_leftovers()


def _finish_forgetting(profile: Profile) -> None:
    from adapters.upkeep.forgetting import finish_forgetting  # noqa: PLC0415 - hardly ever needed

    try:
        finish_forgetting(profile)
    except RegistryDamagedError as damage:
        profile.renew(damage)
        finish_forgetting(profile)


def refuse_unused(profile: Profile) -> None:
    """Refuse a command that needs something to have happened.

    Raises:
        RefusedError: Nothing was ever registered in this profile.
    """
    if not profile.exists:
        raise RefusedError(f"profile {profile.name} holds nothing yet; run python cli.py first")


def given(text: str) -> str:
    """A text of the command line that is not empty, as a script's variable is that is not set."""
    if not text:
        raise argparse.ArgumentTypeError("it is empty")
    return text


def positive(text: str) -> int:
    """A whole number from 1 up, of the command line."""
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 up")
    return number
