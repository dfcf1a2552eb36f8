"""The commands: each takes the parsed command line and gives an answer.

A module holds one family of commands; it is imported when one of them is asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Final

from adapters.terminal.commands.command import Command


@dataclass(frozen=True)
class Listed:
    """A command as the help lists it, and the module that has it."""

    module: str
    summary: str


COMMANDS: Final[Mapping[str, Listed]] = {
    "run": Listed(
        "running", "ingest -> normalize -> validate -> merge -> publish (also without a command)"
    ),
    "plan": Listed("running", "say what a run would compute, why and for how long (run --dry-run)"),
    "import": Listed(
        "exports", "store exports for good: files, folders (recursively), zips; parses nothing"
    ),
    "exclude": Listed("exports", "take one wrong row of an export out of the numbers"),
    "export": Listed("exporting", "write what is published into files: csv, parquet, fhir, report"),
    "sources": Listed("exports", "list every raw file that was ever stored"),
    "status": Listed("state", "say what is published and what happened last"),
    "verify": Listed("verify", "see whether everything registered is there and whole; repair it"),
    "rollback": Listed("maintenance", "publish an older generation as a new one, at once"),
    "gc": Listed("maintenance", "remove results that no kept generation needs; pin one"),
    "explain": Listed("explaining", "say what changed, part by part, and what it makes stale"),
    "lineage": Listed("tracing", "follow a node, or one row of it, back to the raw files"),
    "forget": Listed("forgetting", "remove one raw file and all that came from it, for good"),
    "history": Listed("past", "list runs and generations, or the versions of one node"),
    "diff": Listed("past", "compare two versions of an output, or of any node (g3, g5)"),
    "vault": Listed("vault", "make the vault that encrypts what leaves the machine; open a file"),
    "serve": Listed("serving", "show the dashboard in a browser, until interrupted"),
    "state": Listed("remote", "push the encrypted state to PDP_REMOTE, pull, compare, prune it"),
    "doctor": Listed("state", "check that this machine can run the pipeline"),
}


def command(name: str) -> Command:
    """A command by its name on the command line."""
    module = import_module(f"{__name__}.{COMMANDS[name].module}")
    found: Command = module.COMMANDS[name]
    return found
