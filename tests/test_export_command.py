"""`export` as its user meets it: files, names, refusals."""

import hashlib
import io
import json
import os
import stat
import subprocess

import pyarrow.parquet as pq
import pytest


def test_a_plain_export_is_a_private_file_that_names_its_generation(published_demo):
    done = published_demo.inside("export", "csv", "--json")
    assert done.exit_code == 0, done.stderr
    assert (done.json["generation"], done.json["form"]) == (1, "csv")
    (file,) = done.json["files"]
    assert file["path"] == "exports/daily_metrics.demo-g1.csv"
    path = published_demo.home.parent / file["path"]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == file["sha256"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.read_text("utf-8").splitlines()[1].endswith(f",1,{done.json['published_utc']}")


def test_a_file_in_the_way_is_kept_unless_overwriting_is_asked_for(published_demo):
    target = published_demo.home.parent / "days.csv"
    target.write_text("mine")
    refused = published_demo.inside("export", "csv", "--out", str(target))
    assert refused.exit_code == 2
    assert "--overwrite" in refused.stderr
    assert target.read_text() == "mine"
    done = published_demo.inside("export", "csv", "--out", str(target), "--overwrite")
    assert done.exit_code == 0, done.stderr
    assert target.read_text("utf-8").startswith("local_date,")
    assert not list(target.parent.glob("*.tmp"))


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_what_is_no_file_is_never_replaced(published_demo, kind):
    target, other = (published_demo.home.parent / name for name in ("days.csv", "other.csv"))
    other.write_text("mine")
    if kind == "link":
        target.symlink_to(other)
    else:
        os.mkfifo(target)
    before = target.lstat()
    arguments = ("export", "csv", "--overwrite", "--output", "daily_metrics", "--out")
    done = published_demo.inside(*arguments, str(target))
    assert (done.exit_code, done.stdout) == (2, "")
    assert "is no regular file" in done.stderr
    assert (target.lstat().st_ino, other.read_text()) == (before.st_ino, "mine")


def test_if_one_of_several_files_is_in_the_way_none_is_written(published_demo):
    folder = published_demo.home.parent / "out"
    arguments = ("export", "parquet", "--output", "daily_metrics", "rejected_rows", "--out")
    assert published_demo.inside(*arguments, f"{folder}/").exit_code == 0
    (folder / "daily_metrics.demo-g1.parquet").unlink()
    assert published_demo.inside(*arguments, f"{folder}/").exit_code == 2
    assert [path.name for path in folder.iterdir()] == ["rejected_rows.demo-g1.parquet"]


def test_stdout_holds_the_bytes_of_one_file_and_nothing_else(published_demo):
    command = published_demo.command(
        "export", "parquet", "--out", "-", "--from", "2026-06-01", "--to", "2026-06-10"
    )
    done = subprocess.run(command, env=published_demo.environment, capture_output=True, check=True)
    days = pq.read_table(io.BytesIO(done.stdout))["local_date"].to_pylist()
    assert (str(days[0]), str(days[-1])) == ("2026-06-01", "2026-06-10")
    assert b"generation 1 of profile demo" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["csv", "--out", "-", "--json"], "--out DIR"),
        (["csv", "--out", "-", "--output", "daily_metrics", "rejected_rows"], "--out DIR"),
        (["csv", "--name", "Zoë"], "export csv has no --name"),
        (["fhir", "--guideline", "nice"], "export fhir has no --guideline"),
        (["report", "--output", "daily_metrics"], "export report has no --output"),
        (["report", "--guideline", "esc"], "invalid choice"),
        (["csv", "--output", "daily"], "no output is called"),
        (["csv", "--from", "31.01.2026"], "2026-01-31"),
        (["csv", "--from", "2026-02-01", "--to", "2026-01-31"], "exchange"),
        (["csv", "--output", "rejected_rows", "--to", "2026-01-31"], "have no dates"),
        (["csv", "--profile", "nobody"], "run python cli.py --profile nobody"),
        (["pdf"], "invalid choice"),
        ([], "required"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_to_do(published_demo, arguments, word):
    done = published_demo.inside("export", *arguments)
    assert done.exit_code == 2
    assert word in done.stderr
    assert not (published_demo.home.parent / "exports").exists()
    assert not (published_demo.home / "nobody").exists()


def test_a_report_and_a_bundle_call_the_person_as_asked_and_store_the_name_nowhere(
    published_demo,
):
    folder = published_demo.home.parent / "out"
    for form in ("report", "fhir"):
        done = published_demo.inside("export", form, "--name", "Zoë", "--out", f"{folder}/")
        assert done.exit_code == 0, done.stderr
        assert not done.stderr
    (report,) = folder.glob("report.demo-g1.pdf")
    assert report.read_bytes().startswith(b"%PDF-")
    (bundle,) = folder.glob("bundle.demo-g1.fhir.json")
    assert '"text":"Zoë"' in bundle.read_text("utf-8")
    kept = [path for path in published_demo.home.rglob("*") if path.is_file()]
    assert not any("Zoë".encode() in path.read_bytes() for path in kept)


def test_the_name_may_be_a_setting_and_the_command_line_wins(published_demo):
    published_demo.environment["PDP_NAME"] = "Zoë"
    target = published_demo.home.parent / "bundle.json"

    def name_in(*arguments):
        days = ("--from", "2026-06-30", "--out", str(target), "--overwrite")
        assert published_demo.inside("export", "fhir", *days, *arguments).exit_code == 0
        return json.loads(target.read_bytes())["entry"][0]["resource"].get("name")

    assert name_in() == [{"text": "Zoë"}]
    assert name_in("--name", "Noé") == [{"text": "Noé"}]
    assert name_in("--name", "") is None


def test_the_report_is_the_same_bytes_each_time(published_demo):
    command = published_demo.command("export", "report", "--out", "-", "--quiet")
    first, second = (
        subprocess.run(command, env=published_demo.environment, capture_output=True, check=True)
        for _ in range(2)
    )
    assert first.stdout == second.stdout
    assert not first.stderr


def test_reading_for_an_export_imports_no_hamilton(published_demo):
    code = (
        "import sys; from adapters.terminal.main import main; code = main(sys.argv[1:]); "
        "sys.exit('hamilton' in sys.modules or code)"
    )
    command = published_demo.command("export", "csv", "--out", "-")
    done = subprocess.run(
        [command[0], "-c", code, *command[2:]],
        env=published_demo.environment, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
