"""How things stand: `status` of the profile, `doctor` of the machine."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from adapters.profile import Profile
from adapters.running.file_reports import flow_files
from adapters.settings import Settings
from adapters.terminal.answer import Answer
from adapters.terminal.commands.command import Command
from adapters.terminal.console import table
from adapters.terminal.doctor import examine
from registry.restoring import hold_of


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
    hold = hold_of(profile.generations)
    document = {
        "profile": profile.name,
        "generation": current,
        "published_utc": generation["published_utc"],
        "restores": generation["restores"],
        "held_against": hold.held_against if hold else None,
        "raw_files": len(flow_files(profile.raw_files.entries())),
        "last_run": {**dict(last), "options": json.loads(last["options"])} if last else None,
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
    held = [f"rollback: {hold}"] if hold else []
    return Answer(
        document, [headline, *held, table("Outputs", ("table", "rows", "version", "hash"), rows)]
    )


def doctor(options: argparse.Namespace, settings: Settings, profile: Profile) -> Answer:
    """Check that this machine can run the pipeline."""
    del options
    findings = examine(settings, profile)
    rows = [(f.check, "fine" if f.is_fine else "MEND", f.found) for f in findings]
    is_fine = all(finding.is_fine for finding in findings)
    document = {"fine": is_fine, "checks": [asdict(finding) for finding in findings]}
    return Answer(document, [table("Checks", ("check", "verdict", "found"), rows)], (), 1 - is_fine)


COMMANDS: Final[Mapping[str, Command]] = {"status": Command(status), "doctor": Command(doctor)}
