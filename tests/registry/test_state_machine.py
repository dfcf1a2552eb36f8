"""The registry as a state machine: whatever happens in whatever order, it is as a small model says.

The model is a few dicts. What is bound to it is the real thing: SQLite, objects, manifests, raw
files. A crash drops what no transaction has made durable; a lost or spoilt registry comes back.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from registry.database import RegistryDamagedError
from registry.forgetting import farewell, mend_manifests, remove_raw, remove_unregistered
from registry.forgotten_rows import remove_rows
from registry.garbage import Collector
from registry.generations import Generations
from registry.raw_files import RawFiles
from registry.raw_index import DatabaseRawIndex
from registry.restoring import NotRestorableError, restore
from registry.soundness import REGISTRY, opened_soundly, renewed
from registry.store import DamagedArtifactError, Input, Store
from tests.registry.test_store import computation, encoded

# Flushing to a disk that others use takes most of the time, and proves nothing here.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
NODES = ("first", "second", "third")
CONTENTS = st.sampled_from([b"1", b"22", b"333", b"4444"])


class Registry(RuleBasedStateMachine):
    """One profile's registry beside its model.

    Attributes:
        made: Key -> content, of every computation that is durable.
        gone: The hashes whose bytes were damaged or removed.
        published: Generation -> output -> (key, version).
    """

    damaged = Bundle("damaged")

    @initialize()
    def begin(self):
        self.folder = Path(tempfile.mkdtemp(prefix="registry-", dir=MEMORY)) / "me"
        self.made, self.waiting, self.raw = {}, {}, set()
        self.contents, self.gone, self.flipped = {}, set(), set()
        self.published, self.current = {}, None
        self.versions = {}
        self.open()

    def open(self):
        """Open as a run does: what turns out to be damaged later is made again once."""
        opened = opened_soundly(self.folder)
        try:
            self._use(opened)
        except RegistryDamagedError as damage:
            self._use(renewed(self.folder, damage.problem, opened.database))

    def _use(self, opened):
        self.notices, self.database = opened.notices, opened.database
        self.store = Store(self.folder, self.database)
        self.generations = Generations(self.folder, self.database)
        self.raw_files = RawFiles(self.folder / "raw", DatabaseRawIndex(self.database))

    def teardown(self):
        if hasattr(self, "database"):
            self.database.close()
            shutil.rmtree(self.folder.parent)

    # -- what a run does -------------------------------------------------------------------------

    @rule(node=st.sampled_from(NODES), content=CONTENTS, has_part=st.booleans())
    def commit(self, node, content, has_part):
        key, whole, parts = f"{node} {content!r} {has_part}", content, ()
        if has_part:
            parts = (encoded(b"part of " + content, "parquet"),)
            whole = b"[" + content + b"]"
        made = encoded(whole, "json", parts)
        self.store.commit(computation(key, node, [Input("n", "configuration", "h")]), made)
        self.waiting[key] = made.artifact
        for each in (*parts, made):
            self._stored(each.artifact, b"".join(each.content))

    @rule()
    def flush(self):
        self.store.flush()
        self._is_durable()

    @rule(content=CONTENTS)
    def add_input(self, content):
        given = encoded(b"input " + content, "parquet")
        self.store.add_input(given)
        self._stored(given.artifact, b"input " + content)
        self._is_durable()

    @rule(content=CONTENTS)
    def add_raw_file(self, content):
        added = self.raw_files.add_stream([content], "name", stored_utc="2025-01-01T00:00:00Z")
        self.raw.add(added.entry.sha256)

    @precondition(lambda self: self.made or self.waiting)
    @rule(choice=st.randoms(use_true_random=False))
    def publish(self, choice):
        self.store.flush()
        self._is_durable()
        newest = {key.split()[0]: key for key in choice.sample(sorted(self.made), len(self.made))}
        artifacts = {node: self.store.recorded(key) for node, key in newest.items()}
        number = self.generations.publish(
            run_id=f"run {len(self.published)}",
            published_utc="2025-01-01T00:00:00Z",
            artifacts=artifacts,
            nodes={(node, ""): artifact for node, artifact in artifacts.items()},
            facts={},
        )
        assert number == len(self.published) + 1
        outputs = {node: (a, self._version(node, a)) for node, a in artifacts.items()}
        self._publish(number, outputs)

    def _version(self, node, artifact):
        before = self.published.get(self.current, {}).get(node)
        if before is not None and before[0] == artifact:
            return before[1]
        return self.versions.get(node, 0) + 1

    def _publish(self, number, outputs):
        self.published[number], self.current = outputs, number
        (self.folder / "outputs").mkdir(exist_ok=True)
        for node, (_, version) in outputs.items():
            self.versions[node] = max(version, self.versions.get(node, 0))

    @rule()
    def unpublish(self):
        self.store.flush()
        self._is_durable()
        self.generations.unpublish()
        for name in ("objects", "outputs"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        self.gone |= self.contents.keys()
        self.flipped = set()
        self.current = None

    def _stored(self, artifact, content):
        """What is there with its size is not written again: whoever reads it finds its damage."""
        self.contents[artifact.sha256] = (artifact, content)
        if artifact.sha256 not in self.flipped:
            self.gone.discard(artifact.sha256)

    def _is_durable(self):
        self.made |= self.waiting
        self.waiting = {}

    # -- what goes wrong -------------------------------------------------------------------------

    @precondition(lambda self: self.contents.keys() - self.gone)
    @rule(target=damaged, choice=st.randoms(use_true_random=False), removes=st.booleans())
    def damage(self, choice, removes):
        sha256 = choice.choice(sorted(self.contents.keys() - self.gone))
        artifact, content = self.contents[sha256]
        path = self.store.path(artifact)
        path.chmod(0o600)
        if removes:
            path.unlink()
        else:
            path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
            self.flipped.add(sha256)
        self.gone.add(sha256)
        return artifact

    @rule(artifact=consumes(damaged))
    def discard_damaged(self, artifact):
        if artifact.sha256 in self.gone:
            self.store.discard_damaged(artifact)
            self.flipped.discard(artifact.sha256)
            assert not self.store.present(artifact)

    @rule()
    def crash(self):
        (self.folder / "objects").mkdir(exist_ok=True)
        (self.folder / "objects" / "0123.tmp").write_bytes(b"half")
        self.database.close()
        self.waiting = {}
        self.open()
        self.store.remove_leftovers()
        assert not list(self.folder.rglob("*.tmp"))
        assert self.notices == []

    @rule()
    def lose_the_registry(self):
        self._without_registry(lambda path: path.unlink())

    @rule(share=st.integers(1, 99))
    def spoil_the_registry(self, share):
        def spoil(path):
            content = bytearray(path.read_bytes())
            start = len(content) * share // 100
            content[start : start + 4096] = b"\xa5" * min(4096, len(content) - start)
            path.write_bytes(content)
            path.with_name("spoilt").write_text("")

        self._without_registry(spoil)

    def _without_registry(self, spoil):
        """What only the registry knew is lost: computations that no generation has."""
        self.database.close()
        before = self._durable_keys()
        spoil(self.folder / REGISTRY)
        self.open()
        kept = {key for key in before if self._recorded(key) is not None}
        published = {
            artifact.key for outputs in self.published.values() for artifact, _ in outputs.values()
        }
        assert published <= kept
        self.made = {key: artifact for key, artifact in before.items() if key in kept}
        self.waiting = {}

    def _durable_keys(self):
        return dict(self.made)

    def _recorded(self, key):
        return self.store.recorded(key)

    @rule(number=st.integers(1, 4))
    def rollback(self, number):
        self.store.flush()
        self._is_durable()
        try:
            new = restore(
                self.generations, self.store, number, run_id="rollback", published_utc="2025"
            )
        except NotRestorableError:
            assert number not in self.published or self._cannot_be_restored(number)
        else:
            self._publish(new, dict(self.published[number]))

    def _cannot_be_restored(self, number):
        keys = [
            {a.key for a, _ in self.published.get(n, {}).values()} for n in (number, self.current)
        ]
        lost = [a for a, _ in self.published[number].values() if not self.store.present(a)]
        return number == self.current or keys[0] == keys[1] or bool(lost)

    @rule()
    def collect_garbage(self):
        self.store.flush()
        self._is_durable()
        Collector(self.store, self.generations).collect(newest=100)
        reached = {a.key for outputs in self.published.values() for a, _ in outputs.values()}
        self.made = {key: made for key, made in self.made.items() if key in reached}
        self._only_what_was_made_stays()

    @precondition(lambda self: self.raw)
    @rule(choice=st.randoms(use_true_random=False))
    def forget(self, choice):
        """A raw file that no computation came from takes nothing along but what nothing needs."""
        self.store.flush()
        self._is_durable()
        entry = self.raw_files.find(choice.choice(sorted(self.raw)))
        told = farewell(self.raw_files, entry, run_id=f"forget {entry.sha256}", started_utc="2025")
        remove_rows(self.database, self.generations, told)
        remove_raw(self.raw_files, told)
        remove_unregistered(self.store)
        mend_manifests(self.folder, self.generations, told)
        self.raw.remove(entry.sha256)
        self.raw_files = RawFiles(self.folder / "raw", DatabaseRawIndex(self.database))
        for path in (self.folder / "manifests").glob("*.json"):
            assert entry.sha256 not in path.read_text()
        self._only_what_was_made_stays()

    def _only_what_was_made_stays(self):
        kept = {self.store.recorded(key).sha256 for key in self.made}
        kept |= {part.sha256 for key in self.made for part in self.store.parts(self.made[key])}
        self.contents = {sha256: it for sha256, it in self.contents.items() if sha256 in kept}
        self.gone &= kept
        self.flipped &= kept

    # -- what always holds -----------------------------------------------------------------------

    @invariant()
    def every_computation_is_known(self):
        for key, artifact in (self.made | self.waiting).items() if hasattr(self, "made") else ():
            found = self.store.recorded(key)
            assert found == artifact
            assert found.key == key

    @invariant()
    def bytes_are_there_and_whole_or_their_damage_shows(self):
        for sha256, (artifact, content) in getattr(self, "contents", {}).items():
            if sha256 in self.gone:
                with pytest.raises(DamagedArtifactError):
                    self.store.check(artifact)
            else:
                assert self.store.check(artifact).read_bytes() == content

    @invariant()
    def what_is_published_is_what_was_published(self):
        if not hasattr(self, "published"):
            return
        assert self.generations.current() == self.current
        for number, outputs in self.published.items():
            found = self.generations.outputs(number)
            assert {name: (o.artifact, o.version) for name, o in found.items()} == outputs

    @invariant()
    def every_raw_file_is_known(self):
        if hasattr(self, "raw"):
            assert {entry.sha256 for entry in self.raw_files.entries()} == self.raw


def test_the_registry_does_what_its_model_says(complete):
    run_state_machine_as_test(
        Registry,
        settings=settings(
            max_examples=300 if complete else 25,
            stateful_step_count=40 if complete else 20,
            deadline=None,
            phases=[Phase.generate],
            database=None,
            derandomize=not complete,
            suppress_health_check=list(HealthCheck),
        ),
    )
