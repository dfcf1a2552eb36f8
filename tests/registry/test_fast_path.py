"""The fast path's parts: the command line, the sealed file, stamps and what they prove."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from registry import fast_path
from registry.conclusion import basis
from registry.fast_path import asked_by, sealed, unsealed
from registry.snapshot import Moments, Seen, importable, stamp_at

PROJECT = Path(__file__).resolve().parents[2]
SECOND = 1_000_000_000


# -- the command line ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "selects"),
    [
        ([], (False, None, None)),
        (["run"], (False, None, None)),
        (["--json", "run", "--quiet"], (False, None, None)),
        (["--skip-ingestion"], (True, None, None)),
        (["--home", "a", "--profile", "b"], (False, "a", "b")),
        (["--profile=b", "--home=a"], (False, "a", "b")),
        (["--home", "run"], (False, "run", None)),
        (["--home", "a", "--home", "b"], (False, "b", None)),
        (["--home", "a=b"], (False, "a=b", None)),
    ],
)
def test_a_plain_run_is_understood(arguments, selects):
    assert asked_by(arguments).selects() == selects


@pytest.mark.parametrize(
    "arguments",
    [
        ["--only", "daily_metrics"], ["--force", "daily_metrics"], ["--force-all"], ["--dry-run"],
        ["--clean"], ["--full-check"], ["--start-stage", "merge"], ["--verbose"], ["--version"],
        ["--help"], ["--executor", "threads"], ["--workers", "3"], ["status"], ["run", "run"],
        ["--home"], ["--home", ""], ["--home="], ["--home", "--json"], ["--profile", "--json", "x"],
        ["--js"], ["--json=1"], ["--", "run"], ["-q"], [""], ["run", "status"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_every_other_command_line_is_left_to_the_whole_program(arguments):
    assert asked_by(arguments) is None


def test_what_is_understood_means_the_same_to_the_whole_grammar():
    from adapters.terminal.arguments import parse

    words = ["run", "--json", "--quiet", "--skip-ingestion", "--home", "a", "--profile", "b"]
    words += ["--home=c", "--profile=d", "--json", "x"]
    chance = random.Random(4)
    understood = 0
    for _ in range(400):
        arguments = chance.choices(words, k=chance.randrange(5))
        asked = asked_by(arguments)
        if asked is not None:
            options = parse(arguments)
            home = str(options.home) if options.home else None
            assert options.command == "run"
            assert asked.selects() == (options.skip_ingestion, home, options.profile)
            assert (asked.as_json, asked.is_quiet) == (options.json, options.quiet)
            understood += 1
    assert understood > 50


# -- the file ------------------------------------------------------------------------------------

CONTENT = ("a", 1, None, [("b", 2**70)], b"c", {"d": 1.5})


def test_what_is_sealed_is_unsealed():
    assert unsealed(sealed(CONTENT)) == CONTENT


def test_a_torn_snapshot_says_nothing_wherever_it_is_torn():
    data = sealed(CONTENT)
    assert [unsealed(data[:length]) for length in range(len(data))] == [None] * len(data)
    assert [unsealed(data[start:]) for start in range(1, len(data))] == [None] * (len(data) - 1)


def test_a_snapshot_with_one_flipped_bit_says_nothing():
    data = sealed(CONTENT)
    for place in range(len(data)):
        for bit in range(8):
            flipped = bytearray(data)
            flipped[place] ^= 1 << bit
            assert unsealed(bytes(flipped)) is None


@pytest.mark.parametrize("data", [b"", b"x", sealed(CONTENT) + b"x", sealed(CONTENT) * 2])
def test_other_bytes_are_no_snapshot(data):
    assert unsealed(data) is None


def test_a_snapshot_of_another_python_says_nothing():
    mark = f"Python {sys.hexversion:x}".encode()
    other = sealed(CONTENT).replace(mark, mark[:-1] + b"?")
    assert unsealed(other) is None


def test_a_snapshot_that_is_a_link_is_not_followed(tmp_path):
    (tmp_path / "real").write_bytes(sealed(CONTENT))
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert fast_path.contents(str(tmp_path / "real")) == CONTENT
    assert fast_path.contents(str(tmp_path / "link")) is None


# -- the environment -----------------------------------------------------------------------------


def test_secrets_are_hashed_with_a_salt(monkeypatch):
    monkeypatch.setenv("PDP_VAULT_PASSPHRASE", "correct horse")
    asked = asked_by([])
    first, same, other = (fast_path.told(asked, salt) for salt in (b"1", b"1", b"2"))
    assert "correct horse" not in repr(first)
    assert first == same != other
    monkeypatch.setenv("PDP_VAULT_PASSPHRASE", "wrong horse")
    assert fast_path.told(asked, b"1") != first


# -- stamps --------------------------------------------------------------------------------------


def stamp(changed_ns, device=1):
    return (device, 5, 0o100600, 10, changed_ns, changed_ns - 7)


def lock_at(tmp_path, moment_ns):
    lock = tmp_path / "lock"
    lock.touch()
    os.utime(lock, ns=(moment_ns, moment_ns))
    return lock.stat()


def test_code_must_be_older_than_the_process_and_data_older_than_the_run():
    moments = Moments(device=1, process_ns=1000, run_ns=2000)
    assert moments.trusts(stamp(999), "code")
    assert not moments.trusts(stamp(1000), "code")
    assert moments.trusts(stamp(1999), "content")
    assert not moments.trusts(stamp(2000), "content")


def test_a_change_of_mode_or_name_counts_as_one():
    moments = Moments(device=1, process_ns=1000, run_ns=2000)
    only_ctime = (1, 5, 0o100600, 10, 10, 3000)
    assert not moments.trusts(only_ctime, "content")


def test_another_file_system_has_to_be_older_by_its_clock_s_worth():
    moments = Moments(device=1, process_ns=10 * SECOND, run_ns=10 * SECOND)
    assert not moments.trusts(stamp(9 * SECOND, device=2), "content")
    assert moments.trusts(stamp(7 * SECOND, device=2), "content")


def test_stamps_of_whole_seconds_prove_nothing_about_the_running_second(tmp_path):
    now = fast_path.clock_ns()
    whole = now - now % SECOND
    moments = Moments.of(lock_at(tmp_path, whole), whole - SECOND // 2)
    assert not moments.trusts(stamp(whole - SECOND, moments.device), "code")
    assert not moments.trusts(stamp(whole, moments.device), "content")
    assert moments.trusts(stamp(whole - 10 * SECOND, moments.device), "code")
    later = Moments.at_start(lock_at(tmp_path, whole), whole + SECOND // 2)
    assert not later.trusts(stamp(whole, moments.device), "content")


@pytest.mark.parametrize("off_by", [-3600, 3600])
def test_a_file_system_with_a_time_of_its_own_gets_no_snapshot(tmp_path, off_by):
    now = fast_path.clock_ns() | 1
    assert Moments.of(lock_at(tmp_path, now + off_by * SECOND), now) is None


def test_a_file_that_changes_again_within_the_tick_of_its_stamp_is_not_trusted(tmp_path):
    """The race: read, then changed again, and the stamp stays. Injected, since kernels hide it."""
    path = tmp_path / "corrections.csv"
    path.write_text("before")
    tick = path.stat().st_mtime_ns
    seen = Seen({str(path): "corrections"}, {}, str(tmp_path / "log"))
    path.write_text("during")
    os.utime(path, ns=(tick, tick))
    device = tmp_path.stat().st_dev
    assert not seen.is_trusted(Moments(device, tick, tick))
    later = path.stat().st_ctime_ns + 1
    assert Seen(seen.kinds, {}, seen.log[0]).is_trusted(Moments(device, later, later))


def test_a_change_while_the_snapshot_is_written_is_seen(tmp_path):
    path = tmp_path / "a.py"
    path.write_text("a = 1\n")
    seen = Seen({str(path): "code"}, {}, str(tmp_path / "log"))
    assert seen.again()
    path.write_text("a = 2\n")
    assert not seen.again()


def test_an_empty_log_of_the_registry_counts_as_none(tmp_path):
    log = tmp_path / "registry.sqlite-wal"
    assert fast_path.write_ahead_stamp(str(log)) is None
    log.touch()
    assert fast_path.write_ahead_stamp(str(log)) is None
    log.write_bytes(b"x")
    assert fast_path.write_ahead_stamp(str(log)) == stamp_at(str(log))


def test_caches_and_data_are_not_importable_and_modules_are(tmp_path):
    for name in ("a.py", "b.so", "c.pth", "notes.txt", "d.pyc"):
        (tmp_path / name).touch()
    for name in ("__pycache__", "data", "package", "x-1.0.dist-info"):
        (tmp_path / name).mkdir()
    (tmp_path / "package" / "__init__.py").touch()
    assert importable(str(tmp_path)) == [
        "a.py", "b.so", "c.pth", "d.pyc", "package", "x-1.0.dist-info",
    ]  # fmt: skip


def test_no_basis_in_a_damaged_registry(tmp_path):
    path = tmp_path / "registry.sqlite"
    assert basis(path) is None
    path.write_bytes(b"SQLite format 3\0" + os.urandom(5000))
    assert basis(path) is None
    assert list(tmp_path.iterdir()) == [path]


# -- what a start costs --------------------------------------------------------------------------


def imported_by(statement):
    """The modules that a statement adds to those of Python's own start."""
    code = f"import sys; before = set(sys.modules); {statement}; "
    code += "print(*sorted(set(sys.modules) - before))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_the_fast_path_imports_what_python_has_imported_already():
    found = imported_by("from registry import fast_path")
    assert found == ["_operator", "registry", "registry.fast_path", "registry.streams"]


def test_the_medium_path_imports_nothing_slow():
    found = imported_by("from adapters.running import medium_path; medium_path._form(b'1')")
    assert {"adapters.running.medium_path", "registry.code_analysis.normal_form"} <= {*found}
    assert not {"typing", "re", "enum", "ast", "contextlib", "collections", "json"} & {*found}


def test_no_import_finder_of_an_editable_install_slows_every_start():
    found = [path for place in sys.path for path in Path(place or ".").glob("__editable__*")]
    assert [path for path in found if path.name.endswith("_finder.py")] == []
