"""`forget` leaves nothing of a file: not its name, not its hash, not what it said."""

import io
import json
import random
import shutil
import sqlite3
import time
import zipfile

import pyarrow.parquet as pq
import pytest

from adapters.profile import Profile
from adapters.upkeep.forgetting import finish_forgetting, forget, preview
from tests.conftest import Program

NAME = "second-7f3a.csv"
NOTE = "canary-note-9c1e"
REASON = "canary-reason-5d2b"


def texts_of(folder):
    """Every file's bytes, and what stands in its tables."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path, path.read_bytes()
            if path.suffix == ".parquet":
                yield path, str(pq.read_table(path).to_pydict()).encode()


def telling(folder, *words):
    """The files whose names, bytes or tables tell one of these words."""
    found = {path for path, text in texts_of(folder) for word in words if word.encode() in text}
    return found | {path for path in folder.rglob("*") for word in words if word in str(path)}


def sha256_of(history, name):
    files = history.inside("sources", "--json").json["files"]
    return next(file["sha256"] for file in files if file["name"] == name)


def profile_of(history):
    return Profile(history.home, "me")


def words_of(history):
    sha256 = sha256_of(history, NAME)
    return NAME, NOTE, REASON, sha256, sha256[:12]


def test_what_an_import_or_a_pull_left_half_done_goes_too(history):
    folder = history.home / "me"
    sha256 = sha256_of(history, NAME)
    content = (folder / "raw" / sha256[:2] / sha256 / "content").read_bytes()
    incoming = folder / "remote" / "incoming"
    incoming.mkdir(parents=True)
    (incoming / sha256).write_bytes(content)
    (folder / "raw" / "0123456789abcdef.tmp").write_bytes(content)
    assert history.inside("forget", NAME, "--yes").exit_code == 0
    assert telling(folder, NOTE, sha256) == set()


def test_nothing_of_a_forgotten_file_is_left_anywhere(history):
    folder = history.home / "me"
    words = words_of(history)
    for word in words:
        assert telling(folder, word), f"{word}: the test looks at the wrong places"
    done = history.inside("forget", NAME, "--yes", "--json")
    assert done.exit_code == 0, done.stderr
    assert (done.json["raw_files"], done.json["inbox"]) == (1, 1)
    assert done.json["generations"] == [2, 3]
    assert telling(folder, *words) == set()
    assert history.inside("sources", "--json").json["files"][0]["name"] == "first.csv"
    again = history("--json")
    assert (again.exit_code, again.json["status"], again.json["generation"]) == (0, "published", 4)
    assert telling(folder, *words) == set()
    versions = {output["output"]: output["version"]
                for output in history.inside("status", "--json").json["outputs"]}  # fmt: skip
    assert versions["daily_metrics"] == 4
    assert audit(history)[-2:] == [("forgotten", None), ("published", 4)]


def audit(history):
    connection = sqlite3.connect(history.home / "me" / "registry.sqlite")
    rows = connection.execute("SELECT status, generation FROM run ORDER BY rowid").fetchall()
    connection.close()
    return rows


def test_what_did_not_depend_on_it_is_untouched(history):
    before = profile_of(history).generations.outputs(1)
    assert history.inside("forget", NAME, "--yes").exit_code == 0
    profile = profile_of(history)
    assert profile.generations.outputs(1) == before
    assert all(profile.store.present(output.artifact) for output in before.values())
    assert history.inside("rollback", "1").exit_code == 0
    done = history("--json").json
    assert {file["name"]: file["status"] for file in done["files"]} == {"first.csv": "reused"}


def test_nothing_is_forgotten_without_a_yes(history):
    before = telling(history.home / "me", NAME, NOTE)
    refused = history.inside("forget", NAME)
    assert refused.exit_code == 2
    assert "say --yes" in refused.stderr
    assert f"inbox/{NAME}" in refused.stderr
    assert "generations that depend on it and go with it: 2, 3" in refused.stderr
    assert telling(history.home / "me", NAME, NOTE) == before
    assert history.inside("forget", "nobody.csv", "--yes").exit_code == 2


STEPS = (
    "remove_rows",
    "remove_raw",
    "remove_unregistered",
    "mend_manifests",
    "remove_lines",
    "remove_corrections",
)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_at_any_step_the_next_writer_finishes(history, monkeypatch, step, moment):
    class KilledError(BaseException):
        pass

    words = (NAME, NOTE, REASON)
    profile = profile_of(history)
    told = preview(profile, profile.raw_files.find(NAME)).told
    real = getattr(__import__("adapters.upkeep.forgetting", fromlist=[step]), step)

    def killed(*arguments):
        if moment == "after":
            real(*arguments)
        raise KilledError

    monkeypatch.setattr(f"adapters.upkeep.forgetting.{step}", killed)
    with pytest.raises(KilledError):
        forget(profile, told)
    profile.database.close()
    monkeypatch.undo()
    assert finish_forgetting(profile_of(history))
    assert not finish_forgetting(profile_of(history))
    assert telling(history.home / "me", *words) == set()
    assert [row[0] for row in audit(history)].count("forgotten") == 1


def test_a_plain_run_finishes_what_a_killed_forget_began(history, monkeypatch):
    class KilledError(BaseException):
        pass

    def killed(*_):
        raise KilledError

    profile = profile_of(history)
    told = preview(profile, profile.raw_files.find(NAME)).told
    monkeypatch.setattr("adapters.upkeep.forgetting.remove_raw", killed)
    with pytest.raises(KilledError):
        forget(profile, told)
    profile.database.close()
    assert history("--json").json["status"] == "published"
    assert telling(history.home / "me", NAME, NOTE, REASON) == set()


@pytest.mark.slow
def test_killed_at_any_moment_a_second_forget_finishes(history_home, tmp_path, complete):
    chance = random.Random(11)
    for turn in range(20 if complete else 2):
        shutil.copytree(history_home, tmp_path / str(turn) / "home", symlinks=True)
        program = Program(tmp_path / str(turn) / "home", PDP_PROFILE="me")
        process = program.start("forget", NAME, "--yes")
        while process.poll() is None and not profile_of(program).is_forgetting:
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.15))
        process.kill()
        process.wait()
        done = program.inside("forget", NAME, "--yes")
        assert done.exit_code == 0 or "no such file was ever stored" in done.stderr
        assert telling(program.home / "me", NAME, NOTE, REASON) == set()
        assert [status for status, _ in audit(program)].count("forgotten") == 1
        assert profile_of(program).generations.current() is None


def test_what_was_forgotten_does_not_come_back_with_a_lost_registry(history):
    words = words_of(history)
    assert history.inside("forget", NAME, "--yes").exit_code == 0
    for path in (history.home / "me").glob("registry.sqlite*"):
        path.unlink()
    done = history("--json")
    assert (done.exit_code, done.json["status"], done.json["generation"]) == (0, "published", 2)
    assert [file["name"] for file in done.json["files"]] == ["first.csv"]
    assert telling(history.home / "me", *words) == set()


class Terminal(io.StringIO):
    """What somebody types."""

    def isatty(self):
        return True


def test_on_a_terminal_it_asks_and_takes_nothing_but_a_yes(history, monkeypatch):
    for answer in ("", "no\n", "y\n", "Yes please\n"):
        monkeypatch.setattr("sys.stdin", Terminal(answer))
        refused = history.inside("forget", NAME)
        assert (refused.exit_code, "nothing was forgotten" in refused.stderr) == (2, True)
    assert telling(history.home / "me", NOTE)
    monkeypatch.setattr("sys.stdin", Terminal("yes\n"))
    done = history.inside("forget", NAME)
    assert done.exit_code == 0
    assert "type yes to go on" in done.stderr
    assert telling(history.home / "me", NAME, NOTE) == set()


def test_a_file_whose_generations_were_cleaned_away_leaves_nothing_either(history):
    assert history.inside("run", "--clean").exit_code == 0
    words = words_of(history)
    done = history.inside("forget", NAME, "--yes", "--json")
    assert done.json["generations"] == [2, 3]
    assert telling(history.home / "me", *words) == set()


def test_the_demo_works_from_the_rest(published_demo):
    files = published_demo.inside("sources", "--json").json["files"]
    archive = next(file for file in files if file["kind"] == "archive")
    done = published_demo.inside("forget", archive["sha256"][:12], "--yes", "--json")
    assert done.json["raw_files"] == 1 + sum(f["container"] == archive["sha256"] for f in files)
    again = published_demo("--json")
    assert (again.exit_code, again.json["status"]) == (0, "published")
    assert archive["name"] not in {file["name"] for file in again.json["files"]}


def zipped(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in members.items():
            archive.writestr(f"{name}.csv", text)
    return buffer.getvalue()


def stored(home, **files):
    """A profile into which these were imported."""
    from adapters.sources.inbox import import_paths

    profile = Profile(home, "me")
    profile.make_folders()
    folder = home / "elsewhere"
    folder.mkdir(exist_ok=True)
    paths = []
    for name, content in files.items():
        paths.append(folder / name.replace("_", "."))
        paths[-1].write_bytes(content)
    import_paths(paths, profile.raw_files, stored_utc="2026-01-01T00:00:00Z")
    return profile


def names_in(profile):
    return sorted(entry.name for entry in Profile(profile.home, "me").raw_files.entries())


def forget_named(profile, name):
    forget(profile, preview(profile, profile.raw_files.find(name)).told)


def test_an_archive_takes_its_members_along(tmp_path):
    inner = zipped(deep="deep")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("first.csv", "first")
        archive.writestr("inner.zip", inner)
    profile = stored(tmp_path, a_zip=buffer.getvalue(), b_csv=b"b")
    assert len(names_in(profile)) == 5
    forget_named(profile, "a.zip")
    assert names_in(profile) == ["b.csv"]
    assert telling(profile.folder, "a.zip", "first.csv", "deep.csv") == set()


def test_a_member_that_came_another_way_too_stays_under_its_other_names(tmp_path):
    profile = stored(
        tmp_path, a_zip=zipped(one="one", two="two"), b_zip=zipped(two="two"), one_csv=b"one"
    )
    forget_named(profile, "a.zip")
    assert names_in(profile) == ["b.zip", "b.zip/two.csv", "one.csv"]
    again = Profile(profile.home, "me").raw_files
    assert again.find("b.zip/two.csv").container == again.find("b.zip").sha256
    assert again.find("one.csv").container is None
    assert telling(profile.folder, "a.zip") == set()


def test_two_archives_of_one_name_the_other_one_gives_its_members_again(tmp_path):
    from adapters.sources.inbox import Inbox

    profile = stored(tmp_path, a_zip=zipped(one="one", two="two"))
    first = profile.raw_files.find("a.zip")
    profile = stored(tmp_path, a_zip=zipped(two="two", three="three"))
    forget(profile, preview(profile, first).told)
    profile = Profile(tmp_path, "me")
    Inbox(profile.inbox).collect(profile.raw_files, stored_utc="2026-01-02T00:00:00Z")
    assert names_in(profile) == ["a.zip", "a.zip/three.csv", "a.zip/two.csv"]


def test_a_file_inside_an_archive_that_stays_is_refused(tmp_path):
    profile = stored(tmp_path, a_zip=zipped(one="one"), one_csv=b"one")
    with pytest.raises(Exception, match=r"lie inside a\.zip"):
        forget_named(profile, "one.csv")
    assert len(names_in(profile)) == 2


def test_no_correction_of_another_file_is_lost(history):
    sha256 = sha256_of(history, "first.csv")
    path = history.home / "me" / "corrections.csv"
    path.write_text(path.read_text() + f'{sha256},2,"two\nlines"\n{NAME},2,by name\n')
    assert history.inside("forget", NAME, "--yes").exit_code == 0
    assert path.read_text() == f'file,row,reason\n{sha256},2,"two\nlines"\n'


def test_manifests_that_stay_name_the_rest(history):
    assert history.inside("forget", NAME, "--yes").exit_code == 0
    folder = history.home / "me" / "manifests"
    assert [path.name for path in folder.iterdir()] == ["1.json"]
    assert len(json.loads((folder / "1.json").read_text())["raw_files"]) == 1
