"""The identity of a computation: its key, and the edges that its lineage will have."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeGuard

from adapters.engine.codecs import VERSION
from adapters.engine.flow import FlowNode
from registry.fingerprint import computation_key, fingerprint
from registry.store import Artifact, Input


@dataclass(frozen=True)
class Identified:
    """The identity of a computation before it runs.

    Attributes:
        key: Its key.
        inputs: The edges of its lineage.
        former_keys: Its keys under the names that the node had before, the latest first.
    """

    key: str
    inputs: tuple[Input, ...]
    former_keys: tuple[str, ...] = ()


def identify(node: FlowNode, arguments: Mapping[str, Any]) -> Identified:
    """The key and the lineage edges of a node that would receive these arguments.

    Args:
        node: The node.
        arguments: Parameter -> an artifact, a list of artifacts, or a plain value.
    """
    former = tuple(former_keys(node, arguments)) if node.former else ()
    return Identified(key_of(node, arguments), edges_of(arguments), former)


def former_keys(node: FlowNode, arguments: Mapping[str, Any]) -> Iterator[str]:
    """The keys of the same computation under the names that the node had before."""
    return (key_of(before, arguments) for before in node.former)


def key_of(node: FlowNode, arguments: Mapping[str, Any]) -> str:
    """The key alone; a plan asks for little more of a node that is fresh."""
    configuration: dict[str, str] = {}
    data: dict[str, str | list[str]] = {}
    for parameter, argument in arguments.items():
        if isinstance(argument, Artifact):
            data[parameter] = f"{argument.codec}:{argument.sha256}"
        elif is_artifacts(argument):
            data[parameter] = [f"{found.codec}:{found.sha256}" for found in argument]
        else:
            configuration[parameter], _ = _plain(argument)
    return computation_key(
        node=node.name,
        codec_version=VERSION,
        code=node.code.digest,
        configuration=configuration,
        data=data,
    )


def edges_of(arguments: Mapping[str, Any]) -> tuple[Input, ...]:
    """The lineage edges of a node that receives these arguments."""
    inputs: list[Input] = []
    for parameter in sorted(arguments):
        argument = arguments[parameter]
        if isinstance(argument, Artifact):
            inputs += [_edge(parameter, argument), *_origins(parameter, argument)]
        elif is_artifacts(argument):
            inputs += [_edge(parameter, found, place) for place, found in enumerate(argument)]
        else:
            sha256, text = _plain(argument)
            inputs.append(Input(parameter, "configuration", sha256, value=text))
    return tuple(inputs)


def _plain(argument: object) -> tuple[str, str]:
    """The fingerprint of a plain value, and the value as JSON."""
    if type(argument) in {str, int, bool, type(None)}:
        return _recurring(argument)
    return fingerprint(argument), json.dumps(argument, default=str, sort_keys=True)


@lru_cache(maxsize=1024, typed=True)
def _recurring(argument: object) -> tuple[str, str]:
    return fingerprint(argument), json.dumps(argument)


def is_artifacts(value: object) -> TypeGuard[list[Artifact]]:
    """Whether a node's argument is a list of artifacts: what a block made."""
    return (
        isinstance(value, list | tuple)
        and bool(value)
        and all(isinstance(item, Artifact) for item in value)
    )


def _origins(parameter: str, item: Artifact) -> list[Input]:
    """What a block's item was taken from, where that is more than one result."""
    return [
        replace(origin, parameter=f"{parameter} of {origin.parameter}") for origin in item.origins
    ]


def _edge(parameter: str, artifact: Artifact, position: int = 0) -> Input:
    kind = "raw" if artifact.codec == "raw" else "artifact"
    return Input(parameter, kind, artifact.sha256, position, artifact.key)
