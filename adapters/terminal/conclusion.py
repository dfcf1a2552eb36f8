"""After a run that ended well: a snapshot for the next one.

What a published run changed itself proves nothing yet. So a second look follows it in the same
process, of the same kind as any run, and only if that one finds nothing to do, its answer is kept.
"""

import argparse
import json
import os
import time
from contextlib import closing
from dataclasses import replace
from typing import Any, Final

from adapters.driver import Run
from adapters.profile import DEMO, Profile
from adapters.running.asking import RunOptions
from adapters.running.lock import LOCK_NAME
from adapters.running.report import RunReport
from adapters.running.snapshot import Told, keep_snapshot
from adapters.settings import Settings
from adapters.terminal.answer import Answer
from adapters.terminal.console import json_text, warning_text
from registry.fast_path import RUN_ID, SECONDS, Asked, asked_by
from registry.stamps import PATIENCE_NS, PAUSE_NS

_ENDED_WELL: Final = frozenset({"published", "up-to-date"})


def conclude(
    options: argparse.Namespace,
    settings: Settings,
    profile: Profile,
    run: Run,
    report: RunReport,
    render: Any,
) -> None:
    """Leave a snapshot if the run is of the kind that may be answered from one.

    The caller holds the lock. The profile's registry is closed afterwards.

    Args:
        options: The command line.
        settings: What the run was told.
        profile: Whose run it was.
        run: The run.
        report: What it did.
        render: (report, profile) -> the answer.
    """
    asked = asked_by(options.arguments)
    if asked is None or report.status not in _ENDED_WELL or _asks_remote(settings, profile, asked):
        return
    try:
        profile.close()
        answer = render(_timeless(report), profile)
        if not _is_kept(settings, profile, asked, run, answer, report):
            _look_again(settings, profile, asked, render)
    except (Exception, KeyboardInterrupt):  # noqa: BLE001 - the run is done; it needs no snapshot
        return


def _asks_remote(settings: Settings, profile: Profile, asked: Asked) -> bool:
    """Whether such a run has to ask over the network: no file can tell that nothing changed."""
    return bool(settings.remote_sources) and profile.name != DEMO and not asked.skip_ingestion


def _look_again(settings: Settings, profile: Profile, asked: Asked, render: Any) -> None:
    """Run once more, and keep the answer if there is nothing to do."""
    _wait_for_the_clock(profile)
    again = Profile(profile.home, profile.name)
    run = Run(settings, again, RunOptions(skip_ingestion=asked.skip_ingestion))
    with closing(again):
        report = run.execute()
    _is_kept(settings, again, asked, run, render(_timeless(report), again), report)


def _is_kept(
    settings: Settings,
    profile: Profile,
    asked: Asked,
    run: Run,
    answer: Answer,
    report: RunReport,
) -> bool:
    """Whether the run did nothing at all, and its answer is kept."""
    did_nothing = report.status == "up-to-date" and not report.ran and run.is_complete
    if not did_nothing or report.generation is None or profile.notices:
        return False
    told = Told(
        report.generation,
        answer.exit_code,
        "".join(map(warning_text, answer.warnings)),
        _text(answer),
        _document(answer),
    )
    return keep_snapshot(profile, settings, asked, told, reads_text=run.reads_text)


def _timeless(report: RunReport) -> RunReport:
    return replace(report, run_id=RUN_ID, seconds=0.0)


def _text(answer: Answer) -> str:
    """The one line that people read, with a place for the seconds at its end."""
    (line,) = answer.blocks
    return f"{str(line).removesuffix('0.0 s')}{SECONDS} s"


def _document(answer: Answer) -> str:
    """The object of `--json`, with places for the run's id and the seconds."""
    text = json_text({**answer.document, "run_id": RUN_ID, "seconds": SECONDS})
    return text.replace(json.dumps(RUN_ID), f'"{RUN_ID}"').replace(json.dumps(SECONDS), SECONDS)


def _wait_for_the_clock(profile: Profile) -> None:
    """Move the lock's stamp beyond that of everything that was written before."""
    lock, moment = profile.folder / LOCK_NAME, time.time_ns()
    for _ in range(PATIENCE_NS // PAUSE_NS):
        os.utime(lock)
        if lock.lstat().st_mtime_ns > moment:
            return
        time.sleep(PAUSE_NS / 1e9)
