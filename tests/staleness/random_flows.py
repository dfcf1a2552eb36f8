"""Random flows that know what each node uses, and random edits that know what they change.

A flow is a list of elements (constants, helpers, functions that make functions, schemas,
decorators) in three modules, and of nodes in two. Each element knows which others it names, so the
generator can tell, without reading any source, what a node's result may depend on.
"""

import random
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field

HELPER_MODULES = ("first", "second", "third")
NODE_MODULES = ("upper", "lower")
PRIME = 1009


@dataclass
class Element:
    """Something at the top level of a helper module.

    Attributes:
        name: Its name; elements are numbered, and use only smaller numbers.
        kind: constant, helper, maker, closure, schema or decorator.
        module: Index of its module; it uses nothing of later modules.
        uses: Names of the elements that it uses.
        number: A number in its text.
        default: A number in a default, `lambda` of a default, or second argument.
        local: How its local variable is spelt.
        said: Comment and docstring.
        wide: Whether it is written with more space and brackets.
    """

    name: str
    kind: str
    module: int
    uses: list[str]
    number: int
    default: int
    local: str = "found"
    said: str = ""
    wide: bool = False


@dataclass
class Node:
    """A node: a function of a node module.

    `role` is plain, or the place in a parallel block: expand, item or collect.
    """

    name: str
    module: int
    needs: list[str]
    uses: list[str]
    number: int
    role: str = "plain"
    decorator: str = ""
    argument: int = 0
    owner: str = "ann"
    local: str = "found"
    said: str = ""


@dataclass
class RandomFlow:
    """A flow, and what it is run on."""

    elements: dict[str, Element] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    inputs: dict[str, object] = field(default_factory=dict)
    spare: int = 1

    # -- as source ------------------------------------------------------------------------------

    def files(self) -> dict[str, str]:
        """The modules' source texts."""
        files = {"flow/__init__.py": ""}
        for index, name in enumerate(HELPER_MODULES):
            own = [e for e in self.elements.values() if e.module == index]
            used = {use for element in own for use in element.uses}
            text = "import functools\n" + self._imports(used - {e.name for e in own})
            text += f"\nSPARE = {self.spare}\n"
            files[f"flow/{name}.py"] = text + "".join(map(_element_text, own))
        for index, name in enumerate(NODE_MODULES):
            own = [n for n in self.nodes.values() if n.module == index]
            used = {use for node in own for use in [*node.uses, node.decorator] if use}
            text = (
                "from hamilton.function_modifiers import tag\n"
                "from hamilton.htypes import Collect, Parallelizable\n"
            )
            files[f"flow/{name}.py"] = (
                text + self._imports(used) + "".join(self._node_text(node) for node in own)
            )
        return files

    def _imports(self, names: set[str]) -> str:
        return "".join(
            f"from flow.{HELPER_MODULES[self.elements[name].module]} import {name}\n"
            for name in sorted(names)
        )

    def _node_text(self, node: Node) -> str:
        decorator = f"@{node.decorator}({node.argument})\n" if node.decorator else ""
        head = f'\n\n@tag(owner="{node.owner}")\n{decorator}def {node.name}('
        if node.role == "expand":
            return f"{head}numbers: list) -> Parallelizable[int]:\n    yield from numbers\n"
        if node.role == "collect":
            (need,) = node.needs
            parameters, start = f"{need}: Collect[int]", f"sum({need})"
        else:
            parameters = ", ".join(f"{need}: int" for need in node.needs)
            start = " + ".join(node.needs)
        body = "".join(f"    {node.local} = {self._use(use, node.local)}\n" for use in node.uses)
        return (
            f"{head}{parameters}) -> int:\n{_said(node.said)}"
            f"    {node.local} = {start} + {node.number}\n{body}    return {node.local} % {PRIME}\n"
        )

    def _use(self, name: str, local: str) -> str:
        return _use(self.elements[name].kind, name, local)

    # -- what depends on what --------------------------------------------------------------------

    def meaning(self, node: str) -> str:
        """All that the node's code says, at any depth, but for spelling, place and comments."""
        found = self.nodes[node]
        own = (found.name, found.needs, found.uses, found.number, found.role, found.decorator)
        used = sorted(self._reached([*found.uses, *filter(None, [found.decorator])]))
        parts = [self.elements[name] for name in used]
        said = [(e.name, e.kind, e.uses, e.number, e.default) for e in parts]
        return repr((own, found.argument if found.decorator else 0, said))

    def _reached(self, names: list[str]) -> set[str]:
        seen: set[str] = set()
        while names:
            name = names.pop()
            if name not in seen:
                seen.add(name)
                names = [*names, *self.elements[name].uses]
        return seen


def _said(words: str) -> str:
    return f'    """{words}"""\n    # {words}\n' if words else ""


def _use(kind: str, name: str, local: str) -> str:
    match kind:
        case "constant":
            return f"{local} + {name}"
        case "helper" | "closure":
            return f"{local} + {name}({local} % 7)"
        case "schema":
            return f"{local} + (1 if {name}.accepts({local} % 50) else 2)"
        case _:
            return local


def _element_text(element: Element) -> str:
    name, number, local = element.name, element.number, element.local
    used = "".join(f"    {local} = {_use(_kind_of(use), use, local)}\n" for use in element.uses)
    start = f"(value * {number})" if element.wide else f"value * {number}"
    gap = "\n\n\n\n" if element.wide else "\n\n"
    said = _said(element.said)
    match element.kind:
        case "constant":
            told = f"# {element.said}\n" if element.said else ""
            return f"{gap}{told}{name} = {' + '.join([str(number), *element.uses])}\n"
        case "helper":
            return (
                f"{gap}def {name}(value, more={element.default}, *, "
                f"shift=lambda x: x + {number}):\n"
                f"{said}    {local} = {start} + more\n{used}    return shift({local})\n"
            )
        case "maker":
            return (
                f"{gap}def {name}(by):\n{said}    def inner(value):\n"
                f"        {local} = {start} * by\n        return {local}\n\n    return inner\n"
            )
        case "closure":
            return f"{gap}{name} = {element.uses[0]}({number})\n"
        case "schema":
            high = " + ".join([str(element.default), *element.uses])
            return (
                f"{gap}class {name}:\n{said}    low = {number}\n    high = {high}\n\n"
                f"    @classmethod\n    def accepts(cls, value):\n"
                f"        return cls.low % 20 <= value <= cls.high % 60\n"
            )
    return (
        f"{gap}def {name}(amount={element.default}):\n{said}    def wrap(function):\n"
        f"        @functools.wraps(function)\n        def call(*args, **kwargs):\n"
        f"            {local} = function(*args, **kwargs) + amount * {number}\n"
        f"            return {local} % {PRIME}\n\n        return call\n\n    return wrap\n"
    )


KINDS = {"k": "constant", "h": "helper", "m": "maker", "c": "closure", "S": "schema",
         "d": "decorator"}  # fmt: skip


def _kind_of(name: str) -> str:
    return KINDS[name[0]]


# -- making ----------------------------------------------------------------------------------------


def random_flow(chance: random.Random) -> RandomFlow:
    """A flow of some size."""
    flow = RandomFlow()
    for number in range(chance.randint(8, 14)):
        letter = chance.choice("kkkhhhhmScd")
        module = chance.randrange(len(HELPER_MODULES))
        usable = [e.name for e in flow.elements.values() if e.module <= module]
        uses = _uses(letter, usable, chance)
        if uses is None:
            continue
        element = Element(
            f"{letter}{number}", KINDS[letter], module, uses,
            chance.randint(1, 30), chance.randint(1, 30),
        )  # fmt: skip
        flow.elements[element.name] = element
    flow.inputs = {"share": chance.randint(1, 99), "numbers": _numbers(chance)}
    _add_block(flow, chance)
    for number in range(chance.randint(4, 8)):
        _add_node(flow, f"n{number}", chance)
    return flow


def _numbers(chance: random.Random) -> list[int]:
    return chance.sample(range(100), chance.randint(1, 3))


def _uses(letter: str, usable: list[str], chance: random.Random) -> list[str] | None:
    if letter in "md":
        return []
    if letter == "c":
        makers = [name for name in usable if name[0] == "m"]
        return [chance.choice(makers)] if makers else None
    wanted = "k" if letter in "kS" else "khcS"
    found = [name for name in usable if name[0] in wanted]
    return chance.sample(found, min(len(found), chance.randint(0, 2)))


def _add_block(flow: RandomFlow, chance: random.Random) -> None:
    if chance.random() < 0.5:
        flow.nodes["total"] = Node("total", 0, ["share"], _node_uses(flow, chance), 5)
        return
    flow.nodes["item"] = Node("item", 0, ["numbers"], [], 0, "expand")
    flow.nodes["worked"] = Node("worked", 0, ["item"], _node_uses(flow, chance), 3, "item")
    flow.nodes["total"] = Node("total", 1, ["worked"], _node_uses(flow, chance), 5, "collect")


def _node_uses(flow: RandomFlow, chance: random.Random) -> list[str]:
    usable = [name for name in flow.elements if name[0] in "khcS"]
    return chance.sample(usable, min(len(usable), chance.randint(0, 3)))


def _add_node(flow: RandomFlow, name: str, chance: random.Random) -> None:
    values = ["share", *(n.name for n in flow.nodes.values() if n.role in {"plain", "collect"})]
    needs = chance.sample(values, min(len(values), chance.randint(1, 3)))
    decorators = [element for element in flow.elements if element[0] == "d"]
    flow.nodes[name] = Node(
        name, chance.randrange(len(NODE_MODULES)), needs, _node_uses(flow, chance),
        chance.randint(1, 50),
        decorator=chance.choice(decorators) if decorators and chance.random() < 0.4 else "",
        argument=chance.randint(1, 9),
    )  # fmt: skip


# -- editing ---------------------------------------------------------------------------------------


def random_edit(  # noqa: C901, PLR0912 - one branch per kind
    flow: RandomFlow, chance: random.Random
) -> tuple[str, RandomFlow]:
    """What was done, in words, and the flow after it."""
    after = deepcopy(flow)
    element = chance.choice(list(after.elements.values()))
    node = chance.choice([n for n in after.nodes.values() if n.role != "expand"])
    kind = chance.choice(
        ["number", "number", "default", "node", "node", "argument", "configuration", "data",
         "comment", "local", "node's local", "space", "move", "owner", "spare", "node moved",
         "another helper", "touch"]
    )  # fmt: skip
    match kind:
        case "number":
            element.number = chance.randint(31, 60)
        case "default" if element.kind in {"helper", "schema", "decorator"}:
            element.default = chance.randint(31, 60)
        case "node":
            node.number = chance.randint(51, 90)
        case "argument":
            node.argument = chance.randint(10, 20)
        case "configuration":
            after.inputs["share"] = chance.randint(100, 200)
        case "data":
            after.inputs["numbers"] = _numbers(chance)
        case "comment":
            element.said = node.said = chance.choice(["one", "two"])
        case "local":
            element.local = chance.choice(["other", "result"])
        case "node's local":
            node.local = chance.choice(["other", "result"])
        case "space":
            element.wide = not element.wide and element.kind != "maker"
        case "move":
            element.module = chance.choice(list(_places(after, element)))
        case "node moved":
            node.module = 1 - node.module
        case "owner":
            node.owner = chance.choice(["bob", "eve"])
        case "spare":
            after.spare += 1
        case "another helper":
            node.uses = _node_uses(after, chance)
    return f"{kind} of {element.name} or {node.name}", after


def _places(flow: RandomFlow, element: Element) -> Iterator[int]:
    low = max((flow.elements[use].module for use in element.uses), default=0)
    users = [e.module for e in flow.elements.values() if element.name in e.uses]
    yield from range(low, min(users, default=len(HELPER_MODULES) - 1) + 1)


class Oracle:
    """Knows which nodes have to run: those whose meaning never met these inputs before."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, str, str]] = set()

    def must_run(self, flow: RandomFlow, values: Mapping[tuple[str, str], object]) -> list[str]:
        """The nodes that run now; of a block, once for each new item.

        Args:
            flow: The flow.
            values: (node, item) -> its true value; an item is told by its number.
        """
        ran = []
        for name, item in values:
            node = flow.nodes[name]
            given = [
                [need, self._given(flow, values, node, need, item)] for need in sorted(node.needs)
            ]
            place = (name, flow.meaning(name), repr(given))
            if place not in self._seen:
                self._seen.add(place)
                ran.append(name)
        return sorted(ran)

    @staticmethod
    def _given(
        flow: RandomFlow,
        values: Mapping[tuple[str, str], object],
        node: Node,
        need: str,
        item: str,
    ) -> object:
        if need in flow.inputs:
            return flow.inputs[need]
        if node.role == "item":
            return item
        if node.role == "collect":
            numbers = flow.inputs["numbers"]
            assert isinstance(numbers, list)
            return [values[need, str(number)] for number in numbers]
        return values[need, ""]
