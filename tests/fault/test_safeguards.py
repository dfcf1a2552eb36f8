"""Each safeguard, removed from a copy of the source, makes a named test fail."""

import shutil
import subprocess
import sys
from dataclasses import dataclass

from tests.conftest import PROJECT, SOURCES
from tests.fault.recording import needs_strace
from tests.fault.worlds import SmallRun

pytestmark = needs_strace

POWER_CUT = "fault/test_lost_writes.py::test_a_power_cut_at_any_moment_loses_nothing_that_was_told"
FIRST, BESIDE_A_READER = "[first_run-SmallRun]", "[second_run-SmallRunBesideAReader]"
SAMPLED_EVERY = 13
DEED = "fault/test_deeds_cut_short.py::test_"
DEED_KILLED = f"{DEED}killed_before_any_call_it_is_whole_and_comes_to_its_end"
DEED_CUT_OFF = f"{DEED}a_power_cut_takes_nothing_away_that_was_told"
DEED_AGAIN = f"{DEED}what_was_killed_and_done_again_survives_a_power_cut"

_RECOVERY = "    with _recovery_key(recovery, text, is_needed=lambda: vault.exists):\n"
_KEEP = (
    "        vault.keep(wrapped, list(dict.fromkeys([public, *others])), state_key_of(identity))\n"
)


@dataclass(frozen=True)
class Safeguard:
    """Lines of the source that protect something, and the test that misses them.

    Attributes:
        file: Where they are.
        lines: What they are.
        instead: What is there without them.
        missed_by: The test, below `tests`.
    """

    file: str
    lines: str
    instead: str
    missed_by: str


SAFEGUARDS = {
    "a file's bytes are flushed": Safeguard(
        "registry/objects.py", "fchmod(descriptor, mode)\n        os.fsync(descriptor)\n",
        "fchmod(descriptor, mode)\n", POWER_CUT + FIRST,
    ),
    "the name of an object is flushed": Safeguard(
        "registry/objects.py", "        flush_folder(target.parent)\n", "", POWER_CUT + FIRST,
    ),
    "the names of replaced files are flushed": Safeguard(
        "registry/objects.py", "            flush_folder(folder)\n", "            pass\n",
        POWER_CUT + FIRST,
    ),
    "the name of a new folder is flushed": Safeguard(
        "registry/objects.py", "        flush_folder(path.parent)\n", "", POWER_CUT + FIRST,
    ),
    "a commit is flushed": Safeguard(
        "registry/database.py", "synchronous = FULL", "synchronous = NORMAL",
        POWER_CUT + BESIDE_A_READER,
    ),
    "what a killed holder left is flushed": Safeguard(
        "adapters/running/lock.py",
        "    if os.fstat(descriptor).st_size:\n", "    if not descriptor:\n",
        "fault/test_lost_writes.py::"
        "test_what_a_killed_run_left_is_durable_once_the_next_one_relies_on_it[first_run]",
    ),
    "what was written is read back": Safeguard(
        "registry/objects.py", "same = sha256_of_file(path) == written", "same = True",
        "fault/test_injected_errors.py::"
        "test_bytes_that_never_reached_the_disk_are_found_before_they_are_registered",
    ),
    "recovery holds the lock": Safeguard(
        "adapters/terminal/commands/command.py", "    with profile_lock(profile.folder):\n",
        "    if profile_lock:\n",
        "fault/test_kill_everywhere.py::"
        "test_what_a_writer_is_writing_is_removed_only_once_it_is_gone",
    ),
    "helpers are followed": Safeguard(
        "registry/code_analysis/graph.py", "            yield from found.links\n            for",
        "            for",
        "registry/test_code_identity.py::"
        "test_an_edit_moves_exactly_the_keys_that_can_see_it",
    ),
    "a state of another generation is written anew": Safeguard(
        "adapters/running/state_file.py", 'document.get("generation") == generation', "document",
        "fault/test_kill_everywhere.py::"
        "test_killed_after_the_commit_the_state_follows_with_the_next_run",
    ),
    "what is forgotten is flushed": Safeguard(
        "adapters/upkeep/forgetting.py",
        "    os.sync()  # what was removed", "    # what was removed",
        "fault/test_maintenance_cut_short.py::"
        "test_a_power_cut_brings_nothing_back_that_was_forgotten",
    ),
    "the folders on the way to a new profile are flushed": Safeguard(
        "adapters/running/lock.py", "            make_lasting_folder(folder)\n",
        "            folder.mkdir(mode=0o700, parents=True, exist_ok=True)\n",
        DEED_AGAIN + "[import into nothing]",
    ),
    "what a killed writer left is removed by the next": Safeguard(
        "adapters/terminal/commands/command.py", "    profile.store.remove_leftovers()\n", "",
        DEED_KILLED + "[import into nothing]",
    ),
    "the recovery key is flushed": Safeguard(
        "adapters/vault/vault.py", "            os.fsync(descriptor)\n", "",
        DEED_CUT_OFF + "[vault init]",
    ),
    "the recovery key's name is flushed": Safeguard(
        "adapters/vault/vault.py", "        flush_folder(path.parent)\n", "",
        DEED_CUT_OFF + "[vault init]",
    ),
    "the recovery key comes first": Safeguard(
        "adapters/vault/vault.py", _RECOVERY + _KEEP,
        _KEEP.removeprefix("    ") + _RECOVERY + "        pass\n",
        DEED_CUT_OFF + "[vault init]",
    ),
    "the identity comes last": Safeguard(
        "adapters/vault/vault.py", "        replace_file(self._recipients,",
        "        self.rewrap(wrapped)\n        replace_file(self._recipients,",
        DEED_KILLED + "[vault init]",
    ),
    "a vault is made under the lock": Safeguard(
        "adapters/terminal/commands/vault.py",
        "    with profile_lock(profile.folder):\n        public", "    if profile:\n        public",
        DEED_AGAIN + "[vault init]",
    ),
    "what a head leads to is flushed": Safeguard(
        "adapters/remote/folder.py", "                flush_file_system(lock)\n", "",
        DEED_AGAIN + "[a head]",
    ),
    "a push says what it begins": Safeguard(
        "adapters/remote/push.py", "    sender.memory.begin(after)\n", "",
        DEED_KILLED + "[state push]",
    ),
    "a pull is agreed on last": Safeguard(
        "adapters/remote/pull.py", "    keep_vault()\n",
        "    receiver.memory.agree(_known_now(receiver, manifest, facts, keeps=keeps))\n"
        "    keep_vault()\n",
        DEED_KILLED + "[state pull]",
    ),
    "what was pulled is flushed": Safeguard(
        "adapters/remote/transfer.py", "        os.fsync(descriptor)\n", "",
        DEED_CUT_OFF + "[state pull]",
    ),
    "the names of what was pulled are flushed": Safeguard(
        "adapters/remote/adopting.py", "    all_durable(flush_folder, sorted(folders))\n", "",
        DEED_CUT_OFF + "[state pull]",
    ),
    "the folder of an export is flushed": Safeguard(
        "adapters/publishing/handing_out.py", "    make_lasting_folder(folder)\n",
        "    folder.mkdir(mode=0o700, parents=True, exist_ok=True)\n",
        DEED_CUT_OFF + "[export csv]",
    ),
    "an export's name is flushed": Safeguard(
        "adapters/publishing/handing_out.py", "    flush_folder(path.parent)\n", "",
        DEED_CUT_OFF + "[export csv]",
    ),
    "what a killed export left is removed by the next": Safeguard(
        "adapters/publishing/handing_out.py", "            path.unlink(missing_ok=True)\n",
        "            continue\n", DEED_KILLED + "[export csv]",
    ),
}  # fmt: skip


def pytest_generate_tests(metafunc):
    if "safeguard" in metafunc.fixturenames:
        names = [*SAFEGUARDS]
        if not metafunc.config.getoption("--complete"):
            names = names[1::SAMPLED_EVERY]
        metafunc.parametrize("safeguard", names)


def test_a_safeguard_that_is_removed_is_missed(safeguard, tmp_path, counted):
    removed = SAFEGUARDS[safeguard]
    copy_of_the_source(tmp_path)
    file = tmp_path / removed.file
    text = file.read_text()
    assert text.count(removed.lines) == 1
    file.write_text(text.replace(removed.lines, removed.instead))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider",
         f"tests/{removed.missed_by}"],
        cwd=tmp_path, env={**SmallRun.environment(), "PYTHONPATH": str(tmp_path)},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout
    assert f"FAILED tests/{removed.missed_by}" in done.stdout
    counted("safeguards removed, and missed by a named test", 1)


def copy_of_the_source(folder):
    for name in (*SOURCES, "tests", "pyproject.toml"):
        origin = PROJECT / name
        if origin.is_dir():
            shutil.copytree(origin, folder / name)
        else:
            shutil.copy(origin, folder / name)
