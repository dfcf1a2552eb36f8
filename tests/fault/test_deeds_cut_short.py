"""What a person does beside runs, cut short: by a SIGKILL, by a disk that refuses, by a power cut.

What has to hold of each is said where it is defined, in `deeds`.
"""

import pytest

from tests.fault.cutting import SAMPLED_CUTS, Tried
from tests.fault.deeds import exports, files, remotes, upkeep, vaults
from tests.fault.disk import WORST
from tests.fault.recording import needs_strace
from tests.fault.test_kill_everywhere import not_of_the_log

pytestmark = needs_strace

MOST, MOST_STATES = 60, 400

# Those of a home with a generation are given one.
DEEDS = {
    "import into nothing": exports.first_import,
    "import": exports.later_import,
    "vault init": vaults.init,
    "vault change-passphrase": vaults.change_passphrase,
    "vault open": vaults.open_file,
    "a head": remotes.head,
    "state push into nothing": remotes.first_push,
    "state push": remotes.later_push,
    "state push --repair": remotes.repairing_push,
    "state prune": remotes.prune,
    "state pull into nothing": remotes.first_pull,
    "state pull": remotes.later_pull,
    "state pull --merge": remotes.merging_pull,
    "export csv": files.export_of("csv", "--output", "daily_metrics", "blood_pressure_readings"),
    "export fhir --overwrite": files.export_over("fhir"),
    "export report": files.export_of("report"),
    "exclude": upkeep.exclude,
    "--clean": upkeep.clean,
    "verify --repair": upkeep.repair,
}


SAMPLED = (
    "import into nothing", "vault init", "a head", "state push", "state pull", "export csv"
)  # fmt: skip


def pytest_generate_tests(metafunc):
    if "tried" in metafunc.fixturenames:
        names = DEEDS if metafunc.config.getoption("--complete") else SAMPLED
        metafunc.parametrize("tried", names, indirect=True, scope="module")


@pytest.fixture(scope="module")
def tried(request, shared_scratch):
    folder = shared_scratch / request.param
    folder.mkdir()
    deed = DEEDS[request.param](
        folder / "before", lambda: request.getfixturevalue("command_line").world
    )
    return Tried.of(deed, folder / "place")


def many_of(calls, most=MOST):
    """Those that are not of the registry's log, spread evenly."""
    chosen = not_of_the_log(calls)
    return chosen[:: -(-len(chosen) // most)]


def gives_a_name(call):
    """Whether it makes visible what was written."""
    return call.new_path is not None


def flushes_that_count(calls):
    """The first flush of a folder, and the last ones of names: of a folder, of a file."""
    flushes = [call for call in calls if call.is_sync and "." not in call.path.name]
    made = [call.path.parent for call in calls if call.name.startswith("mkdir")]
    linked = [call.new_path.parent for call in calls if call.name.startswith("link")]
    named = [call.new_path.parent for call in calls if gives_a_name(call)]
    folders = {(linked or named)[-1], *made[-1:]}
    last = {call.path: call for call in flushes if call.path in folders}
    return list(dict.fromkeys([flushes[0], *last.values()]))


def test_killed_before_any_call_it_is_whole_and_comes_to_its_end(tried, complete, counted):
    last = [*filter(gives_a_name, tried.calls)][-1:]
    results = [tried.killed_at(call) for call in (many_of(tried.calls) if complete else last)]
    struck = [words for words in results if words is not None]
    found = [word for words in struck for word in words]
    counted("crash points of deeds tried with SIGKILL", len(struck))
    counted("violations", len(found))
    assert found == []
    assert len(struck) > len(results) / 2


@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
def test_a_failing_call_leaves_it_whole_and_it_comes_to_its_end(tried, error, complete, counted):
    calls = tried.calls_that_may_fail(error)
    calls = many_of(calls) if complete else calls[2 * len(calls) // 3 :][:1]
    found = [word for call in calls for word in tried.refused_at(call, error)]
    counted(f"errors injected into deeds: {error}", len(calls))
    counted("violations", len(found))
    assert found == []


def test_a_power_cut_takes_nothing_away_that_was_told(tried, complete, counted):
    found = [*(tried.power_cuts(MOST_STATES) if complete else tried.some_power_cuts())]
    counted("disk states after a power cut in a deed", len(found))
    counted("violations", sum(map(len, found)))
    assert [word for words in found for word in words] == []


def test_what_was_killed_and_done_again_survives_a_power_cut(tried, complete, counted):
    calls = many_of(tried.calls, MOST // 2) if complete else flushes_that_count(tried.calls)
    kinds = WORST if complete else SAMPLED_CUTS[:1]
    found = [words for call in calls for words in tried.killed_and_cut_at(call, kinds)]
    counted("disk states after a kill, the deed again and a power cut", len(found))
    counted("violations", sum(map(len, found)))
    assert [word for words in found for word in words] == []
