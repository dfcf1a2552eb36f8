"""Published outputs in a remote, verified and decrypted in the memory of one session."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from functools import cache
from typing import Any, Final

import pyarrow as pa

from adapters.dashboard.background import RegistryBackground
from adapters.dashboard.private.unlocked_registry import UnlockedRegistry
from adapters.dashboard.published import Facts, Published, within_dates
from adapters.dashboard.series import Windows
from adapters.dashboard.store import NothingToShowError
from adapters.engine.codecs import Codecs, read_parquet
from adapters.remote.backend import Backend
from adapters.remote.remote_state import manifest_at, sealed_head
from adapters.remote.sealing import Entry, RemoteManifest, Seal
from adapters.remote.transfer import Expected, InMemory, fetch
from adapters.vault.age import Identity
from registry.store import Artifact

LOOKS_EVERY_SECONDS: Final = 5.0
MOST_BYTES: Final = 1 << 30


class RemoteStore:
    """What is published in a remote, decrypted in memory.

    Args:
        backend: Where it is.
        seal: What its head and manifests are verified with.
        identities: What opens its objects.
        profile: Whose it is.
        windows: Morning and evening.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        backend: Backend,
        seal: Seal,
        identities: Sequence[Identity],
        profile: str,
        windows: Windows,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._backend, self._seal, self._identities = backend, seal, identities
        self._profile, self._windows, self._clock = profile, windows, clock
        self._head: bytes | None = None
        self._shown: Published | None = None
        self._looked = float("-inf")
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="remote")
        self._looking: Future[None] | None = None

    def current(self) -> Published:
        """The newest state; a newer one is looked for beside, and met at a later call.

        Raises:
            NothingToShowError: Nothing was pushed yet.
            RemoteError: The remote cannot be reached, or is not what was pushed.
        """
        if self._shown is None:
            self._look()
        elif self._clock() - self._looked >= LOOKS_EVERY_SECONDS and not self._is_looking:
            self._looking = self._worker.submit(self._look)
        assert self._shown is not None
        return self._shown

    @property
    def _is_looking(self) -> bool:
        return self._looking is not None and not self._looking.done()

    def _look(self) -> None:
        self._looked = self._clock()
        found = sealed_head(self._backend, self._seal)
        if found is None:
            raise NothingToShowError("the remote holds no state yet; run python cli.py state push")
        if found.head.content == self._head:
            return
        manifest = manifest_at(self._backend, self._seal, found.facts.manifest, self._identities)
        self._shown = self._published(manifest)
        self._head = found.head.content

    def _published(self, manifest: RemoteManifest) -> Published:
        documents = {entry.key: entry for entry in manifest.of_kind("manifest")}
        if str(manifest.generation) not in documents:
            raise NothingToShowError("nothing is published in the remote; run python cli.py")
        document = json.loads(self._content(documents[str(manifest.generation)]))
        outputs = document["outputs"]
        artifacts = {
            name: Artifact(*document["artifacts"][row[2]]) for name, row in outputs.items()
        }
        objects = {(entry.sha256, entry.key): entry for entry in manifest.of_kind("object")}
        rows = UnlockedRows(
            artifacts, lambda found: self._content(objects[found.sha256, found.codec])
        )
        facts = Facts(
            self._profile,
            document["generation"],
            document["published_utc"],
            {name: row[0] for name, row in outputs.items()},
            rows.value("books") if "books" in artifacts else {},
        )
        tables = [name for name, artifact in artifacts.items() if artifact.rows is not None]
        registry = UnlockedRegistry(document, lambda: self._past(manifest))
        background = RegistryBackground(registry.ask, document["generation"])
        return Published(facts, tables, rows, self._windows, background)

    def _past(self, manifest: RemoteManifest) -> bytes:
        (entry,) = manifest.of_kind("past")
        return self._content(entry)

    def _content(self, entry: Entry) -> bytes:
        target = InMemory(Expected(entry.sha256, entry.size), MOST_BYTES)
        fetch(self._backend, entry.name, self._identities, target, f"the remote's {entry.kind}")
        return target.content


class UnlockedRows:
    """Outputs that are decrypted when they are asked for, once.

    Args:
        artifacts: Output -> what holds it.
        content: Decrypts and verifies an artifact's bytes.
    """

    def __init__(
        self, artifacts: Mapping[str, Artifact], content: Callable[[Artifact], bytes]
    ) -> None:
        self._artifacts = artifacts
        self._codecs = Codecs(
            lambda artifact: pa.py_buffer(content(artifact)),
            lambda _table: None,
            lambda artifact: read_parquet(pa.py_buffer(content(artifact))),
        )
        self.table = cache(self._table)

    def _table(self, name: str) -> pa.Table:
        """All rows of an output."""
        return pa.concat_tables(self._codecs.tables(self._artifacts[name]))

    def between(self, name: str, first: date, last: date) -> pa.Table:
        """The rows of an output with a local date from the first to the last."""
        return within_dates(self.table(name), first, last)

    def value(self, name: str) -> Any:
        """An output that is no table."""
        return json.loads(self._codecs.open_bytes(self._artifacts[name]).to_pybytes())
