"""Whatever is done to one file: never a wrong number or a traceback, and in the end all is well.

Each case spoils one file of a small profile whose last writer was killed. Then the profile is
verified, run, and repaired. A sample of the cases by default, all of them with `--complete`.
"""

import shutil
from pathlib import Path

import pytest

from adapters.driver import Run
from adapters.profile import Profile
from adapters.running.asking import RunOptions
from adapters.settings import Settings
from tests.conftest import LOG, Program

SAMPLED_EVERY = 11
DAMAGED = 5
REGISTRY = "registry.sqlite"


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A profile with two generations, as a killed process leaves it: with a write-ahead log."""
    home = tmp_path_factory.mktemp("corruption") / "home"
    inbox = home / "me" / "inbox"
    inbox.mkdir(parents=True)
    (inbox / "first.csv").write_text(LOG + "2026-05-02,08:00,122,82,62,\n")
    (inbox / "second.csv").write_text(LOG + "2026-05-01,08:00,121,81,61,\n")
    assert (
        Program(home, PDP_PROFILE="me", PDP_TIME_ZONE="UTC").inside("run", "--quiet").exit_code == 0
    )
    (inbox / "third.csv").write_text(LOG + "2026-05-03,08:00,123,83,63,\n")
    profile = Profile(home, "me")
    report = Run(
        Settings.load({"PDP_TIME_ZONE": "UTC"}, home / ".env"), profile, RunOptions()
    ).execute()
    assert (report.status, report.generation) == ("published", 2)
    copy = home.with_name("copy")
    shutil.copytree(home, copy, symlinks=True)
    assert (copy / "me" / f"{REGISTRY}-wal").stat().st_size > 0
    profile.database.close()
    return copy


# -- what is spoilt, and how ---------------------------------------------------------------------


def artifact(codec):
    def find(folder):
        return min((folder / "objects").glob(f"??/*/{codec}"))

    return find


def file(pattern):
    return lambda folder: min(folder.glob(pattern))


def own_raw(folder):
    """The raw file that is in the inbox no more."""
    (folder / "inbox" / "third.csv").unlink(missing_ok=True)
    return next(path for path in folder.glob("raw/??/*/content") if b"123,83" in path.read_bytes())


TARGETS = {
    "a table": artifact("table.parquet"),
    "a composite": artifact("value.json"),
    "raw bytes in the inbox": file("raw/??/*/content"),
    "raw bytes elsewhere": own_raw,
    "an origin": file("raw/??/*/origin.json"),
    "the registry": file(REGISTRY),
    "the log": file(f"{REGISTRY}-wal"),
    "the log's index": file(f"{REGISTRY}-shm"),
    "the manifest": file("manifests/2.json"),
    "an older manifest": file("manifests/1.json"),
    "head": file("head"),
    "a CSV view": file("outputs/daily_metrics.csv"),
    "a Parquet view": file("outputs/daily_metrics.parquet"),
    "the views' stamps": file("outputs/.views.json"),
    "the proof": file("snapshot/proof"),
    "the state": file("state.json"),
}

# What verify finds before any run has looked.
FOUND = frozenset(TARGETS) - {
    "the registry", "the log", "the log's index", "the views' stamps", "the proof"
}  # fmt: skip


def at(share):
    """Flip one bit of the byte at this share of the file."""

    def flip(path):
        content = bytearray(path.read_bytes())
        content[min(int(share * len(content)), len(content) - 1)] ^= 4
        replaced(path, content)

    return flip


def replaced(path, content):
    mode = path.stat().st_mode
    path.chmod(0o600)
    path.write_bytes(content)
    path.chmod(mode)


def folder_instead(path):
    path.unlink()
    path.mkdir()
    (path / "a file of somebody").write_text("kept")


def link_instead(path):
    elsewhere = path.with_name("elsewhere")
    elsewhere.write_text("another file")
    path.unlink()
    path.symlink_to(elsewhere)


DAMAGES = {
    "first bit": at(0),
    "middle bit": at(0.5),
    "last bit": at(1),
    "cut in half": lambda path: replaced(path, path.read_bytes()[: path.stat().st_size // 2]),
    "emptied": lambda path: replaced(path, b""),
    "removed": Path.unlink,
    "a folder": folder_instead,
    "a link": link_instead,
    "another file of its size": lambda path: replaced(path, b"\x37" * path.stat().st_size),
    "another file": lambda path: replaced(path, b'{"format": 2, "generation": 1}\n'),
}
CASES = [(target, damage) for target in TARGETS for damage in DAMAGES]
PAGES = [("the registry", f"page {percent} %") for percent in range(1, 100, 3)]
DAMAGES |= {damage: at(int(damage.split()[1]) / 100) for _, damage in PAGES}


def pytest_generate_tests(metafunc):
    if "damage" in metafunc.fixturenames:
        cases = CASES + PAGES
        if not metafunc.config.getoption("--complete"):
            cases = cases[::SAMPLED_EVERY]
        metafunc.parametrize(("target", "damage"), cases, ids=[": ".join(case) for case in cases])


# -- what has to come of it ----------------------------------------------------------------------


def views(program):
    folder = program.home / "me" / "outputs"
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.suffix in {".csv", ".parquet"}}


def versions(program):
    status = program.inside("status", "--json")
    assert status.exit_code == 0, status.stderr
    outputs = status.json["outputs"]
    return status.json["generation"], {o["output"]: (o["version"], o["sha256"]) for o in outputs}


def clear(done):
    """The process ended as one that knows what it met."""
    assert "a defect of this program" not in done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_a_spoilt_file_costs_no_number(base, tmp_path, target, damage):
    expected = views(Program(base))
    shutil.copytree(base, tmp_path / "home", symlinks=True)
    program = Program(tmp_path / "home", PDP_PROFILE="me", PDP_TIME_ZONE="UTC")
    path = TARGETS[target](program.home / "me")
    DAMAGES[damage](path)

    found = clear(program.inside("verify", "--json"))
    assert found.exit_code in {0, DAMAGED}
    if target in FOUND:
        assert found.exit_code == DAMAGED, "it was not found"

    ran = clear(program.inside("run", "--json"))
    if target == "raw bytes elsewhere":
        assert ran.exit_code in {0, DAMAGED}
    else:
        assert ran.exit_code == 0, ran.stderr
    assert views(program) == expected

    repaired = clear(program.inside("verify", "--deep", "--repair", "--json"))
    assert views(program) == expected
    if target == "raw bytes elsewhere":
        assert repaired.exit_code == DAMAGED
        assert "import" in repaired.json["damaged"][0]["next"]
    else:
        assert repaired.exit_code == 0, repaired.json["damaged"]
        generation, outputs = versions(program)
        assert generation == 2
        assert outputs["daily_metrics"][0] == 2
        assert clear(program.inside("verify", "--deep")).exit_code == 0


def test_a_folder_that_stood_in_the_way_is_kept(base, tmp_path):
    shutil.copytree(base, tmp_path / "home", symlinks=True)
    program = Program(tmp_path / "home", PDP_PROFILE="me", PDP_TIME_ZONE="UTC")
    path = TARGETS["a CSV view"](program.home / "me")
    folder_instead(path)
    assert program.inside("run").exit_code == 0
    assert (path.with_name(f"{path.name}.damaged-1") / "a file of somebody").exists()


def test_corrections_that_cannot_be_read_stop_the_run_and_change_nothing(base, tmp_path):
    shutil.copytree(base, tmp_path / "home", symlinks=True)
    program = Program(tmp_path / "home", PDP_PROFILE="me", PDP_TIME_ZONE="UTC")
    expected = views(program)
    path = program.home / "me" / "corrections.csv"
    for content in (
        b"\xff\xfe",
        b"no,such,columns\n",
        b'file,row,reason\n"open',
        b"file,row,reason\na,x,y\n",
    ):
        path.write_bytes(content)
        done = clear(program.inside("run", "--json"))
        assert done.exit_code == 2
        assert str(path) in done.stderr
        assert program.inside("verify").exit_code == DAMAGED
        assert views(program) == expected
