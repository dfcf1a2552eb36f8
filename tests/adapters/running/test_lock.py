import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from adapters.running.lock import LockUnavailableError, ProfileBusy, profile_lock
from registry.objects import WriteError

HOLD = """
import sys, time
from pathlib import Path
from adapters.running.lock import profile_lock
with profile_lock(Path(sys.argv[1])):
    print("held", flush=True)
    {}
"""


def start(folder, what="time.sleep(60)"):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD.format(what), str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    return process


def end(process):
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_run_says_who_holds_the_profile(tmp_path):
    process = start(tmp_path / "me")
    try:
        started = time.monotonic()
        with pytest.raises(ProfileBusy, match=rf"process {process.pid}, since 20\d\d-") as caught:
            profile_lock(tmp_path / "me", wait_seconds=0.2).__enter__()
        assert 0.2 <= time.monotonic() - started < 2
    finally:
        end(process)
    assert caught.value.exit_code == 75
    assert caught.value.pid == process.pid


def test_a_second_run_waits_for_the_first(tmp_path):
    process = start(tmp_path / "me", "time.sleep(0.3)")
    with profile_lock(tmp_path / "me", wait_seconds=10):
        pass
    end(process)


def test_a_killed_holder_holds_nothing(tmp_path):
    end(start(tmp_path / "me"))
    with profile_lock(tmp_path / "me", wait_seconds=0):
        pass


def test_the_lock_is_free_after_an_error_and_again_and_again(tmp_path):
    for _ in range(3):
        with pytest.raises(KeyError), profile_lock(tmp_path, wait_seconds=0):
            raise KeyError
    assert (tmp_path / "lock").read_bytes() == b""


@pytest.mark.parametrize("failure", [WriteError("full"), OSError(5, "broken")])
def test_who_met_a_failing_disk_leaves_a_mark_and_the_next_flushes(tmp_path, failure, monkeypatch):
    with pytest.raises(type(failure)), profile_lock(tmp_path, wait_seconds=0):
        raise failure
    assert (tmp_path / "lock").read_bytes()
    flushed = []
    monkeypatch.setattr("ctypes.CDLL", lambda _name: None)  # no syncfs here: all is flushed
    monkeypatch.setattr("os.sync", lambda: flushed.append("all"))
    with profile_lock(tmp_path, wait_seconds=0):
        assert flushed
    assert (tmp_path / "lock").read_bytes() == b""


def test_two_profiles_do_not_meet(tmp_path):
    with profile_lock(tmp_path / "me", wait_seconds=0), profile_lock(tmp_path / "demo"):
        pass


@pytest.mark.parametrize(
    "spawn",
    [
        "import subprocess; subprocess.Popen(['sleep', '5'], close_fds=False)",
        "import os; os.fork() or (os.close(1), time.sleep(5), os._exit(0))",
    ],
)
def test_a_child_that_outlives_its_parent_does_not_hold_the_profile(tmp_path, spawn):
    process = start(tmp_path / "me", f"{spawn}; print('spawned', flush=True); time.sleep(60)")
    assert process.stdout.readline() == "spawned\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    with profile_lock(tmp_path / "me", wait_seconds=2):
        pass


def test_a_child_that_leaves_the_block_does_not_free_the_profile(tmp_path):
    process = start(tmp_path / "me", "import os; os.fork() and os.wait()")
    process.wait()
    assert process.returncode == 0
    process = start(tmp_path / "me", "import os; os.fork() and (os.wait(), time.sleep(60))")
    time.sleep(0.3)
    try:
        with pytest.raises(ProfileBusy, match=f"process {process.pid}"):
            profile_lock(tmp_path / "me", wait_seconds=0).__enter__()
    finally:
        end(process)


def test_a_holder_that_did_not_say_who_it_is_is_told_all_the_same(tmp_path):
    process = start(tmp_path / "me")
    try:
        (tmp_path / "me" / "lock").write_text("{")
        with pytest.raises(ProfileBusy, match="did not say which"):
            profile_lock(tmp_path / "me", wait_seconds=0).__enter__()
    finally:
        end(process)


def test_a_link_in_the_place_of_the_lock_is_not_followed(tmp_path):
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "lock").symlink_to("victim")
    with pytest.raises(LockUnavailableError, match="cannot be locked"):
        profile_lock(tmp_path, wait_seconds=0).__enter__()
    assert (tmp_path / "victim").read_text() == "precious"


def test_a_file_in_the_place_of_the_profile_is_one_clear_line(tmp_path):
    (tmp_path / "me").write_text("")
    with pytest.raises(LockUnavailableError, match="PDP_HOME") as caught:
        profile_lock(tmp_path / "me").__enter__()
    assert caught.value.exit_code == 1


def test_modes_do_not_depend_on_the_umask(tmp_path):
    previous = os.umask(0)
    try:
        with profile_lock(tmp_path / "me"):
            found = [Path(tmp_path / "me"), tmp_path / "me" / "lock"]
            modes = [stat.S_IMODE(path.stat().st_mode) for path in found]
    finally:
        os.umask(previous)
    assert modes == [0o700, 0o600]
