import io
import json
import logging
import os
import re
import stat

import pytest

from adapters import logs
from adapters.logs import log, open_log

CANARY = 187.4242


def lines(folder):
    return [json.loads(line) for line in (folder / "pipeline.log").read_text("utf-8").splitlines()]


def test_each_line_is_one_json_object(tmp_path):
    with open_log(tmp_path / "logs", run="r1"):
        log("node_ran", node="sleep_daily", counts={"rows": 120}, seconds=0.25)
        log("file_failed", level="error", file="Müller.csv")
    first, second = lines(tmp_path / "logs")
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first.pop("time"))
    assert first == {
        "level": "info",
        "event": "node_ran",
        "run": "r1",
        "node": "sleep_daily",
        "counts": {"rows": 120},
        "seconds": 0.25,
    }
    assert (second["level"], second["file"]) == ("error", "Müller.csv")


def test_a_field_that_is_not_on_the_list_is_refused():
    with pytest.raises(TypeError, match="systolic_mmhg"):
        log("node_ran", systolic_mmhg=CANARY)


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        ("systolic is 120", {}),
        ("Node", {}),
        ("node_ran", {"counts": {"rows": CANARY}}),
        ("node_ran", {"counts": {"rows": True}}),
        ("node_ran", {"counts": {"120/80": 1}}),
    ],
)
def test_free_text_and_measured_values_find_no_place(event, fields):
    with pytest.raises(ValueError, match="log's"):
        log(event, **fields)


@pytest.fixture
def others():
    """What a program that configures logging for itself would see."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)


def test_without_an_open_log_nothing_is_written_or_shown(others, capfd):
    log("node_failed", level="error")
    assert capfd.readouterr() == ("", "")
    assert others.getvalue() == ""


def test_a_line_that_came_another_way_shows_only_that_it_came(tmp_path, capfd):
    stream = io.StringIO()
    with open_log(tmp_path / "logs", run="r1", verbose=True, stream=stream):
        logging.getLogger("personal_data_pipeline").error("value %s", CANARY)
    (line,) = lines(tmp_path / "logs")
    assert line["event"] == "unstructured"
    assert "187" not in json.dumps(line) + stream.getvalue() + "".join(capfd.readouterr())


def test_verbose_shows_the_lines_and_debug_ones_too(tmp_path, capfd):
    with open_log(tmp_path / "logs", run="r1", verbose=True):
        log("file_stored", level="debug", file="a.csv", counts={"rows": 3})
    assert capfd.readouterr() == ("", "debug   file_stored file=a.csv rows=3\n")
    assert lines(tmp_path / "logs")[0]["level"] == "debug"


def test_without_verbose_nothing_is_shown(tmp_path, capfd, others):
    with open_log(tmp_path / "logs", run="r1"):
        log("file_failed", level="error", file="a.csv")
        log("file_stored", level="debug", file="a.csv")
    assert capfd.readouterr() == ("", "")
    assert others.getvalue() == ""
    assert len(lines(tmp_path / "logs")) == 1


def test_a_log_that_was_closed_takes_no_more_lines(tmp_path):
    for run in ("r1", "r2"):
        with open_log(tmp_path / "logs", run=run):
            log("run_started")
    assert [line["run"] for line in lines(tmp_path / "logs")] == ["r1", "r2"]


def test_the_log_is_rotated_and_five_old_ones_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "LARGEST_BYTES", 2000)
    with open_log(tmp_path / "logs", run="r1"):
        for _ in range(300):
            log("node_ran", node="sleep_daily")
    files = sorted(path.name for path in (tmp_path / "logs").iterdir())
    assert files == ["pipeline.log", *[f"pipeline.log.{number}" for number in range(1, 6)]]
    assert all(path.stat().st_size <= 2000 for path in (tmp_path / "logs").iterdir())


def test_modes_do_not_depend_on_the_umask_or_on_what_was_there(tmp_path):
    previous = os.umask(0)
    (tmp_path / "logs").mkdir(mode=0o700)
    (tmp_path / "logs" / "pipeline.log").touch(mode=0o666)
    try:
        with open_log(tmp_path / "logs", run="r1"):
            log("run_started")
    finally:
        os.umask(previous)
    modes = [tmp_path / "logs", tmp_path / "logs" / "pipeline.log"]
    assert [stat.S_IMODE(path.stat().st_mode) for path in modes] == [0o700, 0o600]


@pytest.mark.parametrize("obstacle", ["file", "link"])
def test_a_log_that_cannot_be_written_stops_nothing_and_says_nothing(tmp_path, capfd, obstacle):
    if obstacle == "file":
        (tmp_path / "logs").write_text("")
    else:
        (tmp_path / "logs").mkdir()
        (tmp_path / "logs" / "pipeline.log").symlink_to(tmp_path / "victim")
    with open_log(tmp_path / "logs", run="r1"):
        log("run_started", file="a.csv")
    assert capfd.readouterr() == ("", "")
    assert not (tmp_path / "victim").exists()


@pytest.fixture
def run_failing_flow(monkeypatch):
    """Runs a flow whose only node fails over its input."""
    monkeypatch.setenv("HAMILTON_TELEMETRY_ENABLED", "false")
    from hamilton import ad_hoc_utils, driver

    def diastolic(systolic: float) -> float:
        raise ZeroDivisionError

    flow = driver.Builder().with_modules(ad_hoc_utils.create_temporary_module(diastolic)).build()

    def run():
        with pytest.raises(ZeroDivisionError):
            flow.execute(["diastolic"], inputs={"systolic": CANARY})

    logging.getLogger("hamilton").setLevel(logging.NOTSET)
    yield run
    logging.getLogger("hamilton").setLevel(logging.NOTSET)


def test_hamilton_logs_no_input_of_a_failing_node(tmp_path, capfd, others, run_failing_flow):
    with open_log(tmp_path / "logs", run="r1", verbose=True):
        run_failing_flow()
    assert str(CANARY) not in "".join(capfd.readouterr()) + others.getvalue()
    assert "Node inputs" not in others.getvalue()


def test_hamilton_would_log_the_inputs(others, run_failing_flow):
    """Without this the test above would prove nothing."""
    run_failing_flow()
    assert str(CANARY) in others.getvalue()
