"""`serve`: the dashboard, until it is interrupted."""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from adapters.profile import DEMO, Profile
from adapters.settings import Settings
from adapters.terminal.answer import Answer
from adapters.terminal.commands.command import Command, RefusedError, given, positive

LOOPBACK: Final = "127.0.0.1"
NEAR: Final = frozenset({LOOPBACK, "localhost", "::1"})
PORT: Final = 5006
LAST_PORT: Final = 65_535


def _serve_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--port", type=_port, default=PORT, metavar="N", help=f"where to listen ({PORT})"
    )
    parser.add_argument(
        "--address", type=given, default=LOOPBACK, metavar="ADDRESS",
        help=f"the address to listen on (default: {LOOPBACK}, which only this machine reaches)",
    )  # fmt: skip
    parser.add_argument(
        "--private", action="store_true",
        help="show your own data, on this machine alone, to who has the address that is printed",
    )  # fmt: skip
    parser.add_argument(
        "--origin", type=given, action="append", default=[], metavar="HOST",
        help="a host under which a proxy shows the page, such as name.fly.dev; may be repeated",
    )  # fmt: skip


def _port(text: str) -> int:
    if positive(text) > LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; the last one is {LAST_PORT}")
    return int(text)


def serve(options: argparse.Namespace, settings: Settings, profile: Profile) -> Answer:
    """Show the demo person's page to whoever asks, and to its owner the private one."""
    if options.private and options.address not in NEAR:
        raise RefusedError("--private shows your data without a passphrase: it stays on 127.0.0.1")
    from adapters.dashboard import serving  # noqa: PLC0415 - Panel is slow to import
    from adapters.dashboard.private.tokens import OneTimeAddress  # noqa: PLC0415 - so is this

    def tell(text: str) -> None:
        if not options.quiet:
            print(text, file=sys.stderr)  # noqa: T201 - progress, as everywhere

    serving.see_that_it_can_listen(options.address, options.port)
    tell("getting ready")
    where = f"http://{options.address}:{options.port}/"
    address = OneTimeAddress(where, _show) if options.private else None
    here = replace(settings, home=profile.home)
    visits = serving.visits_of(here, options.profile, address)

    def tell_where() -> None:
        if address is None:
            tell(f"serving {DEMO} at {where}")
        else:
            _show(str(address))
        tell("Ctrl-C ends it")

    serving.serve(
        visits.page,
        options.address,
        options.port,
        origins=options.origin,
        on_listening=tell_where,
    )
    return Answer({"address": where, "private": options.private}, [])


def _show(address: str) -> None:
    print(address, file=sys.stderr)  # noqa: T201 - the only way in, also when quiet


COMMANDS: Final[Mapping[str, Command]] = {"serve": Command(serve, _serve_options)}
