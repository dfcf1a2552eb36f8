"""The commands: each takes the parsed command line and gives an answer."""

import argparse
import gc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from adapters import AdapterError
from adapters.corrections import add_correction
from adapters.file_reports import by_name, flow_files, is_unusable, leaves
from adapters.lock import profile_lock
from adapters.logs import log, open_log
from adapters.profile import DEMO, OWNER, Profile, default_profile
from adapters.report import RunReport
from adapters.settings import Settings
from adapters.sources import SourceReport
from adapters.sources.inbox import import_paths
from adapters.terminal.answer import Answer
from adapters.terminal.console import table
from adapters.terminal.doctor import examine
from adapters.terminal.progress import Progress
from registry import RegistryError
from registry.generations import NodeAction

UNUSABLE_FILE: Final = 6
NOTHING_STORED: Final = 3


class RefusedError(AdapterError):
    """The command makes no sense for this profile."""

    exit_code = 2


def profile_for(command: str, home: Path) -> str:
    """The profile when none is named: exports go to their owner, the rest where data is."""
    return OWNER if command == "import" else default_profile(Path(home))


@contextmanager
def _writing(profile: Profile) -> Iterator[None]:
    """Hold the profile as its only writer."""
    profile.make_folders()
    with profile_lock(profile.folder):
        yield


def _failed_run(report: RunReport, error: Exception) -> Answer:
    code: int = getattr(error, "exit_code", 1)
    return Answer(report.as_json(), exit_code=code, error=str(error))


def _reading_or_writing(
    profile: Profile, options: argparse.Namespace
) -> AbstractContextManager[None]:
    return nullcontext() if options.dry_run else _writing(profile)


def run(options: argparse.Namespace, settings: Settings, profile: Profile) -> Answer:
    """Ingest, normalise, validate, merge, publish; or `--clean`."""
    if options.clean:
        return _clean(options, profile)
    from adapters.driver import Run, RunOptions  # noqa: PLC0415 - Hamilton is slow to import
    from adapters.terminal.run_view import run_blocks  # noqa: PLC0415 - goes with it

    gc.freeze()
    gc.enable()
    wanted = RunOptions(
        skip_ingestion=options.skip_ingestion,
        start_stage=options.start_stage,
        only=tuple(options.only),
        force=tuple(options.force),
        force_all=options.force_all,
        dry_run=options.dry_run,
        executor=options.executor,
        workers=options.workers,
    )
    with Progress(quiet=options.quiet) as progress, _reading_or_writing(profile, options):
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
    for file in leaves(report.files):
        if file.status != "reused":
            counts = {**file.records, "rejected": file.rejected}
            log(f"file_{file.status}", file=file.name, counts=counts)
    word = "run_" + report.status.replace("-", "_")
    log(word, counts={"nodes_run": report.ran}, seconds=round(report.seconds, 3))


def _clean(options: argparse.Namespace, profile: Profile) -> Answer:
    files = profile.derived_files()
    size = sum(file.stat().st_size for file in files)
    if not options.dry_run and profile.exists:
        with _writing(profile):
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


def import_exports(options: argparse.Namespace, settings: Settings, profile: Profile) -> Answer:
    """Store the bytes of exports for good."""
    if profile.name == DEMO:
        raise RefusedError(
            "the demo person is synthetic; import into your own profile: --profile me"
        )
    with _writing(profile):
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
    with _writing(profile):
        is_new = add_correction(
            profile.corrections, profile.raw_files, options.file, options.row, options.reason
        )
    document = {"profile": profile.name, "file": options.file, "row": options.row, "new": is_new}
    words = "will be left out from the next run on" if is_new else "was left out before"
    return Answer(document, [f"row {options.row} of {options.file} {words}"])


def sources(options: argparse.Namespace, settings: Settings, profile: Profile) -> Answer:
    """List every raw file that was ever stored."""
    del options, settings
    entries = by_name(profile.raw_files.entries()) if profile.exists else []
    rows = [
        (entry.name, entry.kind if not entry.retired else "retired", entry.size,
         entry.stored_utc, entry.sha256[:12])
        for entry in entries
    ]  # fmt: skip
    document = {
        "profile": profile.name,
        "inbox": str(profile.inbox),
        "files": [asdict(entry) for entry in entries],
    }
    block = table("Raw files", ("file", "kind", "bytes", "stored", "hash"), rows)
    return Answer(document, [block, f"inbox of profile {profile.name}: {profile.inbox}"])


def status(options: argparse.Namespace, settings: Settings, profile: Profile) -> Answer:
    """Say what is published, since when, and what happened last."""
    del options, settings
    current = profile.generations.current() if profile.exists else None
    if current is None:
        document: dict[str, Any] = {"profile": profile.name, "generation": None, "outputs": []}
        return Answer(
            document, [f"profile {profile.name}: nothing is published; run python cli.py"]
        )
    generation = profile.generations.describe(current)
    outputs = profile.generations.outputs(current).values()
    last = profile.runs.latest()
    document = {
        "profile": profile.name,
        "generation": current,
        "published_utc": generation["published_utc"],
        "raw_files": len(flow_files(profile.raw_files.entries())),
        "last_run": dict(last) if last else None,
        "outputs": [
            {
                "output": output.name,
                "version": output.version,
                "rows": output.artifact.rows,
                "sha256": output.artifact.sha256,
            }
            for output in outputs
        ],
    }
    rows = [
        (output.name, output.artifact.rows, f"v{output.version}", output.artifact.sha256[:12])
        for output in outputs
        if output.artifact.rows is not None
    ]
    headline = (
        f"profile {profile.name}: generation {current}, published {document['published_utc']}"
    )
    return Answer(
        document, [headline, table("Outputs", ("table", "rows", "version", "hash"), rows)]
    )


def doctor(options: argparse.Namespace, settings: Settings, profile: Profile) -> Answer:
    """Check that this machine can run the pipeline."""
    del options
    findings = examine(settings, profile)
    rows = [(f.check, "fine" if f.is_fine else "MEND", f.found) for f in findings]
    is_fine = all(finding.is_fine for finding in findings)
    document = {"fine": is_fine, "checks": [asdict(finding) for finding in findings]}
    return Answer(document, [table("Checks", ("check", "verdict", "found"), rows)], (), 1 - is_fine)
