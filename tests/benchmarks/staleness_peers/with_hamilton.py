"""Hamilton's own cache: the driver is built with `with_cache`, and all nodes are asked for."""

import importlib
import json
from pathlib import Path

from common import NODE_MODULES, Values, main
from hamilton import driver


def run() -> Values:
    """Execute all nodes."""
    modules = [importlib.import_module(f"flow.{name}") for name in NODE_MODULES]
    builder = driver.Builder().with_modules(*modules).with_cache(path="cache")
    built = builder.build()
    inputs = {"readings_text": Path("readings.txt").read_text()}
    inputs |= json.loads(Path("settings.json").read_text())
    variables = built.list_available_variables()
    taken = {node.name for node in variables if node.is_external_input}
    nodes = [node.name for node in variables if not node.is_external_input]
    given = {name: value for name, value in inputs.items() if name in taken}
    return dict(built.execute(nodes, inputs=given))


if __name__ == "__main__":
    main(run, with_hamilton=True)
