"""`state prune`: what the remote's state needs no more leaves the remote."""

import argparse
from collections.abc import Iterator
from dataclasses import asdict

from adapters.profile import Profile
from adapters.remote.access import Access
from adapters.remote.bringing import Amount
from adapters.remote.contents import contents_of
from adapters.remote.memory import FOLDER
from adapters.remote.pruning import Pruned, Pruner, prune
from adapters.running.lock import profile_lock
from adapters.settings import Settings
from adapters.terminal.answer import Answer
from adapters.terminal.commands.command import refuse_unused, writing
from adapters.terminal.progress import Progress


def prune_state(options: argparse.Namespace, settings: Settings, profile: Profile) -> Answer:
    """Remove it, or say what would be removed."""
    refuse_unused(profile)
    access = Access(settings, profile)
    with Progress(quiet=options.quiet) as progress, profile_lock(profile.folder / FOLDER):
        pruner = Pruner(
            backend=access.backend,
            seal=access.seal,
            identities=lambda: access.identities,
            folder=profile.folder / FOLDER,
            memory=access.memory,
            on_object=lambda n, all_: progress.phase(f"pruning: {n:,} of {all_:,} objects"),
        )
        progress.phase("looking at what is here")
        with writing(profile):
            contents = contents_of(profile)
        progress.phase("looking at what is there")
        done = prune(
            pruner, contents, dry_run=options.dry_run, drop_kept_heads=options.drop_kept_heads
        )
    return _answer(profile, done, is_planned=options.dry_run)


def _answer(profile: Profile, done: Pruned, *, is_planned: bool) -> Answer:
    is_news = done.removed.objects > 0
    document = {
        "profile": profile.name,
        "status": "planned" if is_planned else "pruned" if is_news else "up-to-date",
        "state": done.counter,
        "removed": asdict(done.removed),
        "kept": asdict(done.kept),
        "kept_heads": done.kept_heads,
        "in_bin": done.in_bin,
    }
    verb = "would be removed" if is_planned else "removed"
    what = f"{_amount(done.removed)} {verb}" if is_news else "nothing to prune"
    line = f"profile {profile.name}: state {done.counter}: {what}, {_amount(done.kept)} stay"
    return Answer(document, [line, *_remarks(done)])


def _remarks(done: Pruned) -> Iterator[str]:
    if done.in_bin:
        yield f"{done.in_bin:,} of them lie in the remote's bin until it empties itself"
    if done.kept_heads:
        states = "a state" if done.kept_heads == 1 else f"{done.kept_heads:,} states"
        yield (
            f"of these, {_amount(done.held)} are there for {states} that lost a race: on the "
            "machine that lost it, `state pull --merge`, then push; or `state prune "
            "--drop-kept-heads` gives up what lost"
        )


def _amount(amount: Amount) -> str:
    return f"{amount.objects:,} objects ({amount.bytes / 1e6:,.1f} MB)"
