"""How long a computation will take, judged by those that were made before."""

from statistics import median
from typing import Final

from registry.database import Database

_MOST_PAST: Final = 200


class Durations:
    """What past computations took, node by node; read once for each node."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._past: dict[str, list[tuple[str, float, int | None]]] = {}

    def estimate(self, node: str, item: str = "", before: str | None = None) -> float | None:
        """Seconds that one computation of a node will take; None when none was ever made.

        It takes what it took before at the same place, or for the same item. A new item of a node
        that reads the raw file takes its time a byte (but not less than the shortest), any other
        the median.

        Args:
            node: The node.
            item: The item.
            before: The computation that is published there.
        """
        at_this_place = self._seconds_of(before) if before else None
        if at_this_place is not None:
            return at_this_place
        past = self._of(node)
        own = [seconds for known, seconds, _ in past if known == item]
        if own or not past:
            return median(own) if own else None
        sized = [(seconds, size) for _, seconds, size in past if size]
        size = self._size(item)
        if size is None or not sized:
            return median(seconds for _, seconds, _ in past)
        rate = sum(seconds for seconds, _ in sized) / sum(known for _, known in sized)
        return max(min(seconds for seconds, _ in sized), rate * size)

    def _seconds_of(self, key: str) -> float | None:
        row = self._database.row("SELECT seconds FROM computation WHERE key = ?", key)
        return None if row is None else float(row["seconds"])

    def _of(self, node: str) -> list[tuple[str, float, int | None]]:
        """Item, seconds and, where the raw file itself is read, its size."""
        if node not in self._past:
            rows = self._database.rows(
                "SELECT c.item, c.seconds, r.size FROM computation c "
                "LEFT JOIN raw_file r ON r.sha256 = c.item AND EXISTS "
                "(SELECT 1 FROM computation_input i WHERE i.key = c.key AND i.kind = 'raw') "
                "WHERE c.node = ? ORDER BY c.run_id DESC LIMIT ?",
                node,
                _MOST_PAST,
            )
            self._past[node] = [(row["item"], row["seconds"], row["size"]) for row in rows]
        return self._past[node]

    def _size(self, item: str) -> int | None:
        row = self._database.row("SELECT size FROM raw_file WHERE sha256 = ?", item)
        return None if row is None else int(row["size"])
