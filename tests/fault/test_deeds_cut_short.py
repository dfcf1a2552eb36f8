"""What a person does beside runs, cut short: by a SIGKILL, by a disk that refuses, by a power cut.

What has to hold of each is said where it is defined, in `deeds`.
"""

import pytest

from tests.fault.cutting import Tried
from tests.fault.deeds import exports, vaults
from tests.fault.recording import needs_strace
from tests.fault.test_kill_everywhere import not_of_the_log

pytestmark = needs_strace

MOST, MOST_STATES = 120, 800

# Those of a home with a generation are given one.
DEEDS = {
    "import into nothing": exports.first_import,
    "import": exports.later_import,
    "vault init": vaults.init,
    "vault change-passphrase": vaults.change_passphrase,
}


@pytest.fixture(scope="module", params=DEEDS)
def tried(request, shared_scratch, command_line):
    folder = shared_scratch / request.param
    folder.mkdir()
    deed = DEEDS[request.param](folder / "before", command_line.world)
    return Tried.of(deed, folder / "place")


def some(calls, complete, most=MOST):
    """Many of them, spread evenly, or one that is neither at the beginning nor at the end."""
    if not complete:
        return calls[2 * len(calls) // 3 :][:1]
    chosen = not_of_the_log(calls)
    return chosen[:: -(-len(chosen) // most)]


def test_killed_before_any_call_it_is_whole_and_comes_to_its_end(tried, complete, counted):
    results = [tried.killed_at(call) for call in some(tried.calls, complete)]
    struck = [words for words in results if words is not None]
    found = [word for words in struck for word in words]
    counted("crash points of deeds tried with SIGKILL", len(struck))
    counted("violations", len(found))
    assert found == []
    assert len(struck) > len(results) / 2


@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
def test_a_failing_call_leaves_it_whole_and_it_comes_to_its_end(tried, error, complete, counted):
    calls = some(tried.calls_that_may_fail(error), complete)
    found = [word for call in calls for word in tried.refused_at(call, error)]
    counted(f"errors injected into deeds: {error}", len(calls))
    counted("violations", len(found))
    assert found == []


def test_a_power_cut_takes_nothing_away_that_was_told(tried, complete, counted):
    found = [*tried.power_cuts(MOST_STATES if complete else 8)]
    counted("disk states after a power cut in a deed", len(found))
    counted("violations", sum(map(len, found)))
    assert [word for words in found for word in words] == []


def test_what_was_killed_and_done_again_survives_a_power_cut(tried, complete, counted):
    calls = [call for call in tried.calls if complete or call.is_sync]
    chosen = some(calls, complete, MOST // 2)
    found = [words for call in chosen for words in tried.killed_and_cut_at(call)]
    counted("disk states after a kill, the deed again and a power cut", len(found))
    counted("violations", sum(map(len, found)))
    assert [word for words in found for word in words] == []
