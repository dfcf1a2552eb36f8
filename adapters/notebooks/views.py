"""What a notebook shows of a run, an explanation, the nodes of a flow, and a block's results."""

from collections.abc import Iterator, Sequence
from typing import Final

from hamilton.graph import FunctionGraph
from hamilton.node import Node

from adapters import STAGES
from adapters.explaining.explanation import Cause, Explanation
from adapters.notebooks import html
from adapters.notebooks.opened_artifact import OpenedArtifact
from adapters.running.report import NodeReport, RunReport
from registry.changes import Change

NOTHING_CHANGED: Final = "everything is as published; no node would run"
FIRST_NODES: Final = 10
_MARKS: Final = ("--- ", "+++ ", "@@")


class RunView:
    """What a run did or a plan would do; a notebook shows the nodes that it moves, and why."""

    def __init__(self, report: RunReport) -> None:
        self.report = report

    @property
    def moving(self) -> list[str]:
        """The nodes that ran or would run."""
        return [node.node for node in self._moving()]

    def __repr__(self) -> str:
        return f"<{' · '.join(self._facts())}: {', '.join(self.moving) or 'nothing'}>"

    def _moving(self) -> list[NodeReport]:
        return [node for node in self.report.nodes if node.action != "reused"]

    def _facts(self) -> list[str]:
        moving, all_nodes = len(self.moving), len(self.report.nodes)
        verb = "would run" if self.report.status == "planned" else "ran"
        facts = [f"profile {self.report.profile}", self.report.status]
        nodes = "node" if moving == 1 else "nodes"
        facts.append(f"{moving} {nodes} {verb}, {all_nodes - moving} reused")
        if self.report.generation is not None:
            facts.append(f"generation {self.report.generation}")
        return facts

    def _repr_html_(self) -> str:
        name, *facts = self._facts()
        first, rest = self._moving()[:FIRST_NODES], self._moving()[FIRST_NODES:]
        page = html.headline(name, facts) + (_nodes_page(first) if first else "")
        return page + (html.folded(f"and {len(rest)} more", _nodes_page(rest)) if rest else "")


def _nodes_page(nodes: Sequence[NodeReport]) -> str:
    rows = [
        (
            node.node,
            node.stage,
            node.files,
            node.rows,
            None if node.seconds is None else f"{node.seconds:.3f}",
            node.reason,
        )
        for node in nodes
    ]
    return html.table(("node", "stage", "items", "rows", "seconds", "why"), rows)


class ExplanationView:
    """Why nodes are as they are: each change once, what comes to it, and what it makes stale.

    Attributes:
        nodes: The nodes that were asked for.
        causes: When none was asked for: all changes, with what they make stale.
    """

    def __init__(self, nodes: Sequence[Explanation], causes: Sequence[Cause]) -> None:
        self.nodes, self.causes = tuple(nodes), tuple(causes)

    @property
    def changes(self) -> list[Change]:
        """Every change that is told of."""
        own = [change for found in self.nodes for change in found.changes]
        return own + [cause.change for cause in self.causes]

    def __repr__(self) -> str:
        states = [f"{found.node} is {found.state}" for found in self.nodes]
        told = [f"{change.kind} {change.what}" for change in self.changes]
        return f"<{'; '.join([*states, *told]) or NOTHING_CHANGED}>"

    def _repr_html_(self) -> str:
        pages = [_node_page(found) for found in self.nodes]
        pages += [_cause_page(cause) for cause in self.causes]
        return "".join(pages) or html.paragraph(NOTHING_CHANGED)


def _node_page(found: Explanation) -> str:
    page = html.headline(found.node, [found.stage, found.state])
    if not found.changes:
        page += html.paragraph("the same code, the same configuration, the same inputs")
    page += "".join(map(_change_page, found.changes))
    return page + _below_page(found.below)


def _cause_page(cause: Cause) -> str:
    nodes = html.paragraph(f"read by {', '.join(cause.nodes)}")
    return _change_page(cause.change) + nodes + _below_page(cause.below)


def _change_page(change: Change) -> str:
    page = html.paragraph(f"{change.kind}: {change.part} {change.what}")
    if change.diff:
        lines = [line for line in change.diff.splitlines() if not line.startswith(_MARKS)]
        page += html.preformatted("\n".join(lines))
    if change.called_by:
        units = [unit.rpartition(":")[2] for unit in change.called_by]
        page += html.paragraph(f"reached through {' → '.join(units)}")
    return page


def _below_page(nodes: Sequence[str]) -> str:
    return html.paragraph(f"stale below it: {', '.join(nodes)}") if nodes else ""


class NodeList:
    """The nodes of a flow: name, stage, what each needs, and what it is."""

    def __init__(self, graph: FunctionGraph) -> None:
        nodes = [node for node in graph.nodes.values() if not node.user_defined]
        self._nodes = sorted(nodes, key=lambda node: (_stage_number(node), node.name))

    def __iter__(self) -> Iterator[str]:
        return (node.name for node in self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)

    def __repr__(self) -> str:
        return f"<{len(self)} nodes: {', '.join(self)}>"

    def _repr_html_(self) -> str:
        rows = [
            (
                node.name,
                node.tags.get("stage", ""),
                ", ".join(needed.name for needed in node.dependencies),
                (node.documentation or "").strip().partition("\n")[0],
            )
            for node in self._nodes
        ]
        return html.table(("node", "stage", "needs", "what it is"), rows)


def _stage_number(node: Node) -> int:
    stage = node.tags.get("stage")
    return STAGES.index(stage) if stage in STAGES else len(STAGES)


class BlockResults(Sequence[OpenedArtifact]):
    """The results of one node of a parallel block, one for each item."""

    def __init__(self, node: str, found: Sequence[OpenedArtifact]) -> None:
        self.node = node
        self._found = tuple(found)

    def __getitem__(self, place: int) -> OpenedArtifact:  # type: ignore[override]
        return self._found[place]

    def __len__(self) -> int:
        return len(self._found)

    def __repr__(self) -> str:
        return f"<{self.node} of {len(self)} items>"

    def _repr_html_(self) -> str:
        rows = [
            (place, found.rows, found.sha256[: html.SHORT_HASH], found.how, found.item_name)
            for place, found in enumerate(self)
        ]
        shown = html.table(("", "rows", "sha256", "how", "of"), rows)
        return html.headline(self.node, [f"{len(self)} results, one for each item"]) + shown
