"""What a run tells: the same facts for people, for scripts (`--json`) and for `state.json`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from registry.generations import NodeAction, Output

# Of the files of a parallel block, the one that tells most decides what is said of the node.
_LOUDNESS: Final = ("failed", "ran", "would-run", "reused", "skipped")


@dataclass(frozen=True)
class FileReport:
    """One file that came in, and what was made of it. Members of an archive stand inside it."""

    name: str
    sha256: str
    format: str | None
    status: str
    records: Mapping[str, int] = field(default_factory=dict)
    rejected: int = 0
    reason: str | None = None
    members: Sequence["FileReport"] = ()

    def as_json(self) -> dict[str, Any]:
        """The JSON form; `members` only where there are some."""
        document = asdict(self)
        document["members"] = [member.as_json() for member in self.members]
        return document if self.members else {k: v for k, v in document.items() if k != "members"}


@dataclass(frozen=True)
class NodeReport:
    """What happened to one node; of a parallel block, to all its files together.

    Of a plan, `estimated_seconds` is what it is expected to take (None: unknown), and
    `may_turn_out_equal` whether it runs only if something above it comes out different.
    """

    node: str
    stage: str
    action: str
    reason: str
    rows: int | None = None
    version: int | None = None
    sha256: str | None = None
    seconds: float | None = None
    files: int | None = None
    estimated_seconds: float | None = None
    may_turn_out_equal: bool | None = None


@dataclass(frozen=True)
class RunReport:
    """One run."""

    profile: str
    run_id: str
    status: str
    generation: int | None
    files: Sequence[FileReport] = ()
    books: Mapping[str, Any] = field(default_factory=dict)
    nodes: Sequence[NodeReport] = ()
    seconds: float = 0.0
    messages: Sequence[str] = ()

    def as_json(self) -> dict[str, Any]:
        """The JSON form of the contract."""
        return {
            "profile": self.profile,
            "run_id": self.run_id,
            "status": self.status,
            "generation": self.generation,
            "files": [file.as_json() for file in self.files],
            "books": dict(self.books),
            "nodes": [asdict(node) for node in self.nodes],
            "seconds": round(self.seconds, 3),
            "messages": list(self.messages),
        }

    @property
    def ran(self) -> int:
        """How many nodes ran."""
        return sum(1 for node in self.nodes if node.action == "ran")


def node_reports(
    actions: Iterable[NodeAction], stages: Mapping[str, str], outputs: Mapping[str, Output]
) -> list[NodeReport]:
    """One report a node, in the order of the flow.

    Args:
        actions: What was done, per node and file.
        stages: Node -> stage, in the order of the flow.
        outputs: The published outputs; they have versions.
    """
    by_node: dict[str, list[NodeAction]] = {}
    for action in actions:
        by_node.setdefault(action.node, []).append(action)
    order = [name for name in stages if name in by_node]
    order += [name for name in by_node if name not in stages]
    return [_of_node(name, stages.get(name, ""), by_node[name], outputs) for name in order]


def _of_node(
    name: str, stage: str, actions: Sequence[NodeAction], outputs: Mapping[str, Output]
) -> NodeReport:
    loudest = min(actions, key=lambda action: _LOUDNESS.index(action.action))
    output = outputs.get(name)
    seconds = sum(action.seconds or 0.0 for action in actions)
    rows = [action.rows for action in actions if action.rows is not None]
    in_block = any(action.item for action in actions)
    return NodeReport(
        node=name,
        stage=stage,
        action=loudest.action,
        reason=loudest.reason,
        rows=sum(rows) if rows else None,
        version=output.version if output else None,
        sha256=output.artifact.sha256 if output else None,
        seconds=round(seconds, 6) if loudest.action == "ran" else None,
        files=sum(1 for a in actions if a.action == loudest.action) if in_block else None,
    )
