"""Homes small enough to push and pull hundreds of times: texts in, a chain of two nodes out."""

import shutil

from adapters.profile import Profile
from adapters.remote.contents import NOTHING, contents_of
from adapters.remote.memory import Memory
from adapters.remote.pruning import Pruner, prune
from adapters.remote.pull import Receiver, pull
from adapters.remote.push import Sender, push
from adapters.remote.remote_state import manifest_at, sealed_head
from adapters.remote.repairing import repair
from adapters.remote.sealing import Seal
from adapters.remote.transfer import Expected, InMemory, fetch
from adapters.vault.age import new_identity
from registry.restoring import places
from tests.registry.chains import Chain

IDENTITY = new_identity()
SEAL = Seal(b"k" * 32)


class SmallHome(Chain):
    """A machine with one profile. Whatever happens to it, `reopen` is a new process."""

    def __init__(self, home, remote):
        self.home, self.remote, self.seal = home, remote, SEAL
        self.profile = Profile(home, "me")

    def reopen(self):
        self.profile.close()
        self.profile = Profile(self.home, "me")

    database = property(lambda self: self.profile.database)
    store = property(lambda self: self.profile.store)
    generations = property(lambda self: self.profile.generations)
    memory = property(lambda self: Memory.of(self.profile.folder, "remote"))

    def take_in(self, text):
        """Store a raw file."""
        self.profile.make_folders()
        self.profile.make_sound()
        added = self.profile.raw_files.add_stream(
            [text.encode()], f"{text}.csv", stored_utc="2026-01-01T00:00:00Z"
        )
        return added.entry.sha256

    def texts(self):
        """Hash -> content of every raw file."""
        if not self.profile.exists:
            return {}
        entries = self.profile.raw_files.entries()
        return {e.sha256: self.profile.raw_files.path(e.sha256).read_text() for e in entries}

    def run(self):
        """As a plain run does: compute, publish unless nothing is new."""
        texts = self.texts()
        if not texts:
            return
        nodes = self.make(texts)
        current = self.generations.current()
        keys = {place: made.key for place, made in nodes.items()}
        if current is None or places(self.generations, current) != keys:
            self.publish_nodes(nodes, run_id=f"run-{self.home.name}-{len(texts)}")

    def push(self, **options):
        sender = Sender(
            backend=self.remote,
            seal=self.seal,
            recipients=[str(IDENTITY.to_public())],
            wrapped=b"wrapped",
            profile_folder=self.profile.folder,
            memory=self.memory,
        )
        if options.pop("repairs", False):
            return repair(sender, contents_of(self.profile), [IDENTITY])
        return push(sender, contents_of(self.profile), **options)

    def pull(self, identities=(IDENTITY,), **options):
        receiver = Receiver(self.remote, self.seal, lambda: identities, self.profile, self.memory)
        contents = contents_of(self.profile) if self.profile.exists else NOTHING
        return pull(receiver, contents, **options)

    def prune(self, **options):
        pruner = Pruner(
            self.remote, self.seal, lambda: [IDENTITY], self.profile.folder, self.memory
        )
        return prune(pruner, contents_of(self.profile), **options)

    def is_whole(self):
        """Whether what is published is there, whole, and so is every raw file."""
        current = self.generations.current() if self.profile.exists else None
        return current is None or (self.whole(current) and contents_of(self.profile).is_whole)

    def looks(self):
        """All that a reader could see."""
        kept = ("raw", "objects", "manifests", "head", "corrections.csv")
        return {
            path: path.read_bytes()
            for name in kept
            for path in sorted(self.profile.folder.glob(f"{name}/**/*") if "." not in name else ())
            if path.is_file()
        } | {"generation": self.generations.current() if self.profile.exists else None}

    def remove(self):
        self.profile.close()
        shutil.rmtree(self.home, ignore_errors=True)


def head_of(remote):
    """The manifest of the head, every object of it opened and verified."""
    found = sealed_head(remote, SEAL)
    if found is None:
        return None, None
    reference = found.facts.manifest
    manifest = manifest_at(remote, SEAL, reference, [IDENTITY])
    for entry in manifest.entries:
        fetch(remote, entry.name, [IDENTITY], InMemory(Expected(entry.sha256, entry.size)), "it")
    return reference, manifest


def ancestors_of(remote, reference):
    """The names of a manifest and of all that it comes from."""
    waiting, found = [reference], {}
    while waiting:
        one = waiting.pop()
        if one.name not in found:
            found[one.name] = manifest_at(remote, SEAL, one, [IDENTITY])
            waiting += found[one.name].parents
    return found
