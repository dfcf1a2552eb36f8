"""What a manifest names comes here: what is missing, verified, into a folder of its own."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from adapters.profile import Profile
from adapters.remote.backend import Backend
from adapters.remote.parallel import in_parallel
from adapters.remote.sealing import Entry, RemoteManifest
from adapters.remote.transfer import Expected, Staged, fetch, flush_file, is_staged
from adapters.vault import DamagedError
from adapters.vault.age import Identity
from registry.objects import CHUNK, ContentStore
from registry.raw_files import CONTENT
from registry.store import FILE_NAMES


@dataclass(frozen=True)
class Amount:
    """How much travelled."""

    objects: int
    bytes: int


class Bringer:
    """Brings contents here.

    Args:
        backend: Where from.
        profile: Whose.
        identities: The keys that open it.
        on_object: Told of each object that came, with the number of all that will.
    """

    def __init__(
        self,
        backend: Backend,
        profile: Profile,
        identities: Sequence[Identity],
        on_object: Callable[[int, int], None],
    ) -> None:
        self._backend, self._identities, self._on_object = backend, identities, on_object
        self.incoming = profile.incoming
        self._stores = {
            "raw": ContentStore(profile.folder / "raw"),
            "object": ContentStore(profile.folder / "objects"),
        }

    def bring(self, manifest: RemoteManifest) -> Amount:
        """Bring what is neither in its place nor here from an earlier pull. It is durable then.

        The disk writes while the next objects come.

        Raises:
            DamagedError: An object is not what the manifest says.
        """
        missing = {e.sha256: e for e in manifest.entries if not self._holds(e)}
        here = {e for e in missing.values() if is_staged(self.incoming, _expected(e))}
        jobs = [e for e in missing.values() if e not in here]
        with ThreadPoolExecutor(1) as disk:
            flushed = [disk.submit(flush_file, self.staged(entry)) for entry in here]
            for number, entry in enumerate(in_parallel(self._bring, jobs), 1):
                flushed.append(disk.submit(flush_file, self.staged(entry)))
                self._on_object(number, len(jobs))
        for file in flushed:
            file.result()
        return Amount(len(jobs), sum(entry.size for entry in jobs))

    def _bring(self, entry: Entry) -> Entry:
        target = Staged(self.incoming, _expected(entry))
        try:
            fetch(self._backend, entry.name, self._identities, target, "an object of the remote")
        finally:
            target.close()
        return entry

    def _holds(self, entry: Entry) -> bool:
        place = self.place(entry)
        return place is not None and place[0].holds(entry.sha256, place[1], entry.size)

    def place(self, entry: Entry) -> tuple[ContentStore, str] | None:
        """Where a content belongs; None if it is no file of its own.

        Raises:
            DamagedError: It is of no kind that this version knows.
        """
        if entry.kind == "raw":
            return self._stores["raw"], CONTENT
        if entry.kind != "object":
            return None
        if entry.key not in FILE_NAMES:
            raise DamagedError("the remote's manifest", "it names a codec that nobody knows")
        return self._stores["object"], FILE_NAMES[entry.key]

    def staged(self, entry: Entry) -> Path:
        """Where a content waits."""
        return self.incoming / entry.sha256

    def content(self, entry: Entry) -> bytes:
        """A small content that waits here."""
        return self.staged(entry).read_bytes()

    def chunks(self, entry: Entry) -> Iterator[bytes]:
        """A content that waits here, in pieces."""
        with self.staged(entry).open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk


def _expected(entry: Entry) -> Expected:
    return Expected(entry.sha256, entry.size)
