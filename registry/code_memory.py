"""What a registry keeps of the code that made its results, so that a change can be explained.

Of each code digest: the units behind it and the files that they stood in. Of each such file: its
text, once. They travel with the transaction of the first result that they made.
"""

import json
import sqlite3
import threading
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.database import Database


@dataclass
class CodeMemory:
    """What this process was told of code, until a transaction has made it durable."""

    _facts: dict[str, str] = field(default_factory=dict)
    _texts: dict[str, bytes] = field(default_factory=dict)
    _kept: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def knows(self, digest: str) -> bool:
        """Whether it was told what a code digest stands for."""
        with self._lock:
            return digest in self._facts or digest in self._kept

    def remember(self, digest: str, facts: Mapping[str, Any], sources: Mapping[str, bytes]) -> None:
        """Keep what a code digest stands for.

        Args:
            digest: The code's digest.
            facts: What went into it, and the files that it stood in.
            sources: SHA-256 -> the text of each file.
        """
        with self._lock:
            self._facts[digest] = json.dumps(facts, sort_keys=True)
            new = sources.keys() - self._kept
            self._texts |= {sha256: sources[sha256] for sha256 in new}

    def insert(self, connection: sqlite3.Connection) -> set[str]:
        """Insert what is new; once the transaction has ended, hand the answer to `note_kept`."""
        with self._lock:
            facts, texts = dict(self._facts), dict(self._texts)
        connection.executemany("INSERT OR IGNORE INTO code VALUES (?, ?)", facts.items())
        for sha256, text in texts.items():
            _insert_text(connection, sha256, text)
        return {*facts, *texts}

    def note_kept(self, hashes: set[str]) -> None:
        """Forget what is durable now."""
        with self._lock:
            self._kept |= hashes
            self._facts = {k: v for k, v in self._facts.items() if k not in hashes}
            self._texts = {k: v for k, v in self._texts.items() if k not in hashes}


def _insert_text(connection: sqlite3.Connection, sha256: str, text: bytes) -> None:
    known = connection.execute("SELECT 1 FROM source_text WHERE sha256 = ?", (sha256,)).fetchone()
    if known is None:
        packed = zlib.compress(text)
        connection.execute("INSERT INTO source_text VALUES (?, ?)", (sha256, packed))


def kept_facts(database: Database, digest: str) -> Mapping[str, Any]:
    """What a code digest stood for; nothing of one that is not known."""
    row = database.row("SELECT facts FROM code WHERE digest = ?", digest)
    found: dict[str, Any] = {} if row is None or not row["facts"] else json.loads(row["facts"])
    return {"units": {}, "distributions": {}, "opaque": [], "files": {}} | found


def kept_source(database: Database, sha256: str) -> bytes | None:
    """The text of a source file that a result was made with."""
    row = database.row("SELECT text FROM source_text WHERE sha256 = ?", sha256)
    return None if row is None else zlib.decompress(row["text"])
