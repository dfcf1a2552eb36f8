"""What a plan will cost: seconds per node, and which of its nodes may not have to run after all."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from adapters.engine.planner import RUN, Plan
from adapters.running.report import NodeReport
from registry.durations import Durations
from registry.generations import NodeAction


def with_estimates(
    nodes: Iterable[NodeReport],
    plan: Plan,
    durations: Durations,
    published: Mapping[tuple[str, str], str],
) -> list[NodeReport]:
    """The reports of a plan, with what each node that would run is expected to take.

    A node whose inputs are not known before the run runs only if what is above it comes out
    different. A block whose items are not known is expected to have those that it had.

    Args:
        nodes: Reports of the plan.
        plan: The plan.
        durations: What past computations took.
        published: (node, item) -> key of what is published.
    """
    actions: dict[str, list[NodeAction]] = {}
    for action in plan.stale:
        actions.setdefault(action.node, []).append(action)
    for name, action in plan.undecided.items():
        items = [item for node, item in published if node == name]
        actions[name] = [replace(action, item=item) for item in items] or [action]
    return [
        _estimated(node, actions[node.node], durations, published) if node.action == RUN else node
        for node in nodes
    ]


def _estimated(
    node: NodeReport,
    actions: Sequence[NodeAction],
    durations: Durations,
    published: Mapping[tuple[str, str], str],
) -> NodeReport:
    places = [(action.node, action.item) for action in actions]
    seconds = [durations.estimate(*place, published.get(place)) for place in places]
    known = [each for each in seconds if each is not None]
    return replace(
        node,
        estimated_seconds=round(sum(known), 6) if len(known) == len(seconds) else None,
        may_turn_out_equal=all(action.key is None for action in actions),
    )
