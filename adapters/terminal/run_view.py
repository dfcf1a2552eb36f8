"""A run as people read it: files, books, outputs, and the one line that sums it up."""

from collections.abc import Iterable, Iterator

from rich.console import RenderableType
from rich.text import Text

from adapters.profile import DEMO, Profile
from adapters.running.report import FileReport, NodeReport, RunReport
from adapters.terminal.console import table

_SIGNALS = {
    "blood_pressure": "blood pressure",
    "heart_rate": "heart rate",
    "sleep": "sleep",
    "annotations": "annotations",
}
_LONGEST_NAME = 42
_COUNTS = ("parsed", "valid", "rejected", "shadowed", "kept")


def run_blocks(report: RunReport, profile: Profile) -> Iterator[RenderableType]:
    """The closing tables of a run."""
    if report.status == "planned":
        yield _plan_table(report)
        yield Text(_expected(report))
        yield _headline(report)
        return
    if report.status == "published":
        yield _file_table(report.files)
        yield from _file_notes(report.files)
        yield ""
        yield _book_table(report)
        yield ""
        yield _output_table(report, profile)
        yield ""
    elif report.status == "computed":
        yield _plan_table(report)
    yield _headline(report)


def _file_table(files: Iterable[FileReport]) -> RenderableType:
    return table(
        "Files",
        ("file", "inside", "format", "status", "records", "rejected"),
        [_file_row(file) for file in files],
    )


def _file_row(file: FileReport) -> tuple[object, ...]:
    inside = f"{len(file.members):,}" if file.members else ""
    records = sum(file.records.values())
    return (_shortened(file.name), inside, file.format or "-", file.status, records,
            file.rejected)  # fmt: skip


def _file_notes(files: Iterable[FileReport]) -> Iterator[RenderableType]:
    """What is to be said of files that were used; what could not be used is warned of."""
    told = [file for file in files if file.reason and file.status in {"parsed", "reused"}]
    if told:
        yield ""
    for file in told:
        yield Text(f"{_shortened(file.name)}: {file.reason}")


def _shortened(name: str) -> str:
    """A long name with its middle left out; the folder and the ending tell the most."""
    half = _LONGEST_NAME // 2
    return name if len(name) <= _LONGEST_NAME else f"{name[: half - 1]}…{name[-half:]}"


def _book_table(report: RunReport) -> RenderableType:
    rows = [
        (words, *(report.books[signal][count] for count in _COUNTS))
        for signal, words in _SIGNALS.items()
        if signal in report.books
    ]
    return table("Books (every row is accounted for)", ("signal", *_COUNTS), rows)


def _output_table(report: RunReport, profile: Profile) -> RenderableType:
    rows = [
        (node.node, node.rows, f"v{node.version}", node.action)
        for node in sorted(report.nodes, key=lambda node: node.node)
        if node.version is not None and node.rows is not None
    ]
    return table(f"Outputs in {profile.outputs}", ("table", "rows", "version", "this run"), rows)


def _plan_table(report: RunReport) -> RenderableType:
    rows = [_node_row(node) for node in report.nodes]
    return table("Nodes", ("stage", "node", "action", "files", "seconds", "reason"), rows)


def _node_row(node: NodeReport) -> tuple[object, ...]:
    action = "may run" if node.may_turn_out_equal else node.action.replace("-", " ")
    seconds = node.seconds if node.action == "ran" else node.estimated_seconds
    shown = "" if seconds is None else f"{seconds:.3f}"
    if node.action == "would-run":
        shown = f"~{shown}" if shown else "unknown"
    return (node.stage, node.node, action, "" if node.files is None else str(node.files), shown,
            node.reason)  # fmt: skip


def _expected(report: RunReport) -> str:
    """What the nodes that would run are expected to take together, one after another."""
    planned = [node for node in report.nodes if node.action == "would-run"]
    if not planned:
        return "nothing to compute"
    known = [n.estimated_seconds for n in planned if n.estimated_seconds is not None]
    unknown = len(planned) - len(known)
    words = f"expected to take {sum(known):.1f} s of computing, judged by past runs"
    if not known:
        words = "how long it takes is not known yet"
    elif unknown:
        words += f"; {unknown} nodes never ran before and are not counted"
    return words + '. "may run": only if what is above it comes out different'


def _headline(report: RunReport) -> RenderableType:
    who = f"profile {report.profile}"
    if report.profile == DEMO:
        who += " (a synthetic person; import your own exports with `python cli.py import PATH`)"
    what = {
        "published": f"published generation {report.generation}",
        "up-to-date": f"up to date: generation {report.generation}, nothing changed",
        "planned": f"planned: {_count(report, 'would-run')} nodes would run, nothing was written",
        "computed": f"computed {report.ran} nodes; nothing was published",
    }[report.status]
    return Text(f"{what} · {who} · {report.seconds:.1f} s", style="bold")


def _count(report: RunReport, action: str) -> int:
    return sum(1 for node in report.nodes if node.action == action)
