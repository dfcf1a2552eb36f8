"""One digest for everything that a node of a graph reaches, circles included.

Two nodes have the same digest exactly when the same walk along labelled edges sees the same
contents from both. Names of nodes do not enter.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TypeVar

from registry.code_analysis.normal_form import digest

Node = TypeVar("Node", bound=Hashable)
Edges = Callable[[Node], Iterable[tuple[str, Node]]]


def reachable(roots: Iterable[Node], edges: Edges[Node]) -> set[Node]:
    """All nodes that a walk from `roots` sees."""
    seen: set[Node] = set()
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting.extend(target for _, target in edges(node))
    return seen


def extend_digests(
    digests: dict[Node, str], root: Node, edges: Edges[Node], content: Callable[[Node], str]
) -> None:
    """Add the digests of `root` and of all that it reaches, where they are missing."""
    for component in _components(root, edges, digests):
        digests.update(_digests_of(component, edges, content, digests))


def _components(root: Node, edges: Edges[Node], done: Mapping[Node, str]) -> Iterable[list[Node]]:
    """Strongly connected components, each after those it leads to (Tarjan, without recursion)."""
    order: dict[Node, int] = {}
    low: dict[Node, int] = {}
    open_nodes: list[Node] = []
    is_open: set[Node] = set()

    def enter(node: Node) -> tuple[Node, Iterable[tuple[str, Node]]]:
        order[node] = low[node] = len(order)
        open_nodes.append(node)
        is_open.add(node)
        return node, iter(list(edges(node)))

    path = [] if root in done else [enter(root)]
    while path:
        node, rest = path[-1]
        for _, target in rest:
            if target in done:
                continue
            if target not in order:
                path.append(enter(target))
                break
            if target in is_open:
                low[node] = min(low[node], order[target])
        else:
            path.pop()
            if path:
                low[path[-1][0]] = min(low[path[-1][0]], low[node])
            if low[node] == order[node]:
                position = open_nodes.index(node)
                component = open_nodes[position:]
                del open_nodes[position:]
                is_open.difference_update(component)
                yield component


def _digests_of(
    component: list[Node],
    edges: Edges[Node],
    content: Callable[[Node], str],
    done: Mapping[Node, str],
) -> dict[Node, str]:
    """Refine colours until no round tells more nodes apart, then hash the picture they make."""
    inside = set(component)
    inner: dict[Node, list[tuple[str, Node]]] = {}
    outer: dict[Node, str] = {}
    for node in component:
        pairs = list(edges(node))
        inner[node] = [(label, target) for label, target in pairs if target in inside]
        beyond = sorted({(label, done[target]) for label, target in pairs if target not in inside})
        outer[node] = digest(content(node), *(text for pair in beyond for text in pair))
    colours, kinds = outer, 0
    while len(set(colours.values())) > kinds:
        kinds = len(set(colours.values()))
        colours = {node: _seen_from(node, outer, inner, colours) for node in component}
    picture = sorted(
        {(colours[node], _seen_from(node, outer, inner, colours)) for node in component}
    )
    whole = digest(*(text for pair in picture for text in pair))
    return {node: digest(whole, colours[node]) for node in component}


def _seen_from(
    node: Node,
    outer: Mapping[Node, str],
    inner: Mapping[Node, list[tuple[str, Node]]],
    colours: Mapping[Node, str],
) -> str:
    pairs = sorted({(label, colours[target]) for label, target in inner[node]})
    return digest(outer[node], *(text for pair in pairs for text in pair))
