"""The command line's grammar. No command means `run`; global options stand anywhere."""

import argparse
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final, NoReturn

from adapters import AdapterError
from adapters.terminal.commands import COMMANDS, command
from adapters.terminal.commands.command import given

VALUE_OPTIONS: Final = ("--profile", "--home")


class UsageError(AdapterError):
    """The command line cannot be understood."""

    exit_code = 2


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see `{self.prog} --help`")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command and its options.

    Raises:
        UsageError: They cannot be understood.
        SystemExit: `--help` or `--version` was asked for and has been printed.
    """
    name, rest = _split(list(arguments))
    parser = _parser(name)
    found, unknown = parser.parse_known_args(rest)
    if unknown:
        parser.error(_not_understood(unknown, is_command=name not in arguments))
    found.command, found.arguments = name, list(arguments)
    return found


def _not_understood(words: Sequence[str], *, is_command: bool) -> str:
    if words[0].startswith("-") or not is_command:
        return f"unrecognized arguments: {' '.join(words)}"
    near = get_close_matches(words[0], COMMANDS, 1)
    return f"no such command: {words[0]}" + (f"; did you mean {near[0]}?" if near else "")


def _split(arguments: list[str]) -> tuple[str, list[str]]:
    """The command, and everything else in its order."""
    skip = False
    for place, word in enumerate(arguments):
        if skip:
            skip = False
        elif word in VALUE_OPTIONS:
            skip = True
        elif not word.startswith("-"):
            if word in COMMANDS:
                return word, arguments[:place] + arguments[place + 1 :]
            break
    return "run", arguments


def _parser(name: str) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python cli.py" if name == "run" else f"python cli.py {name}",
        description=COMMANDS[name].summary,
        epilog=_listing() if name == "run" else "`python cli.py --help` lists all commands.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command(name).options(parser)
    _global_options(parser)
    return parser


def _listing() -> str:
    listing = "\n".join(f"  {name:<10}{listed.summary}" for name, listed in COMMANDS.items())
    return (
        f"commands:\n{listing}\n\n`python cli.py COMMAND --help` shows a command's options. "
        "Settings are read from .env\nand from the environment; .env.example lists them."
    )


def _global_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("options of every command")
    group.add_argument(
        "--profile",
        type=given,
        metavar="NAME",
        help="whose data (default: me once anything was imported, else demo)",
    )
    group.add_argument(
        "--home",
        type=lambda text: Path(given(text)),
        metavar="DIR",
        help="where profiles are kept (default: $PDP_HOME, else ./data)",
    )
    group.add_argument(
        "--json", action="store_true", help="print exactly one JSON object to stdout"
    )
    group.add_argument("--quiet", action="store_true", help="print no progress and no tables")
    group.add_argument("--verbose", action="store_true", help="show log lines on stderr")
    group.add_argument("--version", action="version", version=_version())


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - slow to import

    try:
        return version("personal-data-pipeline")
    except PackageNotFoundError:
        return "not installed"
