"""What happened, told from the registry."""

import pytest

from registry.garbage import Collector, pin
from registry.generations import NodeAction
from registry.past import (
    NoSuchNodeError,
    NoSuchVersionError,
    artifacts_of,
    node_versions,
    past_generations,
    past_runs,
)
from registry.restoring import restore
from tests.registry.chains import Chain

A, B, C = "a" * 64, "b" * 64, "c" * 64


@pytest.fixture
def chain(tmp_path):
    """Two files; a third one; other code; back to generation 1."""
    made = Chain(tmp_path)
    steps = [({A: "1", B: "2"}, "one"), ({A: "1", B: "2", C: "3"}, "one"), ({A: "1"}, "two")]
    for number, (files, code) in enumerate(steps, 1):
        nodes = made.make(files, code)
        made.publish_nodes(nodes, run_id=f"run {number}")
        made.runs.record(
            run_id=f"run {number}",
            started_utc="2026-01-01T00:00:00Z",
            ended_utc="2026-01-01T00:01:30Z",
            status="published",
            generation=number,
            options={},
            actions=[
                NodeAction("table", "", "ran", f"reason {number}", rows=10),
                NodeAction("parsed", A, "ran", f"parse {number}", rows=5),
            ],
        )
    restore(made.generations, made.store, 1, run_id="back", published_utc="2026-01-02T00:00:00Z")
    return made


def test_runs_are_told_with_time_duration_rows_and_actions(chain):
    first, *_ = runs = past_runs(chain.database)
    assert [run.run_id for run in runs] == ["run 1", "run 2", "run 3"]
    assert (first.seconds, first.rows, first.actions) == (90.0, 15, {"ran": 2})
    assert (first.status, first.generation) == ("published", 1)


def test_generations_are_told_with_what_became_of_them(chain):
    pin(chain.database, 2)
    Collector(chain.store, chain.generations).collect(newest=1)
    found = {one.generation: one for one in past_generations(chain.store)}
    assert [found[n].results for n in (1, 2, 3, 4)] == [True, True, True, True]
    assert (found[2].pinned, found[4].pinned) == (True, False)
    assert (found[1].restores, found[4].restores) == (None, 1)
    assert found[4].outputs == found[1].outputs
    assert found[3].outputs["table"]["version"] == 3


def test_generations_without_results_are_told_as_such(chain):
    chain.publish({A: "new"}, "four")
    Collector(chain.store, chain.generations).collect(newest=1)
    results = {one.generation: one.results for one in past_generations(chain.store)}
    assert results == {1: False, 2: False, 3: False, 4: False, 5: True}


def test_results_that_were_cleaned_away_are_told_as_gone(chain):
    for path in chain.objects():
        path.unlink()
    assert not any(one.results for one in past_generations(chain.store))


def test_a_node_is_followed_over_the_generations_with_a_reason_for_each_change(chain):
    versions = node_versions(chain.database, "table")
    assert [v.version for v in versions] == [1, 2, 3, 1]
    assert [v.reason for v in versions] == [
        "reason 1", "reason 2", "reason 3", "restores generation 1",
    ]  # fmt: skip
    assert versions[0].key == versions[3].key != versions[1].key
    assert versions[0].sha256 == versions[3].sha256


def test_of_a_parallel_block_it_is_told_how_many_items_changed(chain):
    versions = node_versions(chain.database, "parsed")
    assert [(v.items, v.changed) for v in versions] == [(2, 2), (3, 1), (1, 3), (2, 2)]
    assert versions[1].reason == "computed before"
    assert versions[0].reason == "parse 1 (1 for other reasons)"
    assert {v.key for v in versions if v.items > 1} == {None}


def test_results_that_come_back_without_a_run_say_from_where(chain):
    nodes = chain.make({A: "1", B: "2", C: "3"}, "one")
    chain.publish_nodes(nodes, run_id="later")
    assert node_versions(chain.database, "table")[-1].reason == "as in generation 2 again"


def test_what_gc_removed_keeps_its_versions_and_hashes(chain):
    before = [(v.version, v.sha256) for v in node_versions(chain.database, "table")]
    chain.publish({A: "new"}, "four")
    Collector(chain.store, chain.generations).collect(newest=1)
    assert [(v.version, v.sha256) for v in node_versions(chain.database, "table")][:4] == before
    with pytest.raises(NoSuchVersionError, match="removed by gc"):
        artifacts_of(chain.database, "table", "v2")


def test_artifacts_are_named_by_version_or_by_generation(chain):
    named = {text: artifacts_of(chain.database, "table", text) for text in ("2", "v2", "g2")}
    assert named["2"] == named["v2"] == named["g2"] != artifacts_of(chain.database, "table", "1")
    assert artifacts_of(chain.database, "table", "g4") == artifacts_of(chain.database, "table", "1")
    assert [found.item for found in artifacts_of(chain.database, "parsed", "g2")] == [A, B, C]


@pytest.mark.parametrize(
    ("node", "version", "error", "words"),
    [
        ("tabel", "1", NoSuchNodeError, "did you mean table"),
        ("tabel", "g1", NoSuchNodeError, "did you mean table"),
        ("table", "9", NoSuchVersionError, "there is none"),
        ("table", "newest", NoSuchVersionError, "give one as 3, v3, or g3"),
        ("parsed", "1", NoSuchVersionError, "only outputs have versions"),
        ("parsed", "g9", NoSuchVersionError, "the generation has no such node"),
    ],
)
def test_what_there_is_not_is_told_with_what_to_do(chain, node, version, error, words):
    with pytest.raises(error, match=words):
        artifacts_of(chain.database, node, version)
