"""What is kept: `rollback` to an older generation, `gc` of what no kept generation needs."""

import argparse
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any, Final

from rich.console import RenderableType

from adapters.profile import Profile
from adapters.running.views import views_of
from adapters.settings import Settings
from adapters.terminal.answer import Answer
from adapters.terminal.commands.command import (
    IN_REMOTE,
    Command,
    positive,
    refuse_unused,
    writing,
)
from adapters.terminal.console import table
from adapters.terminal.progress import Progress
from registry.garbage import NEWEST_KEPT, Collection, Collector, pin, pinned, unpin
from registry.restoring import hold_of, restorable, restore

_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?", re.IGNORECASE)


def _rollback_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "generation", type=positive, metavar="GENERATION", help="its number; `history` lists them"
    )


def rollback(options: argparse.Namespace, settings: Settings, profile: Profile) -> Answer:
    """Publish an older generation as a new one, at once."""
    del settings
    refuse_unused(profile)
    with Progress(quiet=options.quiet) as progress, writing(profile):
        progress.phase("restoring")
        started = datetime.now(UTC)
        run_id = f"{started:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        number = _restored(profile, options.generation, run_id, started)
        profile.runs.record(
            run_id=run_id,
            started_utc=f"{started:%Y-%m-%dT%H:%M:%SZ}",
            ended_utc=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            status="restored",
            generation=number,
            options={"command": "rollback", "generation": options.generation},
            actions=[],
        )
    hold = hold_of(profile.generations)
    document = {
        "profile": profile.name,
        "run_id": run_id,
        "status": "restored",
        "generation": number,
        "restores": options.generation,
        "held_against": hold.held_against if hold else None,
        "outputs": {
            output.name: output.version for output in profile.generations.outputs(number).values()
        },
    }
    words = str(hold) if hold else f"generation {number} restores generation {options.generation}"
    return Answer(document, [f"published generation {number} of profile {profile.name}: {words}"])


def _restored(profile: Profile, number: int, run_id: str, started: datetime) -> int:
    """Publish it again. Its views are written before the commit, and shown after it."""
    restorable(profile.generations, profile.store, number)
    with views_of(
        profile.outputs,
        profile.generations.outputs(number),
        profile.store,
    ) as views:
        profile.drop_snapshot()
        published = restore(
            profile.generations,
            profile.store,
            number,
            run_id=run_id,
            published_utc=f"{started:%Y-%m-%dT%H:%M:%SZ}",
        )
        views.publish()
    return published


def _gc_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="say what would be removed")
    parser.add_argument(
        "--keep", type=positive, default=NEWEST_KEPT, metavar="N",
        help=f"keep the results of the newest N generations (default: {NEWEST_KEPT})",
    )  # fmt: skip
    parser.add_argument(
        "--budget", type=size, metavar="SIZE",
        help="bytes that results may take, such as 500MB; the oldest generations fall first",
    )  # fmt: skip
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument(
        "--pin", type=positive, metavar="GENERATION", help="keep this one always; removes nothing"
    )
    choice.add_argument(
        "--unpin", type=positive, metavar="GENERATION", help="no longer; removes nothing"
    )


def size(text: str) -> int:
    """A number of bytes, of the command line: `1000`, `500MB`, `2GiB`."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; give one such as 500MB or 2GiB")
    power = " kmgt".index(match[2].lower() or " ")
    return int(float(match[1]) * (1024 if match[3] else 1000) ** power)


def collect_garbage(options: argparse.Namespace, settings: Settings, profile: Profile) -> Answer:
    """Remove results that no kept generation needs; or pin a generation."""
    refuse_unused(profile)
    if options.pin is not None or options.unpin is not None:
        return _pin(options, profile)
    if options.dry_run:
        collector = Collector(profile.store, profile.generations)
        found = collector.collect(newest=options.keep, budget=options.budget, dry_run=True)
        return _gc_answer(profile, found, "planned", "would be removed")
    with Progress(quiet=options.quiet) as progress, writing(profile):
        progress.phase("looking for what no kept generation needs")
        profile.drop_snapshot()
        collector = Collector(profile.store, profile.generations)
        found = collector.collect(newest=options.keep, budget=options.budget)
    answer = _gc_answer(profile, found, "collected", "removed")
    if settings.remote and any(amount.count for amount in found.removed.values()):
        return replace(answer, blocks=[*answer.blocks, IN_REMOTE])
    return answer


def _pin(options: argparse.Namespace, profile: Profile) -> Answer:
    with writing(profile):
        if options.pin is not None:
            pin(profile.database, options.pin)
        else:
            unpin(profile.database, options.unpin)
        current = profile.generations.current()
        if current is not None:
            profile.generations.write_manifest(current)
    found = pinned(profile.database)
    words = ", ".join(map(str, found)) or "none"
    return Answer({"profile": profile.name, "pinned": found}, [f"pinned generations: {words}"])


def _gc_answer(profile: Profile, found: Collection, status: str, verb: str) -> Answer:
    document: dict[str, Any] = {
        "profile": profile.name,
        "status": status,
        "kept": list(found.kept),
        "dropped": list(found.dropped),
        "pinned": pinned(profile.database),
        "removed": {kind: asdict(amount) for kind, amount in found.removed.items()},
    }
    rows = [
        (kind.replace("_", " "), amount.count, amount.bytes)
        for kind, amount in found.removed.items()
    ]
    kept = ", ".join(map(str, found.kept)) or "none"
    blocks: list[RenderableType] = [
        table(f"What {verb}", ("kind", "count", "bytes"), rows),
        f"kept generations of profile {profile.name}: {kept}; raw files and history stay",
    ]
    return Answer(document, blocks)


COMMANDS: Final[Mapping[str, Command]] = {
    "rollback": Command(rollback, _rollback_options),
    "gc": Command(collect_garbage, _gc_options),
}
