"""`vault`: make it, look at it, change its passphrase, open what was encrypted."""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from adapters.profile import Profile
from adapters.publishing.handing_out import FileInTheWayError, growing_file
from adapters.running.lock import profile_lock
from adapters.settings import Settings
from adapters.terminal.answer import Answer
from adapters.terminal.commands.command import Command, RefusedError
from adapters.vault import VaultError
from adapters.vault.age import decrypt, identities_in, recipients_in
from adapters.vault.opening import PASSPHRASE, identities, identity_file, recipients_of
from adapters.vault.passphrase import chosen_passphrase
from adapters.vault.vault import Vault, make_vault, state_key_of, vault_of, wrapped_soundly

_NEW: Final = "PDP_NEW_PASSPHRASE_FILE"
_LOST: Final = (
    "Passphrase or recovery key open the data. Without both, nobody can open what was pushed: "
    "there is no third way."
)


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=sorted(_ACTIONS), help="what to do with the vault")
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="what `open` decrypts")
    parser.add_argument(
        "--recovery", type=Path, metavar="FILE",
        help="where `init` writes the recovery key (default: recovery-key-PROFILE.txt, here)",
    )  # fmt: skip
    parser.add_argument(
        "--recipient", action="append", default=[], metavar="KEY",
        help="a public key (age1...) that can open everything too: a spare, the cloud's",
    )  # fmt: skip
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="where `open` writes to (default: stdout)"
    )


def vault(options: argparse.Namespace, settings: Settings, profile: Profile) -> Answer:
    """Do it.

    Raises:
        RefusedError: The options do not belong to the action.
    """
    for action, name in _BELONGING:
        if getattr(options, name) and options.action != action:
            raise RefusedError(f"{name} belongs to `vault {action}`; see `vault --help`")
    return _ACTIONS[options.action](options, settings, profile)


def _init(options: argparse.Namespace, settings: Settings, profile: Profile) -> Answer:
    found = vault_of(profile)
    recovery = (options.recovery or Path(f"recovery-key-{profile.name}.txt")).absolute()
    others = recipients_in("\n".join(options.recipient), "--recipient")
    _refuse_made(found)
    passphrase = chosen_passphrase(
        settings.passphrase_file, PASSPHRASE, f"a passphrase for profile {profile.name}: "
    )
    with profile_lock(profile.folder):
        public = make_vault(found, passphrase, others, recovery)
    document = {
        "profile": profile.name,
        "status": "made",
        "public_key": public,
        "recipients": found.recipients(),
        "recovery_key": str(recovery),
    }
    return Answer(
        document,
        [
            f"made the vault of profile {profile.name}",
            f"recovery key: {recovery}",
            "Move it off this machine now: paper, or a stick in a drawer. Then delete it here.",
            _LOST,
            "Next: name a place with PDP_REMOTE, then `python cli.py state push`.",
        ],
    )


def _refuse_made(found: Vault) -> None:
    if found.exists:
        raise RefusedError(
            f"profile {found.profile} has a vault already; `python cli.py vault status` shows it, "
            "`change-passphrase` changes its passphrase"
        )


def _status(options: argparse.Namespace, settings: Settings, profile: Profile) -> Answer:
    del options
    found = vault_of(profile)
    if not found.exists:
        document = {"profile": profile.name, "exists": False, "recipients": []}
        return Answer(document, [f"profile {profile.name} has no vault; `vault init` makes one"])
    recipients = recipients_of(found, settings)
    left = Path(f"recovery-key-{profile.name}.txt").absolute()
    lies_here = left.exists()
    document = {
        "profile": profile.name,
        "exists": True,
        "recipients": recipients,
        "identity": str(found.identity_path),
        "recovery_key_here": str(left) if lies_here else None,
    }
    warnings = [f"{left}: the recovery key is still here; move it off this machine"]
    lines = [f"vault of profile {profile.name}: {found.identity_path}", "who can open:"]
    return Answer(
        document, [*lines, *(f"  {key}" for key in recipients), _LOST], warnings[: int(lies_here)]
    )


def _change_passphrase(options: argparse.Namespace, settings: Settings, profile: Profile) -> Answer:
    del options
    found = vault_of(profile)
    text = identity_file(settings, found.wrapped())
    if all(state_key_of(key) != found.state_key() for key in identities_in(text, "the key")):
        raise VaultError("this key is not the vault's own; nothing was changed")
    passphrase = chosen_passphrase(settings.new_passphrase_file, _NEW, "the new passphrase: ")
    wrapped = wrapped_soundly(text, passphrase)
    with profile_lock(profile.folder):
        found.rewrap(wrapped)
    words = (
        f"profile {profile.name}: the passphrase is changed. The next `state push` takes it along; "
        "a copy of the old wrapped identity still opens with the old passphrase"
    )
    return Answer({"profile": profile.name, "status": "changed"}, [words])


def _open(options: argparse.Namespace, settings: Settings, profile: Profile) -> Answer:
    if options.file is None:
        raise RefusedError("open which file? `python cli.py vault open FILE`")
    if options.json and options.output is None:
        raise RefusedError("with --json, say with --output where the content goes")
    found = vault_of(profile)
    wrapped = b"" if settings.identity_file else found.wrapped()
    keys = identities(settings, wrapped)
    with options.file.open("rb") as source:
        if options.output is None:
            decrypt(source, sys.stdout.buffer, keys, str(options.file))
            return Answer({})
        try:
            with growing_file(options.output.absolute()) as target:
                decrypt(source, target, keys, str(options.file))
        except FileInTheWayError:
            raise RefusedError(
                f"{options.output}: something is there already; name another file"
            ) from None
    document = {"status": "opened", "file": str(options.file), "output": str(options.output)}
    return Answer(document, [f"{options.output}: decrypted, and readable by whoever can read it"])


_ACTIONS: Final[Mapping[str, Callable[[argparse.Namespace, Settings, Profile], Answer]]] = {
    "init": _init,
    "status": _status,
    "change-passphrase": _change_passphrase,
    "open": _open,
}
_BELONGING: Final = (
    ("init", "recovery"),
    ("init", "recipient"),
    ("open", "file"),
    ("open", "output"),
)

COMMANDS: Final[Mapping[str, Command]] = {"vault": Command(vault, _options)}
