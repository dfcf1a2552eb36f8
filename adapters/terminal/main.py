"""From a command line to an exit code.

Results go to stdout, progress and errors to stderr. With `--json`, stdout is exactly one JSON
object, also when the command fails.
"""

import argparse
import json
import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from adapters import AdapterError
from adapters.profile import OWNER, Profile, default_profile
from adapters.settings import Settings
from adapters.terminal import console
from adapters.terminal.answer import Answer
from adapters.terminal.arguments import parse
from adapters.terminal.commands import command
from dataflows import DataflowError
from registry import RegistryError
from registry.streams import say

FAILED: Final = 1
INTERRUPTED: Final = 130
_OF_THE_OWNER: Final = ("import", "vault", "state")


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    wants_json = "--json" in arguments
    try:
        options = parse(arguments)
        answer = _answer(options)
    except KeyboardInterrupt:
        return _fail(
            "interrupted: what was done is kept; run again to go on", INTERRUPTED, wants_json
        )
    except (AdapterError, DataflowError, RegistryError) as error:
        return _fail(str(error), getattr(error, "exit_code", FAILED), wants_json)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        what = error.strerror or type(error).__qualname__
        return _fail(f"{where}{what}; mend it, then run again", FAILED, wants_json)
    except Exception as error:  # noqa: BLE001 - its text and frames may hold health values
        place = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(error).__qualname__} at {Path(place.filename).name}:{place.lineno}"
        return _fail(f"a defect of this program: {what}; please report it", FAILED, wants_json)
    console.show(answer, as_json=options.json, quiet=options.quiet)
    return answer.exit_code


def _answer(options: argparse.Namespace) -> Answer:
    settings = Settings.load(os.environ, Path(".env"))
    home = options.home or settings.home
    name = (
        options.profile or settings.profile or _profile_for(options.command, Path(home), settings)
    )
    looks_only = getattr(options, "dry_run", False)
    profile = Profile(Path(home), checked_name(name), leaves_no_trace=looks_only)
    answer = command(options.command).handler(options, settings, profile)
    told = [notice for notice in profile.notices if notice not in answer.warnings]
    return replace(answer, warnings=[*told, *answer.warnings])


def _profile_for(command: str, home: Path, settings: Settings) -> str:
    """The profile when none is named: exports and keys are the owner's, the rest where data is."""
    if command in _OF_THE_OWNER:
        return OWNER
    return default_profile(home, has_remote_source=bool(settings.remote_sources))


def checked_name(name: str) -> str:
    """A profile's name, if it can be the name of a folder."""
    return Settings.load({"PDP_PROFILE": name}).profile or default_profile(Path("data"))


def _fail(message: str, exit_code: int, wants_json: bool) -> int:  # noqa: FBT001 - internal
    if wants_json:
        document: dict[str, Any] = {"status": "failed", "error": message, "exit_code": exit_code}
        say(json.dumps(document) + "\n")
    sys.stderr.write(f"error: {message}\n")
    return exit_code
