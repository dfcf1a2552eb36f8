"""What is registered and whether its bytes are there, asked once for a whole plan.

A plan looks at every node. Two queries answer for all computations that were published, and each
file is looked at once, however many nodes made it.
"""

import json
from collections.abc import Iterable

from registry.store import Artifact, Store


class Holdings:
    """The computations and artifacts of a store, as they are while a plan is made.

    Args:
        store: Where they are.
        keys: Computations that will be asked for; others cost a query each.
    """

    def __init__(self, store: Store, keys: Iterable[str]) -> None:
        self._store = store
        self._recorded = _recorded(store, list(keys))
        self._parts = _parts(store, self._recorded.values())
        self._present: dict[tuple[str, str], bool] = {}

    def recorded(self, key: str) -> Artifact | None:
        """The artifact that this computation made, whether its bytes are there or not."""
        return self._recorded.get(key) or self._store.recorded(key)

    def present(self, artifact: Artifact) -> bool:
        """Whether the files of the artifact and of its parts are there, with their sizes."""
        place = (artifact.sha256, artifact.codec)
        found = self._present.get(place)
        if found is None:
            found = self._present[place] = self._looks_present(artifact)
        return found

    def _looks_present(self, artifact: Artifact) -> bool:
        if artifact.codec == "json":
            parts = self._parts.get(artifact.sha256)
            if parts is None:
                return self._store.present(artifact)
            if parts and not all(map(self.present, parts)):
                return False
        return self._store.holds(artifact)


def _recorded(store: Store, keys: list[str]) -> dict[str, Artifact]:
    rows = store.database.rows(
        "SELECT c.key, a.sha256, a.codec, a.size, a.rows, c.key, c.item FROM json_each(?) wanted "
        "JOIN computation c ON c.key = wanted.value "
        "JOIN artifact a ON a.sha256 = c.sha256 AND a.codec = c.codec",
        json.dumps(keys),
    )
    return {key: Artifact(*fields) for key, *fields in rows}


def _parts(store: Store, artifacts: Iterable[Artifact]) -> dict[str, list[Artifact]]:
    parts: dict[str, list[Artifact]] = {a.sha256: [] for a in artifacts if a.codec == "json"}
    rows = store.database.rows(
        "SELECT p.sha256, a.sha256, a.codec, a.size, a.rows FROM json_each(?) whole "
        "JOIN artifact_part p ON p.sha256 = whole.value "
        "JOIN artifact a ON a.sha256 = p.part AND a.codec = 'parquet'",
        json.dumps(list(parts)),
    )
    for whole, *fields in rows:
        parts[whole].append(Artifact(*fields))
    return parts
