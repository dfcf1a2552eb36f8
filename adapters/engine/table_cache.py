"""The tables that are open in a run, and which artifact each of them is."""

import threading
import weakref
from collections import OrderedDict
from typing import Final

import pyarrow as pa

from registry.store import Artifact

CACHE_BYTES: Final = 256 << 20


class TableCache:
    """Opened tables, and the artifact of each table that is alive."""

    def __init__(self, limit: int = CACHE_BYTES) -> None:
        self._limit = limit
        self._held = 0
        self._tables: OrderedDict[str, pa.Table] = OrderedDict()
        self._artifacts: dict[int, tuple[weakref.ref[pa.Table], Artifact]] = {}
        self._lock = threading.RLock()

    def add(self, artifact: Artifact, table: pa.Table) -> None:
        """Remember a table under its artifact, dropping the longest unused ones."""
        place = id(table)
        with self._lock:
            reference = weakref.ref(table, lambda _gone: self._artifacts.pop(place, None))
            self._artifacts[place] = (reference, artifact)
            if artifact.sha256 in self._tables:
                return
            self._tables[artifact.sha256] = table
            self._held += table.nbytes
            while len(self._tables) > 1 and self._held > self._limit:
                self._held -= self._tables.popitem(last=False)[1].nbytes

    def table(self, sha256: str) -> pa.Table | None:
        """The table with this content, if it is still held."""
        with self._lock:
            found = self._tables.get(sha256)
            if found is not None:
                self._tables.move_to_end(sha256)
            return found

    def artifact(self, table: pa.Table) -> Artifact | None:
        """The artifact of this very table."""
        with self._lock:
            reference, artifact = self._artifacts.get(id(table), (None, None))
            return artifact if reference is not None and reference() is table else None
