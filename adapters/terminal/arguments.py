"""The command line's grammar. No command means `run`; global options stand anywhere."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn

from adapters import STAGES, AdapterError

VALUE_OPTIONS: Final = ("--profile", "--home")
COMMANDS: Final = {
    "run": "ingest -> normalize -> validate -> merge -> publish (what happens without a command)",
    "import": "store exports for good: files, folders (recursively), zips; parses nothing",
    "exclude": "take one wrong row of an export out of the numbers",
    "sources": "list every raw file that was ever stored",
    "status": "say what is published and what happened last",
    "doctor": "check that this machine can run the pipeline",
}


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
    command, rest = _split(list(arguments))
    parser = _parser(command)
    found = parser.parse_args(rest)
    found.command = command
    return found


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


def _parser(command: str) -> argparse.ArgumentParser:
    listing = "\n".join(f"  {name:<10}{words}" for name, words in COMMANDS.items())
    parser = _Parser(
        prog="python cli.py" if command == "run" else f"python cli.py {command}",
        description=COMMANDS[command],
        epilog=f"commands:\n{listing}\n\n`python cli.py COMMAND --help` shows a command's options. "
        "Settings are read from .env\nand from the environment; .env.example lists them.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    {
        "run": _run_options,
        "import": _import_options,
        "exclude": _exclude_options,
    }.get(command, lambda _parser: None)(parser)
    _global_options(parser)
    return parser


def _global_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("options of every command")
    group.add_argument(
        "--profile",
        metavar="NAME",
        help="whose data (default: me once anything was imported, else demo)",
    )
    group.add_argument(
        "--home",
        type=Path,
        metavar="DIR",
        help="where profiles are kept (default: $PDP_HOME, else ./data)",
    )
    group.add_argument(
        "--json", action="store_true", help="print exactly one JSON object to stdout"
    )
    group.add_argument("--quiet", action="store_true", help="print no progress and no tables")
    group.add_argument("--verbose", action="store_true", help="show log lines on stderr")
    group.add_argument("--version", action="version", version=_version())


def _run_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--skip-ingestion", action="store_true", help="use the raw files already stored"
    )
    parser.add_argument(
        "--start-stage", choices=STAGES, default=STAGES[0], metavar="STAGE",
        help=f"earlier stages as published, recompute from here on: {', '.join(STAGES)}",
    )  # fmt: skip
    parser.add_argument(
        "--clean",
        action="store_true",
        help="delete what can be made again, never raw files or history",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would be done, write nothing"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        default=[],
        metavar="NODE",
        help="compute these nodes alone; publishes nothing",
    )
    parser.add_argument(
        "--force", nargs="+", default=[], metavar="NODE", help="recompute these nodes"
    )
    parser.add_argument("--force-all", action="store_true", help="recompute every node")
    parser.add_argument(
        "--executor",
        choices=("local", "threads"),
        default="local",
        help="how files are parsed (default: local)",
    )
    parser.add_argument(
        "--workers",
        type=_positive,
        default=2,
        metavar="N",
        help="threads of the executor (default: 2)",
    )


def _import_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="files, folders or zips"
    )


def _exclude_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", metavar="FILE", help="name of a raw file, or the first digits of its hash"
    )
    parser.add_argument(
        "row",
        type=_positive,
        metavar="ROW",
        help="row as a spreadsheet shows it (the header is row 1)",
    )
    parser.add_argument("--reason", required=True, metavar="TEXT", help="why, for the record")


def _positive(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 up")
    return number


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - slow to import

    try:
        return version("personal-data-pipeline")
    except PackageNotFoundError:
        return "not installed"
