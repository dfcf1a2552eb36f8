"""How one node of a graph leads to another."""

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)
Edges = Callable[[Node], Iterable[tuple[str, Node]]]


def shortest_ways(roots: Iterable[Node], edges: Edges[Node]) -> Iterator[list[Node]]:
    """A shortest way from any of the roots to each node that they reach, the nearest first."""
    before: dict[Node, Node | None] = dict.fromkeys(roots)
    waiting = deque(before)
    while waiting:
        node = waiting.popleft()
        yield _way(node, before)
        for _, target in edges(node):
            if target not in before:
                before[target] = node
                waiting.append(target)


def _way(node: Node, before: dict[Node, Node | None]) -> list[Node]:
    way, place = [node], before[node]
    while place is not None:
        way.append(place)
        place = before[place]
    return way[::-1]
