"""The state pushed from one home and pulled into others: byte for byte, and nothing computed."""

import contextlib
import io
import shutil
import sqlite3
import stat
import zlib

import pytest

from adapters.remote.folder import FolderBackend
from adapters.remote.memory import Memory
from adapters.vault import NoKeyError
from adapters.vault.age import identities_in, new_identity
from adapters.vault.streaming import decrypt
from adapters.vault.vault import identity_text
from tests.conftest import Program

PASSPHRASE = "a passphrase, and a long one"
CANARY = "canary-of-health.csv"


class Home(Program):
    """The program within this process; the recovery key opens, without scrypt's second."""

    def __call__(self, *arguments, **environment):
        before = self.environment
        self.environment = {**before, **environment}
        try:
            return self.inside(*arguments)
        finally:
            self.environment = before

    def done(self, *arguments):
        finished = self(*arguments, "--json")
        assert finished.exit_code == 0, finished.stderr
        return finished.json


def at(folder, name):
    return Home(
        folder / name,
        PDP_REMOTE=str(folder / "remote"),
        PDP_IDENTITY_FILE=str(folder / "recovery-key-me.txt"),
        PDP_PASSPHRASE_FILE=str(folder / "passphrase"),
    )


def log(rows):
    return "date,time,systolic,diastolic,pulse\n" + "".join(
        f"2025-03-{day:02d},07:30,{systolic},80,60\n" for day, systolic in rows
    )


def brings_in(home, day):
    """A file is imported, and nothing is computed."""
    path = home.home.parent / f"day-{day}.csv"
    path.write_text(log([(day, 130)]))
    home.done("import", str(path))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A home with a vault, published and pushed; copy it, never change it."""
    folder = tmp_path_factory.mktemp("world")
    (folder / "passphrase").write_text(PASSPHRASE)
    (folder / "passphrase").chmod(0o600)
    (folder / CANARY).write_text(log([(day, 120 + day) for day in range(1, 10)]))
    home = at(folder, "a")
    for arguments in (("vault", "init"), ("import", str(folder / CANARY)), (), ("state", "push")):
        home.done(*arguments)
    return folder


@pytest.fixture
def own(world, tmp_path):
    """The same world for a test that changes it."""
    folder = tmp_path / "own"
    shutil.copytree(world, folder)
    memory = next((folder / "a/me/remote").glob("*.json"))
    memory.rename(Memory.of(folder / "a/me", str(folder / "remote")).path)
    return folder


def published(home):
    files = [path for path in (home / "me").rglob("*") if path.is_file()]
    kept = ("raw", "objects", "manifests", "outputs", "vault", "head")
    return {
        str(path.relative_to(home)): path.read_bytes()
        for path in files
        if path.relative_to(home / "me").parts[0] in kept and not path.name.startswith(".")
    }


def parts_of_lists(home):
    """Into what lists were taken apart: no results, and made of these whenever they are needed."""
    with contextlib.closing(sqlite3.connect(home / "me/registry.sqlite")) as registry:
        return {item for (item,) in registry.execute("SELECT item FROM computation")}


def test_an_empty_home_pulls_the_same_generation_and_computes_nothing(own):
    there = at(own, "b")
    assert there.done("state", "pull")["status"] == "pulled"
    here, copy = published(own / "a"), published(own / "b")
    assert copy.items() <= here.items()
    lacking = {path.split("/")[3] for path in here.keys() - copy.keys()}
    assert lacking <= parts_of_lists(own / "a")
    run = there.done()
    assert run["status"] == "up-to-date"
    assert {node["action"] for node in run["nodes"]} <= {"reused"}
    assert there.done("state", "pull")["status"] == "up-to-date"
    assert there.done("state", "push")["status"] == "up-to-date"
    assert there.done("verify")["damaged"] == []


def test_what_is_new_alone_travels_and_status_says_who_has_news(own):
    a, b = at(own, "a"), at(own, "b")
    assert a.done("state", "push")["objects"] == 0
    assert "state pull" in b("state", "status").stdout
    b.done("state", "pull")
    assert "both are the same" in b("state", "status").stdout
    brings_in(b, 20)
    b.done()
    assert b.done("state", "status")["news_here"]
    before = {path for path in (own / "remote/objects").rglob("*") if path.is_file()}
    pushed = b.done("state", "push")
    after = {path for path in (own / "remote/objects").rglob("*") if path.is_file()}
    assert pushed["state"] == 2
    assert len(after - before) == pushed["objects"] - 1  # the wrapped identity is there
    assert a.done("state", "status")["news_there"]
    assert a.done("state", "pull")["generation"] == 2
    assert a.done()["status"] == "up-to-date"
    assert a.outputs("me")["daily_metrics.csv"] == b.outputs("me")["daily_metrics.csv"]


def test_two_homes_that_went_different_ways_come_together(own):
    a, b = at(own, "a"), at(own, "b")
    b.done("state", "pull")
    for home, day in ((a, 21), (b, 22)):
        brings_in(home, day)
        home.done()
    for home, row in ((a, "2"), (b, "3")):
        home.done("exclude", CANARY, row, "--reason", "wrong cuff")
    a.done("state", "push")
    lost = b("state", "push")
    assert lost.exit_code == 4
    assert "state pull --merge" in lost.stderr
    assert b("state", "pull").exit_code == 4
    merged = b.done("state", "pull", "--merge")
    assert merged["status"] == "merged"
    assert merged["gave_way"] == [2]
    assert b.done()["generation"] == 3
    b.done("state", "push")
    a.done("state", "pull")
    assert a.done()["status"] == "up-to-date"
    days = a.outputs("me")["daily_metrics.csv"].decode()
    assert "2025-03-21" in days
    assert "2025-03-22" in days
    assert "2025-03-01" not in days
    assert "2025-03-02" not in days


def test_a_file_forgotten_in_one_home_is_forgotten_in_the_other(own):
    a, b = at(own, "a"), at(own, "b")
    b.done("state", "pull")
    brings_in(a, 25)
    a.done("forget", CANARY, "--yes")
    a.done()
    a.done("state", "push")
    b.done("state", "pull")
    assert [file["name"] for file in b.done("sources")["files"]] == ["day-25.csv"]
    assert CANARY.encode() not in (own / "b/me/registry.sqlite").read_bytes()
    assert b.done()["status"] == "up-to-date"


def objects_of(folder):
    return {path.name for path in (folder / "remote/objects").glob("??/*")}


def test_a_pruned_remote_holds_nothing_of_what_was_forgotten(own):
    """Neither its bytes nor its name, for whoever has every key."""
    a, b, c = at(own, "a"), at(own, "b"), at(own, "c")
    b.done("state", "pull")
    brings_in(a, 27)
    first = objects_of(own)
    assert "state prune" in a("forget", CANARY, "--yes").stdout
    a.done()
    assert a("state", "prune").exit_code == 4
    a.done("state", "push")
    assert CANARY.encode() in everything(own)
    planned = a.done("state", "prune", "--dry-run")
    assert (planned["status"], planned["state"]) == ("planned", 2)
    done = a.done("state", "prune")
    assert (done["status"], done["state"]) == ("pruned", 3)
    assert done["removed"] == planned["removed"]
    assert first - objects_of(own)
    assert a.done("state", "prune")["status"] == "up-to-date"
    assert CANARY.encode() not in everything(own)
    assert a.done("state", "status")["there"] == 3
    assert c.done("state", "pull")["state"] == 3
    assert c.done()["status"] == "up-to-date"
    brings_in(b, 28)  # news of its own, and the file that was forgotten meanwhile
    assert b.done("state", "pull", "--merge")["status"] == "merged"
    names = {file["name"] for file in b.done("sources")["files"]}
    assert names == {"day-27.csv", "day-28.csv"}


def test_a_pull_that_ended_before_the_vault_was_here_keeps_it_the_next_time(own):
    b = at(own, "b")
    b.done("state", "pull")
    shutil.rmtree(own / "b/me/vault")
    assert b.done("state", "pull")["status"] == "up-to-date"
    here, there = (
        {path.name: path.read_bytes() for path in (own / name / "me/vault").iterdir()}
        for name in "ab"
    )
    assert here == there


def test_a_prune_elsewhere_is_no_news(own):
    a, b = at(own, "a"), at(own, "b")
    brings_in(a, 30)
    a.done("state", "push")
    b.done("state", "pull")
    assert a.done("state", "prune")["state"] == 3
    assert "both are the same" in b("state", "status").stdout
    brings_in(b, 31)
    assert b.done("state", "push")["state"] == 4
    assert a.done("state", "pull")["state"] == 4


def test_a_state_that_lost_a_race_is_told_of_and_given_up_when_asked_for(own, monkeypatch):
    a, b = at(own, "a"), at(own, "b")
    b.done("state", "pull")
    for home, day in ((a, 23), (b, 24)):
        brings_in(home, day)
    swap = FolderBackend.swap_head

    def too_late(backend, content, expected):
        monkeypatch.setattr(FolderBackend, "swap_head", swap)
        a.done("state", "push")
        return swap(backend, content, expected)

    monkeypatch.setattr(FolderBackend, "swap_head", too_late)
    assert b("state", "push").exit_code == 4
    told = a("state", "prune")
    assert told.exit_code == 0
    assert "a state that lost a race" in told.stdout
    assert a.done("state", "status")["kept_heads"] == 1
    done = a.done("state", "prune", "--drop-kept-heads")
    assert done["kept_heads"] == 0
    assert done["removed"]["objects"] > 1
    assert a.done("state", "status")["kept_heads"] == 0


def test_who_has_no_key_may_push_and_not_prune(own):
    a = at(own, "a")
    keyless = {"PDP_IDENTITY_FILE": "", "PDP_PASSPHRASE_FILE": ""}
    brings_in(a, 29)
    assert a("state", "push", **keyless).exit_code == 0
    before = objects_of(own)
    refused = a("state", "prune", **keyless)
    assert refused.exit_code == 2
    assert "PDP_PASSPHRASE_FILE" in refused.stderr
    assert objects_of(own) == before


def everything(own):
    """All that the remote holds, opened."""
    keys = identities_in((own / "recovery-key-me.txt").read_text(), "it")
    found = []
    for path in (own / "remote/objects").glob("??/*"):
        target = io.BytesIO()
        with contextlib.suppress(NoKeyError), path.open("rb") as source:  # the wrapped identity
            decrypt(source, target, keys, "it")
        found.append(unpacked(target.getvalue()))
    return b"".join(found)


def unpacked(content):
    with contextlib.suppress(zlib.error):
        return zlib.decompress(content)
    return content


def test_names_and_bytes_of_the_remote_tell_nothing(world):
    hashes = {path.name for path in (world / "a/me/raw").glob("??/*")}
    hashes |= {path.name for path in (world / "a/me/objects").glob("??/*")}
    words = [CANARY, "systolic", "daily_metrics", "2025-03", *hashes]
    for path in (world / "remote").rglob("*"):
        told = str(path.relative_to(world)).encode() + (
            path.read_bytes() if path.is_file() else b""
        )
        assert not any(word.encode() in told for word in words)
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def test_a_wrong_passphrase_another_vault_and_a_missing_remote_change_nothing(own):
    b, other = at(own, "b"), at(own, "c")
    (own / "wrong").write_text("not the passphrase at all")
    wrong = b("state", "pull", PDP_PASSPHRASE_FILE=str(own / "wrong"), PDP_IDENTITY_FILE="")
    assert wrong.exit_code == 2
    assert "does not open" in wrong.stderr
    assert "not the passphrase" not in wrong.stderr
    other.done("vault", "init", "--recovery", str(own / "other-key.txt"))
    foreign = other("state", "pull")
    assert foreign.exit_code == 5
    assert "another vault" in foreign.stderr
    stranger = b("state", "pull", PDP_IDENTITY_FILE=str(own / "other-key.txt"))
    assert stranger.exit_code == 2
    nowhere = b("state", "pull", PDP_REMOTE=str(own / "nowhere"))
    assert nowhere.exit_code == 1
    assert "no state" in nowhere.stderr
    assert b("state", "pull", PDP_REMOTE="").exit_code == 2
    assert not (own / "b/me/registry.sqlite").exists()
    unmounted = at(own, "a")
    (own / "remote").rename(own / "elsewhere")
    refused = unmounted("state", "push")
    assert refused.exit_code == 4
    assert "mounted" in refused.stderr
    assert not (own / "remote").exists()


def test_the_passphrase_alone_restores_and_a_new_one_travels(own):
    b, c = at(own, "b"), at(own, "c")
    done = b("state", "pull", "--json", "--verbose", PDP_IDENTITY_FILE="")
    assert done.exit_code == 0, done.stderr
    assert PASSPHRASE not in done.stdout + done.stderr
    for path in (own / "b").rglob("*"):
        assert not path.is_file() or PASSPHRASE.encode() not in path.read_bytes()
    (own / "new").write_text("a passphrase that is new")
    changed = b("vault", "change-passphrase", PDP_NEW_PASSPHRASE_FILE=str(own / "new"))
    assert changed.exit_code == 0, changed.stderr
    b.done("state", "push")
    pulled = c("state", "pull", PDP_PASSPHRASE_FILE=str(own / "new"), PDP_IDENTITY_FILE="")
    assert pulled.exit_code == 0, pulled.stderr
    assert "taken at its word" not in pulled.stderr


def test_a_spare_key_opens_what_was_pushed_for_it_and_is_told_that_it_trusts(own):
    a, b = at(own, "a"), at(own, "b")
    spare = new_identity()
    (own / "spare.txt").write_text(identity_text(spare))
    (own / "others.txt").write_text(f"# the cloud\n{spare.to_public()}\n")
    key = str(own / "spare.txt")
    assert b("state", "pull", PDP_IDENTITY_FILE=key).exit_code == 2
    pushed = a("state", "push", PDP_RECIPIENTS_FILE=str(own / "others.txt"))
    assert pushed.exit_code == 0, pushed.stderr
    pulled = b("state", "pull", PDP_IDENTITY_FILE=key)
    assert pulled.exit_code == 0, pulled.stderr
    assert "taken at its word" in pulled.stderr
    assert b.done()["status"] == "up-to-date"


def test_doctor_says_how_vault_and_remote_are(own):
    checks = {c["check"]: c for c in at(own, "a").done("doctor")["checks"]}
    assert checks["vault"]["is_fine"]
    assert "state 1" in checks["remote"]["found"]
    (own / "passphrase").chmod(0o644)
    empty = at(own, "b")("doctor", "--json")
    checks = {c["check"]: c for c in empty.json["checks"]}
    assert empty.exit_code == 1
    assert "state pull" in checks["vault"]["found"]
    assert checks["remote"]["is_fine"]
    assert "chmod 600" in checks["PDP_PASSPHRASE_FILE"]["found"]


def test_an_older_remote_is_refused_unless_asked_for(own):
    a = at(own, "a")
    old = (own / "remote/head").read_bytes()
    brings_in(a, 26)
    a.done("state", "push")
    (own / "remote/head").write_bytes(old)
    for action in ("push", "pull"):
        refused = a("state", action)
        assert refused.exit_code == 4
        assert "older" in refused.stderr
    assert a.done("state", "pull", "--accept-older")["status"] == "merged"
    assert a.done("state", "push")["state"] > 2
    assert len(a.done("sources")["files"]) == 2


def test_a_home_that_lost_raw_files_and_results_has_them_again(own):
    a = at(own, "a")
    next((own / "a/me/raw").glob("??/*/content")).unlink()
    for path in (own / "a/me/objects").glob("??/*/*"):
        path.unlink()
    refused = a("state", "push")
    assert refused.exit_code == 5
    assert a.done("state", "pull")["objects"] > 1
    assert a.done("verify")["damaged"] == []
    assert a.done()["status"] == "up-to-date"
