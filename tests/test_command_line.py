"""The contract of `python cli.py`, from outside: what it prints, writes, and how it exits."""

import csv
import json
import os
import stat

import pytest

OUTPUTS = {
    "annotations.csv",
    "annotations.parquet",
    "baselines.csv",
    "baselines.parquet",
    "trends.csv",
    "trends.parquet",
    "period_comparisons.csv",
    "period_comparisons.parquet",
    "source_coverage.csv",
    "source_coverage.parquet",
    "blood_pressure_alerts.csv",
    "blood_pressure_days.csv",
    "blood_pressure_days.parquet",
    "blood_pressure_quality.csv",
    "blood_pressure_quality.parquet",
    "blood_pressure_variability.csv",
    "blood_pressure_variability.parquet",
    "blood_pressure_readings.csv",
    "blood_pressure_readings.parquet",
    "daily_metrics.csv",
    "daily_metrics.parquet",
    "heart_rate_days.csv",
    "heart_rate_days.parquet",
    "heart_rate_hours.parquet",
    "heart_rate_samples.parquet",
    "home_blood_pressure.csv",
    "rejected_rows.csv",
    "shadowed_rows.csv",
    "sleep_nights.csv",
    "sleep_nights.parquet",
    "sleep_regularity.csv",
    "sleep_regularity.parquet",
    "sleep_sessions.csv",
    "sleep_sessions.parquet",
    "sleep_stages.parquet",
    "blood_pressure_weeks.csv",
    "blood_pressure_weeks.parquet",
    "heart_rate_weeks.csv",
    "heart_rate_weeks.parquet",
    "sleep_weeks.csv",
    "sleep_weeks.parquet",
}


def rows_of(program, profile, name):
    with (program.home / profile / "outputs" / name).open(newline="") as file:
        return list(csv.DictReader(file))


def actions(report):
    return {node["node"]: node["action"] for node in report["nodes"]}


def test_the_demo_is_published_at_once_with_more_than_400_days(published_demo):
    days = rows_of(published_demo, "demo", "daily_metrics.csv")
    dates = [day["local_date"] for day in days]
    assert len(dates) >= 400
    assert dates == sorted(set(dates))
    assert set(published_demo.outputs("demo")) == OUTPUTS


def test_a_second_run_is_up_to_date_and_runs_nothing(published_demo):
    done = published_demo("--json")
    assert (done.exit_code, done.json["status"], done.json["generation"]) == (0, "up-to-date", 1)
    assert set(actions(done.json).values()) == {"reused"}
    assert {file["status"] for file in done.json["files"]} == {"reused"}


def test_the_books_balance_in_every_report(published_demo):
    books = published_demo("--json").json["books"]
    assert {"blood_pressure", "heart_rate", "sleep"} <= books.keys()
    for signal in ("blood_pressure", "heart_rate", "sleep"):
        counts = books[signal]
        assert counts["parsed"] == counts["valid"] + counts["rejected"] > 0
        assert counts["valid"] == counts["kept"] + counts["shadowed"]
        assert counts["shadowed"] > 0


def test_people_get_a_table_and_scripts_one_object(program):
    shown = program()
    assert shown.exit_code == 0
    assert "Outputs in" in shown.stdout
    assert "daily_metrics" in shown.stdout
    assert "published generation 1" in shown.stdout
    assert program("--quiet").stdout == ""
    assert json.loads(program("--json").stdout)["profile"] == "demo"


def test_the_tables_fit_a_narrow_terminal_and_end_in_no_spaces(program):
    shown = program(COLUMNS="100").stdout.splitlines()
    assert max(map(len, shown[:-1])) <= 100
    assert [line for line in shown if line.endswith(" ")] == []
    (log,) = [line for line in shown if line.startswith("blood-pressure-log.csv")]
    assert log.split() == ["blood-pressure-log.csv", "blood_pressure_sheet", "parsed", "672", "6"]


def test_a_run_without_trouble_warns_of_nothing(published_demo):
    done = published_demo("--force", "books")
    assert done.exit_code == 0
    assert "warning" not in done.stderr


def test_global_options_stand_before_or_after_the_command(published_demo):
    before = published_demo("--json", "status").json
    after = published_demo("status", "--json").json
    assert before == after
    assert before["generation"] == 1
    assert before["last_run"]["options"]["executor"] == "local"


def test_a_later_stage_recomputes_from_there_on_and_makes_the_same_bytes(published_demo):
    before = published_demo.outputs("demo")
    done = published_demo("--start-stage", "validation", "--json")
    assert done.exit_code == 0, done.stderr
    stages = {node["stage"]: set() for node in done.json["nodes"]}
    for node in done.json["nodes"]:
        stages[node["stage"]].add(node["action"])
    assert stages["ingestion"] == stages["normalization"] == {"reused"}
    assert stages["validation"] == stages["merge"] == {"ran"}
    assert published_demo.outputs("demo") == before


def test_a_later_stage_needs_a_published_generation(program):
    done = program("--start-stage", "merge", "--profile", "me")
    assert done.exit_code == 2
    assert "nothing of me is published yet" in done.stderr


def test_skipping_ingestion_uses_what_is_stored(published_demo):
    done = published_demo("--skip-ingestion", "--json")
    assert (done.exit_code, done.json["status"]) == (0, "up-to-date")


def test_a_dry_run_tells_the_plan_and_writes_nothing(published_demo):
    before = tree_of(published_demo.home)
    done = published_demo("--dry-run", "--force", "daily_metrics", "--json")
    assert done.json["status"] == "planned"
    assert actions(done.json)["daily_metrics"] == "would-run"
    assert tree_of(published_demo.home) == before


def test_a_dry_run_of_nothing_leaves_no_folder(program):
    done = program("--dry-run", "--json")
    assert (done.exit_code, done.json["status"]) == (0, "planned")
    assert not program.home.exists()


def test_a_plan_names_what_is_new_in_the_inbox_since_it_cannot_count_it(program):
    inbox = program.home / "me" / "inbox"
    inbox.mkdir(parents=True)
    row = "2025-05-01,07:3{},121,79,64\n"
    for number in range(2):
        (inbox / f"{number}.csv").write_text(
            "date,time,systolic,diastolic,pulse\n" + row.format(number)
        )
        before = tree_of(program.home)
        plan = program("plan", "--json").json
        (message,) = plan["messages"]
        assert message.startswith(f"new in the inbox, and not in this plan: {number}.csv;")
        assert tree_of(program.home) == before
        assert program("--quiet").exit_code == 0
        assert program("plan", "--json").json["messages"] == []


def tree_of(folder):
    skipped = ("-wal", "-shm")
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(skipped)
    }


def test_a_clean_deletes_what_can_be_made_again_and_nothing_else(published_demo):
    demo = published_demo.home / "demo"
    raw = tree_of(demo / "raw")
    before = published_demo.outputs("demo")
    planned = published_demo("--clean", "--dry-run", "--json").json
    assert planned["status"] == "planned"
    assert published_demo.outputs("demo") == before
    done = published_demo("--clean", "--json").json
    assert (done["status"], done["files"]) == ("cleaned", planned["files"])
    assert not (demo / "objects").exists()
    assert not (demo / "outputs").exists()
    assert tree_of(demo / "raw") == raw
    assert published_demo("status", "--json").json["generation"] is None


def test_after_a_clean_the_same_bytes_come_back_under_the_next_version(published_demo):
    before = published_demo.outputs("demo")
    published_demo("--clean")
    done = published_demo("--json").json
    assert (done["status"], done["generation"]) == ("published", 2)
    versions = {node["version"] for node in done["nodes"] if node["version"]}
    assert versions == {2}
    assert published_demo.outputs("demo") == before


def test_forcing_everything_makes_the_same_bytes(published_demo):
    before = published_demo.outputs("demo")
    done = published_demo("--force-all", "--json").json
    assert set(actions(done).values()) == {"ran"}
    assert published_demo.outputs("demo") == before
    assert {node["version"] for node in done["nodes"] if node["version"]} == {1}


def test_threads_make_the_same_bytes(published_demo, program):
    done = published_demo("--force-all", "--executor", "threads", "--workers", "4", "--json")
    assert done.exit_code == 0, done.stderr
    assert {node["version"] for node in done.json["nodes"] if node["version"]} == {1}


def test_only_some_nodes_are_computed_and_nothing_is_published(program):
    done = program("--only", "blood_pressure_daily", "--json")
    assert (done.json["status"], done.json["generation"]) == ("computed", None)
    assert "heart_rate_daily" not in actions(done.json)


def test_a_spoilt_view_is_mended_by_the_next_run(published_demo):
    before = published_demo.outputs("demo")
    view = published_demo.home / "demo" / "outputs" / "daily_metrics.csv"
    view.write_text("spoilt")
    assert published_demo("--json").json["status"] == "up-to-date"
    assert published_demo.outputs("demo") == before


def test_everything_is_private_whatever_the_umask(program):
    old = os.umask(0)
    try:
        program()
    finally:
        os.umask(old)
    modes = {
        path.relative_to(program.home): stat.S_IMODE(path.stat().st_mode)
        for path in program.home.rglob("*")
    }
    for path, mode in modes.items():
        if (program.home / path).is_dir():
            assert mode == 0o700, path
        elif "objects" in path.parts or path.name == "content":
            assert mode == 0o400, path
        else:
            assert mode == 0o600, path


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--start-stage", "cooking"), "invalid choice: 'cooking'"),
        (("sttus",), "no such command: sttus; did you mean status?"),
        (("--quiet", "cook"), "no such command: cook; see"),
        (("status", "extra"), "unrecognized arguments: extra"),
        (("--clean", "--only", "daily_metrics"), "--clean runs nothing, so --only cannot go"),
        (("serve", "--port", "70000"), "'70000' is no port; the last one is 65535"),
        (("run", "--no-such-flag"), "unrecognized arguments: --no-such-flag"),
        (("--only", "dayly_metrics"), "no such node: dayly_metrics"),
        (("lineage", "books", "--row", "2", "--mermaid"), "leave --row out"),
        (("--workers", "0"), "not a whole number from 1 up"),
        (("import", ""), "argument PATH: it is empty"),
        (("export", "csv", "--out", ""), "argument --out: it is empty"),
        (("serve", "--origin", ""), "argument --origin: it is empty"),
        (("serve", "--address", ""), "argument --address: it is empty"),
        (("verify", "--rerun", ""), "argument --rerun: it is empty"),
        (("import",), "the following arguments are required: PATH"),
        (("--profile", "../evil"), "PDP_PROFILE"),
        (("--profile", ""), "argument --profile: it is empty"),
        (("--home", ""), "argument --home: it is empty"),
        (("import", "--profile", "demo", "x"), "the demo person is synthetic"),
    ],
)
def test_a_wrong_command_line_is_refused_in_one_line(program, arguments, message):
    done = program(*arguments)
    assert done.exit_code == 2, done.stderr
    assert message in done.stderr
    assert done.stdout == ""
    assert len([line for line in done.stderr.splitlines() if message in line]) == 1
    assert "Traceback" not in done.stderr


def test_an_error_is_one_json_object_too(program):
    done = program("--start-stage", "cooking", "--json")
    assert done.json["exit_code"] == done.exit_code == 2


def test_an_unknown_setting_is_refused_with_a_suggestion(program):
    done = program("status", PDP_TIMEZONE="Europe/Berlin")
    assert done.exit_code == 2
    assert "PDP_TIME_ZONE" in done.stderr


def test_nothing_to_ingest_is_said_with_what_to_do(program):
    done = program("--profile", "me")
    assert done.exit_code == 3
    assert str(program.home / "me" / "inbox") in done.stderr


def test_every_flag_is_in_the_help(program):
    shown = program("--help").stdout
    for flag in ("--skip-ingestion", "--start-stage", "--clean", "--dry-run", "--only", "--force",
                 "--force-all", "--executor", "--workers", "--profile", "--home", "--json",
                 "--quiet", "--verbose", "--version"):  # fmt: skip
        assert flag in shown
    for command in ("run", "import", "exclude", "sources", "status", "doctor"):
        assert f"  {command} " in shown


def test_the_help_of_a_command_is_about_this_command(program):
    shown = program("import", "--help").stdout
    assert "PATH" in shown
    assert "`python cli.py --help` lists all commands." in shown
    assert "rollback" not in shown


def test_the_doctor_finds_this_machine_fine(program):
    done = program("doctor", "--json")
    assert done.exit_code == 0, done.stdout
    assert {"Python", "home", "registry", "home zone"} <= {c["check"] for c in done.json["checks"]}
