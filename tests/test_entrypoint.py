"""The container's entry point: what it does in which order, its exit codes, its signals."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

ENTRYPOINT = Path(__file__).parents[1] / "deploy" / "entrypoint.sh"

# Stands for Python: notes how it was called, and ends as it is told for that command.
PYTHON = """#!/bin/sh
shift
echo "$@" >> "$CALLS"
case "$*" in
    "state pull"*) exit "${PULL:-0}" ;;
    "state push"*) exit "${PUSH:-0}" ;;
    "state prune"*) exit "${STATE_PRUNE:-0}" ;;
    serve*|slow*) trap 'echo interrupted >> "$CALLS"; exit 130' INT; sleep 20 & wait $! ;;
    *) exit "${RUN:-0}" ;;
esac
"""


@pytest.fixture
def entrypoint(tmp_path):
    python = tmp_path / "python"
    python.write_text(PYTHON)
    python.chmod(0o700)
    calls = tmp_path / "calls"
    calls.touch()

    class Entrypoint:
        def start(self, *words, **environment):
            told = {"CALLS": str(calls), "PYTHON": str(python), "PATH": os.environ["PATH"]}
            return subprocess.Popen([ENTRYPOINT, *words], env=told | environment)

        def __call__(self, *words, **environment):
            return self.start(*words, **environment).wait(30), calls.read_text().splitlines()

        def wait_for(self, words):
            for _ in range(200):
                if words in calls.read_text():
                    return
                time.sleep(0.05)
            raise AssertionError(calls.read_text())

    return Entrypoint()


PULL, RUN, PUSH = "state pull --quiet", "run", "state push --quiet"
PRUNE = "state prune --quiet"


@pytest.mark.parametrize(
    ("told", "exit_code", "calls"),
    [
        ({}, 0, [PULL, RUN, PUSH]),
        ({"RUN": "6"}, 6, [PULL, RUN, PUSH]),
        ({"RUN": "1"}, 1, [PULL, RUN]),
        ({"RUN": "3"}, 3, [PULL, RUN]),
        ({"RUN": "75"}, 75, [PULL, RUN]),
        ({"PUSH": "4"}, 4, [PULL, RUN, PUSH]),
        ({"RUN": "6", "PUSH": "4"}, 4, [PULL, RUN, PUSH]),
        ({"PULL": "5"}, 5, [PULL]),
    ],
)
def test_a_run_is_pull_run_push_and_its_exit_code_is_kept(entrypoint, told, exit_code, calls):
    assert entrypoint("run", PDP_REMOTE="somewhere", **told) == (exit_code, calls)


@pytest.mark.parametrize(
    ("told", "exit_code", "calls"),
    [
        ({}, 0, [PULL, RUN, PUSH, PRUNE]),
        ({"RUN": "6"}, 6, [PULL, RUN, PUSH, PRUNE]),
        ({"RUN": "1"}, 1, [PULL, RUN]),
        ({"PUSH": "4"}, 4, [PULL, RUN, PUSH]),
        ({"STATE_PRUNE": "4"}, 4, [PULL, RUN, PUSH, PRUNE]),
        ({"PRUNE": ""}, 0, [PULL, RUN, PUSH]),
    ],
)
def test_where_asked_for_what_was_pushed_is_pruned(entrypoint, told, exit_code, calls):
    environment = {"PDP_REMOTE": "somewhere", "PRUNE": "yes", **told}
    assert entrypoint("run", **environment) == (exit_code, calls)


def test_without_a_remote_nothing_is_pulled_or_pushed(entrypoint):
    assert entrypoint(PRUNE="yes") == (0, [RUN])
    assert entrypoint("run", "--json")[1][1:] == ["run --json"]


def test_other_words_are_a_command_of_the_pipeline(entrypoint):
    assert entrypoint("doctor", "--json", PDP_REMOTE="somewhere") == (0, ["doctor --json"])


@pytest.mark.parametrize("signal_", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("words", [("serve",), ("slow",)])
def test_a_signal_interrupts_what_is_under_way(entrypoint, signal_, words):
    started = entrypoint.start(*words, PDP_REMOTE="somewhere", PORT="8123")
    entrypoint.wait_for(words[0])
    started.send_signal(signal_)
    assert started.wait(10) == 130
    entrypoint.wait_for("interrupted")


@pytest.mark.parametrize("after", [0.0, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1])
def test_no_signal_is_lost_however_early_it_comes(entrypoint, after):
    started = entrypoint.start("slow")
    time.sleep(after)
    started.terminate()
    assert started.wait(10) in {130, -signal.SIGTERM}  # before the trap was set: it just ends


def test_a_server_listens_everywhere_on_its_port_and_pulls_nothing(entrypoint):
    started = entrypoint.start("serve", PDP_REMOTE="somewhere", PORT="8123")
    entrypoint.wait_for("serve")
    started.terminate()
    started.wait(10)
    assert entrypoint("doctor")[1][0] == "serve --address 0.0.0.0 --port 8123"


@pytest.mark.parametrize(
    ("told", "origin"),
    [({"ORIGIN": "me.example"}, "me.example"), ({"FLY_APP_NAME": "mine"}, "mine.fly.dev")],
)
def test_a_server_behind_a_proxy_is_told_its_name(entrypoint, told, origin):
    started = entrypoint.start("serve", **told)
    entrypoint.wait_for("serve")
    started.terminate()
    started.wait(10)
    calls = entrypoint("doctor")[1]
    assert calls[0] == f"serve --address 0.0.0.0 --port 8080 --origin {origin}"
