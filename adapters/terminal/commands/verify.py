"""`verify`: is everything there that is registered, and is it what it claims to be?"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rich.console import RenderableType

from adapters.profile import Profile
from adapters.running.lock import profile_lock
from adapters.settings import Settings
from adapters.terminal.answer import Answer
from adapters.terminal.commands.command import Command, given, refuse_unused, writing
from adapters.terminal.console import table
from adapters.terminal.progress import Progress
from adapters.upkeep.verifying import Verifier
from registry.verification import Damage, Depth, Findings

DAMAGED: Final = 5


def _options(parser: argparse.ArgumentParser) -> None:
    depth = parser.add_mutually_exclusive_group()
    depth.add_argument(
        "--quick", dest="depth", action="store_const", const=Depth.STAT, default=Depth.BYTES,
        help="only ask the file system",
    )  # fmt: skip
    depth.add_argument(
        "--deep", dest="depth", action="store_const", const=Depth.CONTENT,
        help="also decode every result and hold it against its contract",
    )  # fmt: skip
    parser.add_argument(
        "--repair", action="store_true", help="make again what is damaged, by a plain run"
    )
    parser.add_argument(
        "--rerun",
        type=given,
        metavar="NODE",
        help="run this node once more in a fresh process and compare; registers nothing",
    )


def verify(options: argparse.Namespace, settings: Settings, profile: Profile) -> Answer:
    """Verify a profile; repair it; or run one node once more."""
    refuse_unused(profile)
    if options.rerun:
        return _rerun(options.rerun, profile)
    with Progress(quiet=options.quiet) as progress:
        if not options.repair:
            found = Verifier(profile, options.depth, progress.phase).findings()
            return _answer(profile, found, [], [])
        with profile_lock(profile.folder):
            before = Verifier(profile, options.depth, progress.phase).findings()
        problems = _repaired(settings, profile, before, progress) if before.damaged else []
        after = Verifier(profile, options.depth, progress.phase).findings()
    healed = [damage for damage in before.damaged if damage not in after.damaged]
    return _answer(profile, after, healed, problems)


def _repaired(
    settings: Settings, profile: Profile, before: Findings, progress: Progress
) -> list[str]:
    from adapters.upkeep.repairing import repair  # noqa: PLC0415 - Hamilton is slow to import

    with writing(profile):
        progress.phase("repairing")
        return repair(settings, profile, before.damaged)


def _answer(
    profile: Profile, found: Findings, healed: Sequence[Damage], problems: Sequence[str]
) -> Answer:
    document = {
        "profile": profile.name,
        "checked": found.checked,
        "damaged": [damage.as_json() for damage in found.damaged],
        "healed": [damage.as_json() for damage in healed],
    }
    verdict = f"profile {profile.name}: {found.checked:,} checked, {len(found.damaged)} damaged"
    verdict += f", {len(healed)} healed" if healed else ""
    blocks = [*_tables("Damaged", found.damaged), *_tables("Healed", healed), verdict]
    return Answer(document, blocks, problems, DAMAGED if found.damaged else 0)


def _tables(title: str, damages: Sequence[Damage]) -> Iterator[RenderableType]:
    if damages:
        rows = [(each.kind, each.path, each.what, each.next) for each in damages]
        yield table(title, ("kind", "path", "what", "next"), rows)


def _rerun(node: str, profile: Profile) -> Answer:
    from adapters.upkeep.rerun import rerun  # noqa: PLC0415 - Hamilton is slow to import

    document: dict[str, Any] = {"profile": profile.name, **rerun(profile, node)}
    different, unknown = document["different"], document["unknown"]
    words = [f"{node}: {len(document['equal'])} equal"]
    words += [f"{len(different)} different: it is not deterministic"] if different else []
    words += [f"{len(unknown)} without a registered result: run python cli.py"] if unknown else []
    names = {entry.sha256: entry.name for entry in profile.raw_files.entries()}
    rows = [(names.get(item, item[:12]) or "-", word) for word in ("different", "unknown")
            for item in document[word]]  # fmt: skip
    blocks: list[RenderableType] = [table("Items", ("file", "result"), rows)] if rows else []
    return Answer(document, [*blocks, "; ".join(words)], (), DAMAGED if different else 0)


COMMANDS: Final[Mapping[str, Command]] = {"verify": Command(verify, _options)}
