"""`export`: what is published, as files for spreadsheets, programs, clinics and doctors."""

import argparse
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

from rich.text import Text

from adapters.profile import Profile
from adapters.publishing.forms import FORMS, Made, Wanted
from adapters.publishing.handing_out import hand_out
from adapters.settings import Settings
from adapters.terminal.answer import Answer
from adapters.terminal.commands.command import Command, RefusedError, given
from dataflows.guidelines import DEFAULT_GUIDELINE, GUIDELINES

_STDOUT: Final = "-"
_FOLDER: Final = Path("exports")
_SPELLINGS: Final = {"outputs": "--output", "name": "--name", "guideline": "--guideline"}


def _export_options(parser: argparse.ArgumentParser) -> None:
    forms = "; ".join(f"{name}: {form.summary}" for name, form in FORMS.items())
    parser.add_argument("form", choices=[*FORMS], help=forms)
    parser.add_argument(
        "--output", dest="outputs", nargs="+", metavar="NAME", default=[],
        help="csv, parquet: the outputs to export (default: daily_metrics)",
    )  # fmt: skip
    parser.add_argument(
        "--name", help="fhir, report: what the person is called (default: $PDP_NAME, else no name)"
    )
    parser.add_argument(
        "--guideline", choices=[*GUIDELINES], metavar="NAME",
        help=f"report: {', '.join(GUIDELINES)} (default: $PDP_GUIDELINE, else {DEFAULT_GUIDELINE})",
    )  # fmt: skip
    parser.add_argument(
        "--from",
        dest="first",
        type=_date,
        metavar="DATE",
        help="nothing earlier (report: ninety days before the last)",
    )
    parser.add_argument("--to", dest="last", type=_date, metavar="DATE", help="nothing later")
    parser.add_argument(
        "--out", type=given, metavar="PATH",
        help="a file, a folder, or - for stdout (default: a file in "
        f"{_FOLDER}/, named after what it holds)",
    )  # fmt: skip
    parser.add_argument("--overwrite", action="store_true", help="replace what is there already")
    parser.set_defaults(dry_run=True)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date; write it as 2026-01-31") from None


def export(options: argparse.Namespace, settings: Settings, profile: Profile) -> Answer:
    """Write what is published into files for others."""
    form = FORMS[options.form]
    for option, spelling in _SPELLINGS.items():
        if getattr(options, option) and option not in form.heeds:
            raise RefusedError(f"export {options.form} has no {spelling}")
    if options.out == _STDOUT and (options.json or len(options.outputs) > 1):
        raise RefusedError("stdout holds one file and nothing else; give a folder: --out DIR")
    made = form.make(profile, _wanted(options, settings))
    return _to_stdout(made) if options.out == _STDOUT else _to_files(made, options)


def _wanted(options: argparse.Namespace, settings: Settings) -> Wanted:
    name = settings.name if options.name is None else options.name
    return Wanted(
        tuple(options.outputs),
        options.first,
        options.last,
        name.strip(),
        options.guideline or settings.guideline,
    )


def _to_stdout(made: Made) -> Answer:
    (content,) = made.files.values()
    return Answer({}, warnings=[*made.warnings], notices=[str(made.source)], content=content)


def _to_files(made: Made, options: argparse.Namespace) -> Answer:
    paths = {name: _place(options.out, name, len(made.files)) for name in made.files}
    stored = hand_out(
        {paths[name]: content for name, content in made.files.items()},
        overwrite=options.overwrite,
    )
    files = [
        {"path": str(path), "bytes": written.size, "sha256": written.sha256}
        for path, written in stored.items()
    ]
    document: dict[str, Any] = {
        "profile": made.source.profile,
        "generation": made.source.generation,
        "published_utc": made.source.published_utc,
        "form": options.form,
        "files": files,
    }
    lines = [f"{file['path']}  ({file['bytes']:,} bytes)" for file in files]
    return Answer(document, [*map(Text, lines), Text(str(made.source))], made.warnings)


def _place(out: str | None, name: str, count: int) -> Path:
    if out is None:
        return _FOLDER / name
    path = Path(out)
    return path / name if count > 1 or out.endswith("/") or path.is_dir() else path


COMMANDS: Final[Mapping[str, Command]] = {"export": Command(export, _export_options)}
