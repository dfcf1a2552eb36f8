"""Published results are read whole, verified, without waiting and without a trace."""

import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pytest

from adapters.engine.codecs import Codecs
from adapters.notebooks.opened_artifact import NoTableError
from adapters.reader import (
    NothingPublishedError,
    RemovedVersionError,
    UnknownOutputError,
    UnknownVersionError,
    load,
    outputs,
    profile_at,
)
from adapters.settings import SettingsError
from registry.database import Database, RegistryDamagedError, RegistryWriteError
from registry.generations import Generations
from registry.reading import OldRegistryError, ReadOnlyDatabase, ask
from registry.store import Computation, DamagedArtifactError, Store

PROJECT = Path(__file__).resolve().parents[2]


class Publisher:
    """A profile whose registry is written by hand."""

    def __init__(self, home: Path, name: str = "demo") -> None:
        self.folder = home / name
        self.database = Database(self.folder / "registry.sqlite")
        self.store = Store(self.folder, self.database)
        self.generations = Generations(self.folder, self.database)

    def publish(self, **values: object) -> int:
        """Publish these outputs together."""
        made = {name: self._made(name, value) for name, value in values.items()}
        return self.generations.publish(
            run_id="run",
            published_utc="2026-01-01T00:00:00Z",
            artifacts=made,
            nodes={(name, ""): artifact for name, artifact in made.items()},
            facts={},
        )

    def _made(self, name: str, value: object):
        codecs = Codecs(lambda _a: pa.py_buffer(b""), lambda _t: None, lambda _a: None)
        encoded = codecs.encode(value, name)
        key = f"{name}-{encoded.artifact.sha256}"
        self.store.commit(Computation(key, name, "", "merge", "code", (), 0.0, "run"), encoded)
        self.store.flush()
        return self.store.recorded(key)


def days(*means: float) -> pa.Table:
    return pa.table({"day": list(range(len(means))), "mean_bpm": list(means)})


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def published(home):
    """Two generations of one profile; nobody has the registry open."""
    publisher = Publisher(home)
    publisher.publish(daily=days(60.0, 61.0), books={"parsed": 2})
    publisher.publish(daily=days(60.0, 61.0, 62.5), books={"parsed": 2})
    publisher.database.close()
    return home


def files_of(home: Path) -> dict[str, tuple[int, int]]:
    found = sorted(path for path in home.rglob("*"))
    return {str(p): (p.stat().st_mtime_ns, p.stat().st_size) for p in found}


def test_the_newest_version_is_loaded_unless_an_older_one_is_named(published):
    newest, first = load("daily", home=published), load("daily", version=1, home=published)
    assert (newest.version, newest.generation, newest.rows) == (2, 2, 3)
    assert (first.version, first.generation, first.rows) == (1, 1, 2)
    assert first.table.equals(days(60.0, 61.0))


def test_an_output_is_loaded_as_it_stood_in_a_generation(published):
    assert load("daily", generation=1, home=published).version == 1
    assert load("books", generation=2, home=published).version == 1


def test_a_frame_has_the_rows_of_the_table(published):
    frame = load("daily", home=published).frame
    assert frame.columns.tolist() == ["day", "mean_bpm"]
    assert frame["mean_bpm"].tolist() == [60.0, 61.0, 62.5]


def test_a_value_that_is_no_table_says_where_its_content_is(published):
    books = load("books", home=published)
    assert dict(books.value) == {"parsed": 2}
    with pytest.raises(NoTableError, match=r"books is no table; its content is in \.value"):
        _ = books.table


def test_a_list_of_tables_is_read_as_one_table(home):
    publisher = Publisher(home)
    publisher.publish(years=[days(60.0), days(61.0, 62.0)])
    publisher.database.close()
    years = load("years", home=home)
    assert years.table["mean_bpm"].to_pylist() == [60.0, 61.0, 62.0]
    assert years.rows == 3


def test_what_is_published_is_listed_by_name_version_and_rows(published):
    listed = outputs(home=published)
    assert [(o.name, o.version, o.artifact.rows) for o in listed] == [
        ("books", 1, None),
        ("daily", 2, 3),
    ]
    assert (listed.generation, len(listed), listed[0].name) == (2, 2, "books")
    assert outputs(generation=1, home=published)[1].version == 1


def test_reading_leaves_no_file_and_moves_none(published):
    before = files_of(published)
    load("daily", home=published)
    outputs(home=published)
    assert files_of(published) == before


def test_reading_where_nothing_is_makes_nothing(home):
    with pytest.raises(NothingPublishedError, match=r"run python cli\.py --profile demo"):
        load("daily", home=home)
    assert not home.exists()


@contextmanager
def nobody():
    """For as long as it lasts, this process may do no more than any other user."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


def test_a_profile_that_may_not_be_written_can_be_read(published):
    with tempfile.TemporaryDirectory() as place:
        home = Path(place) / "home"
        shutil.copytree(published, home)
        for path in (Path(place), home, *home.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        with nobody():
            assert not os.access(home / "demo", os.W_OK, effective_ids=True)
            assert load("daily", home=home).rows == 3
        for path in (Path(place), home, *home.rglob("*")):
            path.chmod(0o755)


def test_a_reader_sees_what_an_open_writer_has_committed(home):
    publisher = Publisher(home)
    publisher.publish(daily=days(60.0))
    assert load("daily", home=home).rows == 1
    publisher.publish(daily=days(60.0, 61.0))
    assert load("daily", home=home).rows == 2
    publisher.database.close()


def test_a_reader_does_not_wait_for_a_writers_transaction(home):
    publisher = Publisher(home)
    publisher.publish(daily=days(60.0))
    with publisher.database.atomic() as connection:
        connection.execute("DELETE FROM generation_output")
        assert load("daily", home=home).rows == 1
        connection.execute("ROLLBACK")
        connection.execute("BEGIN")
    publisher.database.close()


def test_readers_beside_a_busy_writer_see_whole_generations(home):
    program = """
        import sys
        sys.path[:0] = [{project!r}, {tests!r}]
        from pathlib import Path
        from test_reader import Publisher, days
        for number in range(1, 41):
            publisher = Publisher(Path({home!r}))
            publisher.publish(left=days(*[60.0] * number), right=days(*[70.0] * number))
            if number % 3 == 0:
                publisher.database.close()
    """
    Publisher(home).database.close()
    text = textwrap.dedent(program).format(
        project=str(PROJECT), tests=str(PROJECT / "tests/adapters"), home=str(home)
    )
    writer = subprocess.Popen([sys.executable, "-c", text])
    seen = []
    while writer.poll() is None:
        try:
            found = {o.name: o for o in outputs(profile="demo", home=home)}
            right = load("right", version=found["right"].version, profile="demo", home=home)
        except NothingPublishedError:
            continue
        assert found["left"].artifact.rows == found["right"].artifact.rows == right.rows
        seen.append(right.rows)
    assert writer.returncode == 0
    assert seen == sorted(seen)
    assert len(set(seen)) > 5


def test_an_unknown_name_is_answered_with_near_ones(published):
    with pytest.raises(UnknownOutputError, match="'dayli'; did you mean daily"):
        load("dayli", home=published)
    with pytest.raises(UnknownOutputError, match="there is books, daily"):
        load("qqq", version=1, home=published)


def test_an_unknown_version_is_answered_with_those_that_are(published):
    with pytest.raises(UnknownVersionError, match=r"daily version 7 was never .* there is 1, 2"):
        load("daily", version=7, home=published)
    with pytest.raises(UnknownVersionError, match="version 2 in generation 1"):
        load("daily", version=2, generation=1, home=published)
    with pytest.raises(UnknownVersionError, match=r"generation 9 was never .* there is 1, 2"):
        outputs(generation=9, home=published)


def test_a_cleaned_profile_has_history_and_nothing_to_load(published):
    publisher = Publisher(published)
    publisher.generations.unpublish()
    publisher.database.close()
    shutil.rmtree(published / "demo" / "objects")
    with pytest.raises(NothingPublishedError):
        load("daily", home=published)
    with pytest.raises(RemovedVersionError, match=r"daily version 1 \(generation 1\) is no longer"):
        load("daily", version=1, home=published)


def test_a_flipped_bit_is_found_before_use(published):
    path = path_of(load("daily", home=published), published)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)
    with pytest.raises(DamagedArtifactError):
        load("daily", home=published)
    assert load("daily", version=1, home=published).rows == 2


def path_of(artifact, home):
    sha256 = artifact.sha256
    return home / "demo" / "objects" / sha256[:2] / sha256 / "table.parquet"


def test_a_damaged_current_output_says_that_the_next_run_makes_it_again(published):
    path_of(load("daily", home=published), published).unlink()
    with pytest.raises(DamagedArtifactError, match="the next run makes it again"):
        load("daily", home=published)


def test_a_file_that_is_no_registry_is_refused(published):
    (published / "demo" / "registry.sqlite").write_bytes(b"no database" * 400)
    with pytest.raises(RegistryDamagedError, match="damaged"):
        load("daily", home=published)


def test_an_older_registry_is_left_to_the_next_run(published):
    path = published / "demo" / "registry.sqlite"
    publisher = Publisher(published)
    with publisher.database.atomic() as connection:
        connection.execute("DELETE FROM setting WHERE name = 'schema_version'")
        connection.execute("PRAGMA user_version = 1")
    publisher.database.close()
    with pytest.raises(OldRegistryError, match=r"python cli\.py brings it up to date"):
        ask(path, lambda database: database.rows("SELECT 1"))


def test_a_read_only_registry_refuses_to_write(published):
    database = ReadOnlyDatabase(published / "demo" / "registry.sqlite", in_use=False)
    with pytest.raises(RegistryWriteError), database.atomic() as connection:
        connection.execute("DELETE FROM generation")
    database.close()


def test_a_question_is_asked_again_when_the_registry_moved_below_it(published):
    path = published / "demo" / "registry.sqlite"
    asked = []

    def question(database):
        row = database.row("SELECT max(number) AS number FROM generation")
        if not asked:
            publisher = Publisher(published)
            publisher.publish(daily=days(1.0))
            publisher.database.close()
        asked.append(row["number"])
        return row["number"]

    assert ask(path, question) == 3
    assert asked == [2, 3]


@pytest.mark.parametrize("name", ["../me", "/me", "me/..", "", ".", "Me"])
def test_a_profile_is_a_name_and_never_a_path(published, name, monkeypatch):
    monkeypatch.delenv("PDP_PROFILE", raising=False)
    if not name:
        assert profile_at(name, published).name == "demo"
        return
    with pytest.raises(SettingsError):
        load("daily", profile=name, home=published)


def test_a_notebooks_folder_means_the_home_of_the_project_around_it(tmp_path, monkeypatch):
    for name in ("PDP_HOME", "PDP_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "cli.py").touch()
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    assert profile_at().folder == tmp_path / "data" / "demo"
    monkeypatch.setenv("PDP_HOME", "elsewhere")
    assert profile_at(profile="me").folder == tmp_path / "elsewhere" / "me"


def test_the_page_of_an_artifact_names_it_and_shows_its_first_rows(published):
    artifact = load("daily", home=published)
    page = artifact._repr_html_()
    for text in ("daily", "version 2", "generation 2", "3 rows", artifact.sha256[:12], "62.5"):
        assert text in page
    assert "version 2" in repr(artifact)
    assert "62.5" not in repr(artifact)


def test_pages_hold_no_markup_from_the_data(home):
    publisher = Publisher(home)
    publisher.publish(notes=pa.table({"<b>": ["<script>alert(1)</script>"]}), books={"<i>": "<u>"})
    publisher.database.close()
    for name in ("notes", "books"):
        page = load(name, home=home)._repr_html_()
        assert not any(mark in page for mark in ("<b>", "<script>", "<i>", "<u>"))


def test_the_reader_needs_neither_hamilton_nor_pandas():
    program = (
        "import sys, adapters.reader;"
        "print([m for m in ('hamilton', 'pandas', 'pandera', 'duckdb') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
