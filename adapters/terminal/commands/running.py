"""`run`: ingest, normalise, validate, merge, publish; or `--clean`."""

import argparse
import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, nullcontext
from typing import Final

from adapters import STAGES, AdapterError
from adapters.logs import log, open_log
from adapters.profile import Profile
from adapters.running.file_reports import is_unusable, leaves
from adapters.running.report import RunReport
from adapters.settings import Settings
from adapters.terminal.answer import Answer
from adapters.terminal.commands.command import Command, RefusedError, positive, writing
from adapters.terminal.progress import Progress
from registry import RegistryError
from registry.generations import NodeAction

UNUSABLE_FILE: Final = 6


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
        "--full-check", action="store_true", help="hash every file, trust no time of change"
    )
    parser.add_argument(
        "--executor",
        choices=("local", "threads"),
        default="local",
        help="how files are parsed (default: local)",
    )
    parser.add_argument(
        "--workers",
        type=positive,
        default=2,
        metavar="N",
        help="threads of the executor (default: 2)",
    )


def _plan_options(parser: argparse.ArgumentParser) -> None:
    _run_options(parser)
    parser.set_defaults(dry_run=True)


def run(options: argparse.Namespace, settings: Settings, profile: Profile) -> Answer:
    """Ingest, normalise, validate, merge, publish; or `--clean`."""
    if options.clean:
        return _clean(options, profile)
    from adapters.driver import Run  # noqa: PLC0415 - see above
    from adapters.running.asking import RunOptions  # noqa: PLC0415 - Hamilton is slow to import
    from adapters.terminal.conclusion import conclude  # noqa: PLC0415 - goes with it

    gc.freeze()
    gc.enable()
    wanted = RunOptions(
        skip_ingestion=options.skip_ingestion,
        start_stage=options.start_stage,
        only=tuple(options.only),
        force=tuple(options.force),
        force_all=options.force_all,
        dry_run=options.dry_run,
        full_check=options.full_check,
        executor=options.executor,
        workers=options.workers,
    )
    with (
        Progress(quiet=options.quiet) as progress,
        _reading_orwriting(profile, options),
        closing(profile),
    ):
        started = Run(
            settings, profile, wanted, on_action=_noting(progress), on_phase=progress.phase
        )
        with _logging(profile, started.run_id, options):
            try:
                report = started.execute()
            except (AdapterError, RegistryError) as error:
                _log_run(started.failed(error))
                return _failed_run(started.failed(error), error)
            _log_run(report)
        conclude(options, settings, profile, started, report, _told)
    return _told(report, profile)


def _told(report: RunReport, profile: Profile) -> Answer:
    from adapters.terminal.run_view import run_blocks  # noqa: PLC0415 - slow to import

    if report.status == "planned":  # its files are judged when they are read
        return Answer(report.as_json(), list(run_blocks(report, profile)), report.messages)
    warnings = [*report.messages, *_file_warnings(report)]
    code = UNUSABLE_FILE if any(map(is_unusable, leaves(report.files))) else 0
    return Answer(report.as_json(), list(run_blocks(report, profile)), warnings, code)


def _noting(progress: Progress) -> Callable[[NodeAction], None]:
    def note(action: NodeAction) -> None:
        progress.action(action)
        if action.action != "reused":
            counts = {"rows": action.rows} if action.rows is not None else None
            log(
                f"node_{action.action}",
                level="error" if action.action == "failed" else "info",
                node=action.node,
                file=action.item[:12] or None,
                counts=counts,
                seconds=action.seconds,
            )

    return note


def _logging(
    profile: Profile, run_id: str, options: argparse.Namespace
) -> AbstractContextManager[None]:
    if options.dry_run:
        return nullcontext()
    return open_log(profile.logs, run=run_id, verbose=options.verbose)


def _log_run(report: RunReport) -> None:
    for file in leaves(report.files) if report.ran else ():
        if file.status != "reused":
            counts = {**file.records, "rejected": file.rejected}
            log(f"file_{file.status}", file=file.name, counts=counts)
    log(
        "run_" + report.status.replace("-", "_"),
        generation=report.generation,
        path="slow",
        counts={"nodes_run": report.ran},
        seconds=round(report.seconds, 3),
    )


def _refuse_mixed(options: argparse.Namespace) -> None:
    """Refuse to delete where a run was asked for as well."""
    asked = {
        "--skip-ingestion": options.skip_ingestion,
        "--start-stage": options.start_stage != STAGES[0],
        "--only": options.only,
        "--force": options.force,
        "--force-all": options.force_all,
        "--full-check": options.full_check,
    }
    mixed = next((name for name, value in asked.items() if value), None)
    if mixed:
        raise RefusedError(f"--clean runs nothing, so {mixed} cannot go with it; clean, then run")


def _clean(options: argparse.Namespace, profile: Profile) -> Answer:
    _refuse_mixed(options)
    files = profile.derived_files()
    size = sum(file.stat().st_size for file in files)
    if not options.dry_run and profile.exists:
        with writing(profile):
            profile.clean()
    verb = "would delete" if options.dry_run else "deleted"
    document = {
        "profile": profile.name,
        "status": "planned" if options.dry_run else "cleaned",
        "files": len(files),
        "bytes": size,
    }
    words = f"{verb} {len(files):,} files ({size / 1e6:.1f} MB) of profile {profile.name}; "
    return Answer(document, [words + "raw files, inbox, logs, corrections and history stay"])


def _file_warnings(report: RunReport) -> Iterator[str]:
    """Files that could not be used, and, when something was done, those that nobody recognised."""
    for file in leaves(report.files):
        is_news = file.status == "unrecognised" and report.ran > 0
        if is_unusable(file) or is_news:
            yield f"{file.name}: {file.reason}"


def _failed_run(report: RunReport, error: Exception) -> Answer:
    code: int = getattr(error, "exit_code", 1)
    return Answer(report.as_json(), exit_code=code, error=str(error))


def _reading_orwriting(
    profile: Profile, options: argparse.Namespace
) -> AbstractContextManager[None]:
    return nullcontext() if options.dry_run else writing(profile)


COMMANDS: Final[Mapping[str, Command]] = {
    "run": Command(run, _run_options),
    "plan": Command(run, _plan_options),
}
