"""`forget`: one raw file and all that came from it, after asking."""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from rich.console import RenderableType

from adapters.profile import Profile
from adapters.settings import Settings
from adapters.terminal.answer import Answer
from adapters.terminal.commands.command import (
    IN_REMOTE,
    Command,
    RefusedError,
    refuse_unused,
    writing,
)
from adapters.terminal.console import table
from adapters.terminal.progress import Progress
from adapters.upkeep.forgetting import Preview, forget, preview

_AGREED: Final = "yes"


@dataclass(frozen=True)
class _Question:
    """What is asked before anything is removed."""

    found: Preview

    @property
    def lines(self) -> list[str]:
        """What goes, for people."""
        members = len(self.found.told.files) - 1
        numbers = ", ".join(map(str, self.found.generations)) or "none"
        lines = [f"forget {self.found.told.files[0].names[0]}"]
        lines += [f"  and {members} files that were unpacked from it"] if members else []
        lines += [f"  generations that depend on it and go with it: {numbers}"]
        lines += [f"  also from the inbox: {path}" for path in self.found.inbox]
        return [*lines, "  it cannot be brought back, other than by importing it again"]


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", metavar="FILE", help="name of a raw file, or the first digits of its hash"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")


def forget_file(options: argparse.Namespace, settings: Settings, profile: Profile) -> Answer:
    """Remove one raw file and all that came from it, from every generation."""
    refuse_unused(profile)
    finishes = profile.is_forgetting
    with writing(profile):
        if finishes:
            words = "what an earlier `forget` began is finished now; ask again for another file"
            return Answer({"profile": profile.name, "status": "forgotten"}, [words])
        found = preview(profile, profile.raw_files.find(options.file))
        if not options.yes:
            _ask(_Question(found))
        with Progress(quiet=options.quiet) as progress:
            progress.phase("forgetting")
            forget(profile, found.told)
    return _answer(profile, found, is_remote=settings.remote is not None)


def _ask(question: _Question) -> None:
    """Ask on the terminal.

    Raises:
        RefusedError: There is none, or the answer is another than yes.
    """
    if not sys.stdin.isatty():
        what = "\n".join(question.lines)
        raise RefusedError(f"{what}\nnobody can be asked here; say --yes: nothing was changed")
    sys.stderr.write("\n".join([*question.lines, f"type {_AGREED} to go on: "]))
    sys.stderr.flush()
    if sys.stdin.readline().strip() != _AGREED:
        raise RefusedError("nothing was forgotten")


def _answer(profile: Profile, found: Preview, *, is_remote: bool) -> Answer:
    document: dict[str, Any] = {
        "profile": profile.name,
        "status": "forgotten",
        "run_id": found.told.run_id,
        "raw_files": len(found.told.files),
        "inbox": len(found.inbox),
        "generations": found.generations,
        "generation": profile.generations.current(),
    }
    rows = [
        ("raw files", len(found.told.files)),
        ("copies in the inbox", len(found.inbox)),
        ("generations", len(found.generations)),
    ]
    blocks: list[RenderableType] = [table("Forgotten", ("what", "count"), rows)]
    if document["generation"] is None:
        blocks.append(f"next: python cli.py --profile {profile.name} publishes what is left")
    if is_remote:
        blocks.append(IN_REMOTE)
    return Answer(document, blocks)


COMMANDS: Final[Mapping[str, Command]] = {"forget": Command(forget_file, _options)}
