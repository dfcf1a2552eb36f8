"""Homes small enough to push and pull hundreds of times: texts in, a chain of two nodes out."""

import shutil

from adapters.profile import Profile
from adapters.remote.backend import HEADS
from adapters.remote.contents import NOTHING, contents_of
from adapters.remote.memory import Memory
from adapters.remote.pruning import Pruner, prune
from adapters.remote.pull import Receiver, pull
from adapters.remote.push import Sender, push
from adapters.remote.remote_state import manifest_at, sealed_head
from adapters.remote.repairing import repair
from adapters.remote.sealing import Seal
from adapters.remote.transfer import Expected, InMemory, fetch
from adapters.upkeep.forgetting import forget, preview
from adapters.vault.age import new_identity
from registry.restoring import places
from tests.registry.chains import Chain

IDENTITY = new_identity()
SEAL = Seal(b"k" * 32)


class SmallHome(Chain):
    """A machine with one profile. Whatever happens to it, `reopen` is a new process."""

    def __init__(self, home, remote):
        self.home, self.remote, self.seal = home, remote, SEAL
        self.wrapped = b"wrapped"
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

    def forget(self, sha256):
        """Forget a raw file and all that came from it."""
        (entry,) = [one for one in self.profile.raw_files.entries() if one.sha256 == sha256]
        forget(self.profile, preview(self.profile, entry).told)
        self.profile.reread()

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
            wrapped=self.wrapped,
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

    def agrees(self):
        """Whether it holds what it last agreed on with the remote, and nothing else."""
        known = self.memory.known()
        contents = contents_of(self.profile)
        return known is not None and contents.is_whole and contents.fingerprint == known.fingerprint

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


def history_of(remote, reference):
    """The seals of a manifest and of all that it comes from, as far as they are there."""
    waiting, found = [reference], set()
    while waiting:
        one = waiting.pop()
        if one.seal not in found and one.name in remote.objects:
            manifest = manifest_at(remote, SEAL, one, [IDENTITY])
            found |= set(manifest.ancestors)
            waiting += manifest.parents
        found.add(one.seal)
    return found


def needed(remote):
    """The names of what the head and the heads that are kept beside it need."""
    found = {"head"}
    heads = [name for name in remote.objects if name.startswith(HEADS)]
    for head in ("head", *heads):
        facts = SEAL.head_facts(remote.objects[head])
        manifest = manifest_at(remote, SEAL, facts.manifest, [IDENTITY])
        found |= {head, facts.manifest.name, facts.identity_name}
        found |= {entry.name for entry in manifest.entries}
    return found & remote.objects.keys()
