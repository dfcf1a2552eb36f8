"""`state`: push the encrypted state to the remote, pull it, say how both stand, prune it."""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from adapters.profile import Profile
from adapters.remote.access import Access
from adapters.remote.backend import HEADS, NAME
from adapters.remote.contents import NOTHING, Contents, contents_of
from adapters.remote.memory import FOLDER, Known, last_agreed
from adapters.remote.pull import OfVault, Pulled, Receiver, pull
from adapters.remote.push import Pushed, Sender, push
from adapters.remote.remote_state import Found, sealed_head
from adapters.remote.repairing import repair
from adapters.running.lock import profile_lock
from adapters.settings import Settings
from adapters.terminal.answer import Answer
from adapters.terminal.commands.command import (
    Command,
    RefusedError,
    refuse_unused,
    settle,
    writing,
)
from adapters.terminal.commands.pruning import prune_state
from adapters.terminal.progress import Progress


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=sorted(_ACTIONS), help="what to do with the state")
    parser.add_argument(
        "--merge", action="store_true",
        help="pull: bring both together where this machine and the remote went different ways",
    )  # fmt: skip
    parser.add_argument(
        "--accept-older", action="store_true",
        help="pull: bring both together although the remote is older than what was seen",
    )  # fmt: skip
    parser.add_argument(
        "--anew", action="store_true", help="push: begin again in a remote that lost its state"
    )
    parser.add_argument(
        "--repair", action="store_true",
        help="push: open every object of the remote, and put those again that are damaged or gone",
    )  # fmt: skip
    parser.add_argument("--dry-run", action="store_true", help="prune: say what would be removed")
    parser.add_argument(
        "--drop-kept-heads", action="store_true",
        help="prune: also give up states that lost a race and were never merged",
    )  # fmt: skip


def state(options: argparse.Namespace, settings: Settings, profile: Profile) -> Answer:
    """Do it.

    Raises:
        RefusedError: The options do not belong to the action.
    """
    for action, name in _BELONGING:
        if getattr(options, name) and options.action != action:
            raise RefusedError(f"--{name.replace('_', '-')} belongs to `state {action}`")
    return _ACTIONS[options.action](options, settings, profile)


def _push(options: argparse.Namespace, settings: Settings, profile: Profile) -> Answer:
    refuse_unused(profile)
    access = Access(settings, profile)
    with Progress(quiet=options.quiet) as progress, profile_lock(profile.folder / FOLDER):
        sender = Sender(
            backend=access.backend,
            seal=access.seal,
            recipients=access.recipients,
            wrapped=access.vault.wrapped(),
            profile_folder=profile.folder,
            memory=access.memory,
            on_object=_telling(progress, "pushing"),
        )
        progress.phase("looking at what is here")
        with writing(profile):
            contents = contents_of(profile)
        progress.phase("pushing")
        if options.repair:
            sent = repair(sender, contents, access.identities)
        else:
            sent = push(sender, contents, anew=options.anew)
    return _pushed_answer(profile, sent, contents)


def _pushed_answer(profile: Profile, sent: Pushed, contents: Contents) -> Answer:
    document = {
        "profile": profile.name,
        "status": "pushed" if sent.is_news else "up-to-date",
        "state": sent.counter,
        "generation": contents.generation,
        "objects": sent.objects,
        "bytes": sent.bytes,
    }
    what = "is there already, nothing travelled"
    if sent.is_news:
        what = f"pushed: {sent.objects:,} objects, {sent.bytes / 1e6:,.1f} MB, encrypted"
    generation = _generation(contents.generation)
    return Answer(document, [f"profile {profile.name}: state {sent.counter} ({generation}) {what}"])


def _pull(options: argparse.Namespace, settings: Settings, profile: Profile) -> Answer:
    access = Access(settings, profile)
    with (
        Progress(quiet=options.quiet) as progress,
        profile_lock(profile.folder / FOLDER),
        profile_lock(profile.folder),
    ):
        receiver = Receiver(
            backend=access.backend,
            seal=access.seal,
            identities=lambda: access.identities,
            profile=profile,
            memory=access.memory,
            on_object=_telling(progress, "pulling"),
            vault=lambda there: _fetched_vault(access, profile, progress, there),
            has_vault=lambda: access.vault.exists,
        )
        progress.phase("looking at what is here")
        contents = _contents(profile)
        progress.phase("pulling")
        found = pull(receiver, contents, merge=options.merge, accept_older=options.accept_older)
    return _pulled_answer(profile, found, access.notices)


def _fetched_vault(
    access: Access, profile: Profile, progress: Progress, there: OfVault
) -> Callable[[], None]:
    keep = access.fetch_vault(there)

    def finish() -> None:
        keep()
        progress.phase("writing the outputs")
        _write_views(profile)

    return finish


def _contents(profile: Profile) -> Contents:
    """What is here. Where nothing is, nothing is made."""
    if not profile.exists:
        return NOTHING
    settle(profile)
    return contents_of(profile)


def _telling(progress: Progress, words: str) -> Callable[[int, int], None]:
    return lambda done, all_: progress.phase(f"{words}: {done:,} of {all_:,} objects")


def _write_views(profile: Profile) -> None:
    current = profile.generations.current()
    if current is not None:
        from adapters.running.views import publish_views  # noqa: PLC0415 - a push needs no tables

        publish_views(
            profile.outputs,
            profile.generations.outputs(current),
            profile.store,
        )


def _pulled_answer(profile: Profile, found: Pulled, notices: Sequence[str]) -> Answer:
    status = "merged" if found.keeps else "pulled"
    document = {
        "profile": profile.name,
        "status": status if found.is_news else "up-to-date",
        "state": found.counter,
        "generation": found.generation,
        "objects": found.objects,
        "bytes": found.bytes,
        "gave_way": list(found.gave_way),
    }
    what = "is here already, nothing travelled"
    if found.is_news:
        what = f"{status}: {found.objects:,} objects, {found.bytes / 1e6:,.1f} MB, all verified"
    generation = _generation(found.generation)
    lines = [f"profile {profile.name}: state {found.counter} ({generation}) {what}"]
    if found.keeps:
        lines.append("Next: `python cli.py` to compute over both, then `python cli.py state push`.")
    if found.keeps and found.gave_way:
        numbers = ", ".join(map(str, found.gave_way))
        lines.append(f"Generations {numbers} of this machine gave way; their results are reused.")
    return Answer(document, lines, notices)


def _generation(number: int | None) -> str:
    return "nothing published" if number is None else f"generation {number}"


def _status(options: argparse.Namespace, settings: Settings, profile: Profile) -> Answer:
    del options
    access = Access(settings, profile)
    found = sealed_head(access.backend, access.seal) if access.vault.exists else None
    known = last_agreed(access.memory, found)
    document: dict[str, Any] = {
        "profile": profile.name,
        "remote": access.address,
        "vault": access.vault.exists,
        "here": known.manifest.counter if known else None,
        "there": None,
        "news_here": None,
        "news_there": None,
        "kept_heads": 0,
    }
    if access.vault.exists:
        document |= _compared(access, profile, known, found)
    return Answer(document, list(_status_lines(document)))


def _compared(
    access: Access, profile: Profile, known: Known | None, found: Found | None
) -> dict[str, Any]:
    with profile_lock(profile.folder):
        contents = _contents(profile)
    there = found.facts.manifest if found else None
    is_known = known is not None and contents.fingerprint == known.fingerprint
    return {
        "there": there.counter if there else None,
        "news_here": not contents.is_empty and not is_known,
        "news_there": there is not None and (known is None or there != known.manifest),
        "kept_heads": sum(1 for kept in access.backend.list(HEADS) if NAME.fullmatch(kept.name)),
    }


def _status_lines(document: Mapping[str, Any]) -> Iterator[str]:
    yield f"remote of profile {document['profile']}: {document['remote']}"
    if not document["vault"]:
        yield (
            "there is no vault here yet: `python cli.py vault init` makes one, "
            "`python cli.py state pull` brings the one of the remote"
        )
        return
    here, there = document["here"], document["there"]
    yield f"last agreed on here: {_state(here)}; the remote is at: {_state(there)}"
    yield _ADVICE[bool(document["news_here"]), bool(document["news_there"])]
    if document["kept_heads"]:
        yield f"{document['kept_heads']} heads that lost a race are kept beside it"


def _state(counter: int | None) -> str:
    return "nothing" if counter is None else f"state {counter}"


_ADVICE: Final[Mapping[tuple[bool, bool], str]] = {
    (False, False): "both are the same",
    (True, False): "this machine has news: `python cli.py state push`",
    (False, True): "the remote has news: `python cli.py state pull`",
    (True, True): "both have news: `python cli.py state pull --merge`, then push",
}
_ACTIONS: Final[Mapping[str, Callable[[argparse.Namespace, Settings, Profile], Answer]]] = {
    "status": _status,
    "push": _push,
    "pull": _pull,
    "prune": prune_state,
}

_BELONGING: Final = (
    ("pull", "merge"),
    ("pull", "accept_older"),
    ("push", "anew"),
    ("push", "repair"),
    ("prune", "dry_run"),
    ("prune", "drop_kept_heads"),
)

COMMANDS: Final[Mapping[str, Command]] = {"state": Command(state, _options)}
