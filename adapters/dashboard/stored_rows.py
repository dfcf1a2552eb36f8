"""The tables of a generation in a profile's folder, with their bytes verified."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from adapters.dashboard.published import within_dates
from adapters.engine.codecs import tables_in
from adapters.notebooks.opened_artifact import VerifiedFiles
from registry.store import Artifact

OPEN_PARTS: Final = 2
"""How many parts stay open: a year of heart rates by the minute takes 20 MB."""


@dataclass(frozen=True)
class Part:
    """One table of an output, and the dates that it spans."""

    artifact: Artifact
    first: date
    last: date


class StoredRows:
    """Outputs in a profile's folder; of one in parts, only the parts that a range needs.

    Args:
        folder: The profile's.
        artifacts: Output -> its artifact.
    """

    def __init__(self, folder: Path, artifacts: Mapping[str, Artifact]) -> None:
        self._files, self._artifacts = VerifiedFiles(folder), artifacts
        self._parts: dict[str, list[Part]] = {}
        self._opened = lru_cache(maxsize=OPEN_PARTS)(self._open)

    def table(self, name: str) -> pa.Table:
        """All rows of an output."""
        _, tables = self._files.value(self._artifacts[name])
        return pa.concat_tables(tables)

    def between(self, name: str, first: date, last: date) -> pa.Table:
        """The rows of an output with a local date from the first to the last."""
        if name not in self._parts:
            self._parts[name] = [self._part(one) for one in self._parts_of(name)]
        parts = self._parts[name]
        wanted = [part for part in parts if part.first <= last and part.last >= first]
        tables = [within_dates(self._opened(part.artifact), first, last) for part in wanted]
        return pa.concat_tables(tables) if tables else self._opened(parts[0].artifact).slice(0, 0)

    def _parts_of(self, name: str) -> list[Artifact]:
        artifact = self._artifacts[name]
        if artifact.codec == "parquet":
            return [artifact]
        return list(tables_in(json.loads(self._files.content(artifact).to_pybytes())))

    def _part(self, artifact: Artifact) -> Part:
        """A part and its dates, as the statistics of its row groups tell them."""
        metadata = pq.read_metadata(pa.BufferReader(self._files.content(artifact)))
        place = metadata.schema.names.index("local_date")
        groups = [metadata.row_group(at) for at in range(metadata.num_row_groups)]
        told = [group.column(place).statistics for group in groups if group.num_rows]
        known = [each for each in told if each is not None and each.has_min_max]
        if len(known) != len(told):
            return Part(artifact, date.min, date.max)
        ends = [(each.min, each.max) for each in known] or [(date.max, date.min)]
        return Part(artifact, min(low for low, _ in ends), max(high for _, high in ends))

    def _open(self, artifact: Artifact) -> pa.Table:
        return self._files.value(artifact)[0]
