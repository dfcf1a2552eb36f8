"""Exports: `import` stores them, `exclude` takes a row out, `sources` lists them."""

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from adapters.corrections import add_correction
from adapters.profile import DEMO, Profile
from adapters.running.file_reports import by_name
from adapters.settings import Settings
from adapters.sources import SourceReport
from adapters.sources.inbox import import_paths
from adapters.terminal.answer import Answer
from adapters.terminal.commands.command import Command, RefusedError, given, positive, writing
from adapters.terminal.console import table

UNUSABLE_FILE: Final = 6
NOTHING_STORED: Final = 3


def _import_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="+", type=_path, metavar="PATH", help="files, folders or zips"
    )


def _exclude_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", metavar="FILE", help="name of a raw file, or the first digits of its hash"
    )
    parser.add_argument(
        "row",
        type=positive,
        metavar="ROW",
        help="row as a spreadsheet shows it (the header is row 1)",
    )
    parser.add_argument("--reason", required=True, metavar="TEXT", help="why, for the record")


def _path(text: str) -> Path:
    return Path(given(text))


def import_exports(options: argparse.Namespace, settings: Settings, profile: Profile) -> Answer:
    """Store the bytes of exports for good."""
    if profile.name == DEMO:
        raise RefusedError(
            "the demo person is synthetic; import into your own profile: --profile me"
        )
    with writing(profile):
        report = import_paths(
            options.paths,
            profile.raw_files,
            stored_utc=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            zip_password_file=settings.zip_password_file,
        )
    return _import_answer(report, profile)


def _import_answer(report: SourceReport, profile: Profile) -> Answer:
    usable = [file for file in report.files if file.status in {"stored", "known"}]
    troubled = [file for file in report.files if file.status in {"failed", "locked"}]
    code = 0 if usable and not troubled else UNUSABLE_FILE if usable else NOTHING_STORED
    rows = [(file.name, file.status, (file.sha256 or "")[:12]) for file in report.files]
    document = {"profile": profile.name, "files": [asdict(file) for file in report.files]}
    words = f"next: python cli.py --profile {profile.name}"
    return Answer(
        document,
        [table("Stored", ("file", "status", "hash"), rows), words],
        [f"{file.name}: {file.reason}" for file in troubled],
        code,
    )


def exclude(options: argparse.Namespace, settings: Settings, profile: Profile) -> Answer:
    """Take one row of an export out of the numbers, from the next run on."""
    del settings
    from adapters.running.known_rows import is_told  # noqa: PLC0415 - pyarrow is slow to import

    with writing(profile):
        is_new = add_correction(
            profile.corrections, profile.raw_files, options.file, options.row, options.reason
        )
        is_known = is_told(profile, profile.raw_files.find(options.file).sha256, options.row)
    document = {"profile": profile.name, "file": options.file, "row": options.row, "new": is_new}
    words = "will be left out from the next run on" if is_new else "was left out before"
    doubt = (
        f"nothing was read from row {options.row} of {options.file}; `lineage daily_metrics --row "
        f"N` tells the rows of a day. If it is a slip, take it out of {profile.corrections}"
    )
    blocks = [f"row {options.row} of {options.file} {words}"]
    return Answer(document, blocks, [] if is_known else [doubt])


def sources(options: argparse.Namespace, settings: Settings, profile: Profile) -> Answer:
    """List every raw file that was ever stored, and what is asked for more."""
    del options
    entries = by_name(profile.raw_files.entries()) if profile.exists else []
    rows = [
        (entry.name, entry.kind if not entry.retired else "retired", entry.size,
         entry.stored_utc, entry.sha256[:12])
        for entry in entries
    ]  # fmt: skip
    document: dict[str, Any] = {
        "profile": profile.name,
        "inbox": str(profile.inbox),
        "remote": _asked_at_each_run(settings, profile),
        "files": [asdict(entry) for entry in entries],
    }
    block = table("Raw files", ("file", "kind", "bytes", "stored", "hash"), rows)
    places = [f"inbox of profile {profile.name}: {profile.inbox}"]
    places += [f"asked at each run: {name} {id_}" for name, id_ in document["remote"].items()]
    return Answer(document, [block, *places])


def _asked_at_each_run(settings: Settings, profile: Profile) -> dict[str, str]:
    """The remote sources of a profile, by name."""
    found = {"Google Sheet": settings.google_sheet, "Drive folder": settings.drive_folder}
    return {name: id_ for name, id_ in found.items() if id_ and profile.name != DEMO}


COMMANDS: Final[Mapping[str, Command]] = {
    "import": Command(import_exports, _import_options),
    "exclude": Command(exclude, _exclude_options),
    "sources": Command(sources),
}
