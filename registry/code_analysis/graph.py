"""The edges between units, and what code does to others while it is imported.

A unit that changes another one (fills a registry, patches a module, registers a class) becomes a
part of it: whoever reaches the changed one reaches the changer.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Final

from registry.code_analysis.labels import leave_labels_out
from registry.code_analysis.merkle import reachable
from registry.code_analysis.names import (
    ALL,
    LOCALS,
    PROCESS,
    SOURCE,
    Found,
    Module,
    Names,
    Node,
    is_standard,
    opened_by,
    reads_locals,
)
from registry.code_analysis.scopes import AS_VALUE, AT_IMPORT, CERTAIN, RUNS
from registry.code_analysis.units import ANY_ATTRIBUTE, KEEPERS, Reference, Unit, Write

_CHANGEABLE: Final = frozenset({"class", "data", "code"})
_OPENED: Final = {"all": ALL, "source": SOURCE}
_DEEP: Final = frozenset({"inside", "result", "argument", "made argument"})
_WHOLE: Final = frozenset({ANY_ATTRIBUTE, "__dict__", "__getattribute__"})


class CodeGraph:
    """All units of all modules, with the edges between them."""

    def __init__(self, modules: dict[str, Module]) -> None:
        self.modules = modules
        self._names = modules.keys()
        self.names = Names(modules)
        self.reasons: dict[Node, tuple[str, ...]] = {}
        self._changers: dict[Node, set[Node]] = {}
        self._plain: dict[Node, list[tuple[str, Node]]] = {}
        self._note_rebinding()
        leave_labels_out(self.names)
        self._attributes = {a for _, unit in self.units() for a in unit.attributes}
        self._note_direct_changes()
        while self._note_indirect_changes():
            pass
        self._full: dict[Node, list[tuple[str, Node]]] = {}

    def units(self) -> Iterator[tuple[Node, Unit]]:
        """Every unit with its node."""
        for name, module in self.modules.items():
            for position, unit in enumerate(module.units):
                yield Node("unit", name, position), unit

    def unit(self, node: Node) -> Unit:
        """The unit of a node."""
        return self.modules[node.name].units[node.position]

    def edges(self, node: Node) -> list[tuple[str, Node]]:
        """Where a node leads to; equal labels do not tell an order."""
        if node not in self._full:
            self._full[node] = [*self._plain_edges(node), *self._change_edges(node)]
        return self._full[node]

    def find(self, node: Node, reference: Reference | Write) -> Found:
        """What a reference of a unit leads to."""
        return self.names.find(self.modules[node.name], reference.base, reference.chain)

    # What a unit says

    def _plain_edges(self, node: Node) -> list[tuple[str, Node]]:
        if node not in self._plain:
            self._plain[node] = list(self._edges_by_kind(node))
        return self._plain[node]

    def _edges_by_kind(self, node: Node) -> Iterator[tuple[str, Node]]:
        if node.kind == "unit":
            yield from self._unit_edges(node)
        elif node.kind == "module":
            yield from self._module_edges(node)
        elif node == ALL:
            yield from (("", Node("module", name)) for name in self.modules)

    def _unit_edges(self, node: Node) -> Iterator[tuple[str, Node]]:
        reasons = []
        for what, why in self.unit(node).marks:
            if what == "locals":
                yield "*", LOCALS
            if what in _OPENED:
                reasons.append(why)
                yield "*", _OPENED[what]
        for reference in self.unit(node).references:
            found = self.find(node, reference)
            yield from found.links
            for module, chain in found.missing if reference.how & CERTAIN else ():
                reasons.append(f"uses {chain}, which {module} does not define")
                yield from (("*", Node("module", n)) for n in {node.name, module} & self._names)
            for target in found.nodes():
                if target.kind == "outside" and reads_locals(target.name):
                    yield "*", LOCALS
                opened = opened_by(target.name) if target.kind == "outside" else set()
                reasons.extend(f"uses {target.name}" for _ in opened)
                yield from (("*", _OPENED.get(o, Node("module", node.name))) for o in opened)
        if reasons:
            self.reasons[node] = tuple(sorted(set(reasons)))

    def _module_edges(self, node: Node) -> Iterator[tuple[str, Node]]:
        """Everything in a module; what it imports only where some code takes it from an object."""
        module = self.modules[node.name]
        everything = bool(_WHOLE & self._attributes)
        for position, unit in enumerate(module.units):
            if unit.kind != "import":
                yield "", Node("unit", node.name, position)
            for imported in unit.imports:
                if everything or imported.name in self._attributes:
                    yield from self.names.find(module, "", imported.name).links
            for star in unit.stars:
                yield from self.names.find(module, star, "").links
        prefix = f"{node.name}."
        for name in self.modules:
            if name.startswith(prefix) and "." not in name[len(prefix) :]:
                yield name[len(prefix) :], Node("module", name)
        for (name, _), writers in self.names.rebound.items():
            if name == node.name:
                yield from (("!", writer) for writer in writers)

    # What a unit does to others

    def _change(self, target: Node, changer: Node) -> bool:
        """Note that one unit changes another; whether that is news."""
        if target.kind == "outside":
            top = target.name.partition(".")[0]
            target = PROCESS if is_standard(top) else Node("outside", top)
        if target.kind == "unit" and self.unit(target).kind == "constant":
            return False
        changers = self._changers.setdefault(target, set())
        if changer in changers or changer == target:
            return False
        changers.add(changer)
        return True

    def _change_edges(self, node: Node) -> Iterator[tuple[str, Node]]:
        if node.kind == "outside" and "." in node.name:
            yield "", Node("outside", node.name.partition(".")[0])
        changers = self._changers.get(node, set())
        if node.kind == "unit":
            changers = changers | self._changers.get(Node("module", node.name), set())
        changers = changers - {node}
        if not changers:
            return
        seeing = self._seeing(node) if node.kind == "unit" else None
        own = {changer.position for changer in changers if changer.name == node.name}
        if own and node.kind == "unit":
            kept = {*own, node.position}
            between = [Node("unit", node.name, p) for p in self.modules[node.name].stretch(kept)]
            ordered = [n for n in between if n.position in kept or seeing is None or n in seeing]
            yield from ((f"!{rank}", other) for rank, other in enumerate(ordered))
        for changer in changers:
            if changer.name != node.name or node.kind != "unit":
                yield "!", changer
        names = {changer.name for changer in changers}
        about = None if seeing is None else {n.name for n in seeing} | names
        yield from self.names.importers(names - {node.name}, about)

    def _seeing(self, node: Node) -> set[Node]:
        """The unit, and all that may see it while they run at import: their order matters."""
        seen = reachable([node], lambda other: (("", n) for n in self._leading_to.get(other, ())))
        return {n for n in seen if n.kind == "unit" and self.unit(n).runs} | {node}

    @cached_property
    def _leading_to(self) -> dict[Node, set[Node]]:
        """By node, which nodes have an edge to it."""
        sources: dict[Node, set[Node]] = {}
        modules = [Node("module", name) for name in self.modules]
        for node in [*(node for node, _ in self.units()), *modules, ALL]:
            around = Node("module", node.name)
            changers = self._changers.get(around, ()) if node.kind == "unit" else ()
            for target in (*(found for _, found in self._known_edges(node)), *changers):
                sources.setdefault(target, set()).add(node)
        return sources

    def _note_rebinding(self) -> None:
        for node, unit in self.units():
            for write in unit.writes:
                if write.kind == "name":
                    self.names.rebound.setdefault((node.name, write.chain), set()).add(node)
                elif write.kind == "attribute":
                    for target in self.find(node, write).nodes():
                        if target.kind == "module":
                            key = (target.name, write.detail)
                            self.names.rebound.setdefault(key, set()).add(node)

    def _note_direct_changes(self) -> None:
        """What the text of a unit changes: while it is imported, or lastingly by its functions."""
        for node, unit in self.units():
            for write in unit.writes:
                if write.how & AT_IMPORT:
                    targets = self._targets(node, write)
                elif write.kind not in {"result", "made argument"}:
                    targets = {t for t in self._named_targets(node, write) if t.kind != "outside"}
                else:
                    targets = set()
                for target in targets:
                    self._change(target, node)

    def _named_targets(self, node: Node, write: Write) -> set[Node]:
        """What a write may change, as far as it is named."""
        if write.kind.endswith("argument") and not self._changes_arguments(node, write):
            return set()
        return {t for t in self.find(node, write).nodes() if self._is_changed(t, write)}

    def _is_changed(self, target: Node, write: Write) -> bool:
        if target.kind == "unit":
            return write.kind != "handed" or self.unit(target).kind in {"data", "code"}
        if target.kind == "module":
            whole = write.kind in _DEEP or write.detail.startswith("__")
            return whole or write.chain.endswith("__dict__")
        return not target.name.startswith("builtins.") and write.kind != "handed"

    def _targets(self, node: Node, write: Write) -> set[Node]:
        """What a write may change, with all that the named things may lead to."""
        named = self._named_targets(node, write)
        units = {target for target in named if target.kind == "unit"}
        inside = reachable(units, self._plain_edges)
        return named | {other for other in inside if self._is_changeable(other)}

    def _is_changeable(self, node: Node) -> bool:
        return node.kind == "unit" and self.unit(node).kind in _CHANGEABLE

    def _changes_arguments(self, node: Node, write: Write) -> bool:
        """Whether the function that an argument is handed to may change it: not if it is ours."""
        if not write.detail:
            return True
        callee = self.names.find(self.modules[node.name], "", write.detail).nodes()
        return not callee or any(target.kind == "outside" for target in callee)

    def _note_indirect_changes(self) -> bool:
        news = False
        for node, unit in self.units():
            if unit.runs:
                for target in self._changed_by_running(node, unit):
                    news |= self._change(target, node)
        return news

    def _changed_by_running(self, node: Node, unit: Unit) -> set[Node]:
        """What importing the unit changes through the code that it runs."""
        hooked = self._has_hooks(node, unit)
        started: set[Node] = set()
        handed: set[Node] = set()
        needed = AT_IMPORT if self._has_own_keeper(node, unit) else AT_IMPORT | RUNS
        for reference in unit.references:
            if hooked or reference.how & needed == needed:
                nodes = self.find(node, reference).nodes()
                started |= nodes
                handed |= nodes if reference.how & AS_VALUE else set()
        reached = reachable(started, self._known_edges)
        run = [(other, self.unit(other)) for other in reached if other.kind == "unit"]
        targets = {
            t for other, found in run for write in found.writes for t in self._targets(other, write)
        }
        if hooked:
            targets |= {t for write in unit.writes for t in self._targets(node, write)}
        deep = unit.changes_at_import or (hooked and unit.changes_later)
        if deep or any(found.changes_at_import or found.changes_later for _, found in run):
            targets |= {target for target in handed if target.kind in {"unit", "module"}}
            targets |= {other for other in reached if self._is_changeable(other)}
        return targets

    def _has_own_keeper(self, node: Node, unit: Unit) -> bool:
        """Whether a function of ours has the name of one that only keeps what it is given."""
        keepers = [r for r in unit.references if r.chain.rpartition(".")[2] in KEEPERS]
        targets = {target for keeper in keepers for target in self.find(node, keeper).nodes()}
        return any(target.kind != "outside" for target in targets)

    def _known_edges(self, node: Node) -> list[tuple[str, Node]]:
        changers = self._changers.get(node)
        plain = self._plain_edges(node)
        return [*plain, *(("!", changer) for changer in changers)] if changers else plain

    def _has_hooks(self, node: Node, unit: Unit) -> bool:
        """Whether code of ours runs over the unit while it is defined."""
        for hook in unit.hooks:
            found = self.names.find(self.modules[node.name], hook.base, hook.chain)
            if any(target.kind != "outside" for target in found.nodes()):
                return True
        return False
