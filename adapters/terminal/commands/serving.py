"""`serve`: the dashboard, until it is interrupted."""

import argparse
import sys
from collections.abc import Mapping
from functools import partial
from typing import Final

from adapters.profile import DEMO, Profile
from adapters.settings import Settings
from adapters.terminal.answer import Answer
from adapters.terminal.commands.command import Command, RefusedError, positive

LOOPBACK: Final = "127.0.0.1"
PORT: Final = 5006


def _serve_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--port", type=positive, default=PORT, metavar="N", help=f"where to listen ({PORT})"
    )
    parser.add_argument(
        "--address", default=LOOPBACK, metavar="ADDRESS",
        help=f"the address to listen on (default: {LOOPBACK}, which only this machine reaches)",
    )  # fmt: skip


def serve(options: argparse.Namespace, settings: Settings, profile: Profile) -> Answer:
    """Show the demo person's page to whoever asks, until interrupted."""
    if options.profile not in {None, DEMO}:
        raise RefusedError(f"serve shows {DEMO} to anyone who asks; {options.profile} is private")
    from adapters.dashboard import serving  # noqa: PLC0415 - Panel and hvplot are slow to import

    if not options.quiet:
        print("getting ready", file=sys.stderr)  # noqa: T201 - progress, as everywhere
    store = serving.make_ready(Profile(profile.home, DEMO, leaves_no_trace=True), settings)
    where = f"http://{options.address}:{options.port}/"
    if not options.quiet:
        print(f"serving {DEMO} at {where}  (Ctrl-C ends it)", file=sys.stderr)  # noqa: T201
    page = partial(serving.visitors_page, store, settings.guideline)
    serving.serve(page, options.address, options.port)
    return Answer({"profile": DEMO, "address": where}, [])


COMMANDS: Final[Mapping[str, Command]] = {"serve": Command(serve, _serve_options)}
