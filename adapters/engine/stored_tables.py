"""Tables straight from the registry's objects, for whoever reads and computes nothing."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from adapters.engine.codecs import read_parquet, tables_in
from registry.store import Artifact, Store


def table_artifacts(store: Store, artifact: Artifact) -> list[Artifact]:
    """The tables of an artifact in order: itself, or those that a composite value refers to."""
    return [artifact] if artifact.codec == "parquet" else [*tables_in(document(store, artifact))]


def document(store: Store, artifact: Artifact) -> Any:
    """The JSON of an artifact that is no table.

    Raises:
        DamagedArtifactError: Its bytes are missing or differ from what was registered.
    """
    return json.loads(store.check(artifact).read_bytes())


def table_paths(store: Store, artifact: Artifact) -> list[Path]:
    """The verified Parquet files of an artifact.

    Raises:
        DamagedArtifactError: One is missing or differs from what was registered.
    """
    return [store.check(found) for found in table_artifacts(store, artifact)]


def tables(store: Store, artifact: Artifact) -> Iterator[pa.Table]:
    """The tables of an artifact one after another, memory-mapped.

    Raises:
        DamagedArtifactError: One is missing or differs from what was registered.
    """
    for path in table_paths(store, artifact):
        yield read_parquet(pa.memory_map(str(path)).read_buffer())
