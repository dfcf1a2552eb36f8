"""Hamilton's labels: decorators that say something about a node and change nothing of it.

Stage, owner, unit, documentation links, `renamed_from`: what `@tag` and `@tag_outputs` say is read
from the flow as it is. A decorator counts as a label by what its name leads to, not by the name: a
function of ours that is called `tag` is code like any other.
"""

import ast
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Final

from registry.code_analysis.names import Module, Names, Node
from registry.code_analysis.syntax import chain_of
from registry.code_analysis.units import Unit

_FUNCTIONS: Final = frozenset({"tag", "tag_outputs"})
_PLACES: Final = ("hamilton.function_modifiers", "hamilton.function_modifiers.metadata")
LABELLERS: Final = frozenset(f"{place}.{name}" for place in _PLACES for name in _FUNCTIONS)

# Evaluating anything else may have effects.
_HARMLESS: Final = (
    ast.Constant | ast.Name | ast.Attribute | ast.Tuple | ast.List | ast.Dict | ast.Set
    | ast.keyword | ast.expr_context
)  # fmt: skip


def labeller_names(module: ast.Module) -> Collection[str]:
    """What the module calls something that it imports as `tag` or `tag_outputs`."""
    imported = (
        alias
        for statement in module.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    )
    return {alias.asname or alias.name for alias in imported if alias.name in _FUNCTIONS}


def is_label(decorator: ast.expr, names: Collection[str]) -> bool:
    """Whether a decorator looks like a label; what it is, its name decides."""
    chain = chain_of(decorator.func) if isinstance(decorator, ast.Call) else None
    if chain is None or not isinstance(decorator, ast.Call):
        return False
    name, attributes = chain
    parts = [*decorator.args, *decorator.keywords]
    return (attributes[-1] in _FUNCTIONS if attributes else name in names) and all(
        isinstance(node, _HARMLESS) for part in parts for node in ast.walk(part)
    )


def leave_labels_out(names: Names) -> None:
    """Replace units that Hamilton's labels decorate by themselves without them."""
    labelled = [module for module in names.modules.values() if any(u.labels for u in module.units)]
    if not labelled or any(_is_labeller(node) for node in _written(names)):
        return
    for module in labelled:
        units = tuple(
            unit.unlabelled[0] if unit.labels and _are_labels(names, module, unit) else unit
            for unit in module.units
        )
        names.modules[module.name] = replace(module, units=units)


def _are_labels(names: Names, module: Module, unit: Unit) -> bool:
    found = [names.find(module, "", chain) for chain in unit.labels]
    return all(
        one.links and not one.missing and all(node.name in LABELLERS for node in one.nodes())
        for one in found
    )


def _is_labeller(node: Node) -> bool:
    return node.kind == "outside" and node.name.startswith(_PLACES[0])


def _written(names: Names) -> Iterator[Node]:
    """What code of ours changes, as far as it is named."""
    for module in names.modules.values():
        for unit in module.units:
            for write in unit.writes:
                if write.kind != "handed":
                    yield from names.find(module, write.base, write.chain).nodes()
