"""doit: a task for each node, with its data and its source in `file_dep`."""

import sys

from graph import NODES, inputs, output, sources

DOIT_CONFIG = {"default_tasks": ["node"]}


def task_node():
    """The tasks."""
    for node in NODES:
        yield {
            "name": node,
            "actions": [f"{sys.executable} node.py {node}"],
            "file_dep": [*inputs(node), *sources(node)],
            "targets": [output(node)],
        }
