"""Two homes push, pull and prune at random, and nothing that was acknowledged is lost."""

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.adapters.remote.two_homes import TwoHomes

SAMPLED_EVERY = 3
BOTH = [
    (action, meanwhile)
    for action in ("push", "pull", "prune")
    for meanwhile in ("push", "prune", "push and prune")
]

TwoHomes.TestCase.settings = settings(
    max_examples=20, stateful_step_count=25, deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to make a failure smaller takes minutes
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
test_two_homes_lose_nothing_that_was_acknowledged = TwoHomes.TestCase


@pytest.fixture
def machine():
    made = TwoHomes()
    made.one_home_began(is_shared=True)
    yield made
    made.both_come_together()
    made.teardown()


@pytest.mark.parametrize(("action", "meanwhile"), BOTH)
def test_whichever_two_requests_another_comes_between_nothing_is_lost(
    machine, complete, action, meanwhile
):
    first = BOTH.index((action, meanwhile)) % SAMPLED_EVERY
    for request in range(14) if complete else range(first, 14, SAMPLED_EVERY):
        machine.both_at_once("ab"[request % 2], request, action, meanwhile)
        machine.no_acknowledged_state_is_lost_and_the_head_is_whole()
        machine.every_home_is_whole()
