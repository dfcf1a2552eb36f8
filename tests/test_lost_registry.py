"""The registry deleted or spoilt, then a plain run: same outputs, same versions, nothing again."""

import pytest

REGISTRY = "registry.sqlite"


def nothing_ran(done):
    assert done.exit_code == 0, done.stderr
    assert done.json["status"] == "up-to-date"
    assert {node["action"] for node in done.json["nodes"]} == {"reused"}
    return True


def test_a_deleted_registry_is_made_again_and_nothing_is_recomputed(published_demo):
    folder = published_demo.home / "demo"
    before, outputs = published_demo("status", "--json").json, published_demo.outputs("demo")
    (folder / REGISTRY).unlink()
    told = published_demo("status")
    assert told.exit_code == 5
    assert "run `python cli.py`" in told.stderr
    done = published_demo("--json")
    assert nothing_ran(done)
    assert "made again from manifests and raw files" in done.json["messages"][0]
    assert published_demo("--json").stderr == ""
    after = published_demo("status", "--json").json
    assert published_demo.outputs("demo") == outputs
    assert after["outputs"] == before["outputs"]
    assert after["generation"] == before["generation"]


@pytest.mark.slow
def test_a_spoilt_registry_is_set_aside_by_the_run_and_by_nobody_else(published_demo):
    folder = published_demo.home / "demo"
    outputs = published_demo.outputs("demo")
    content = bytearray((folder / REGISTRY).read_bytes())
    content[4096:40960] = bytes(36864)
    (folder / REGISTRY).write_bytes(content)
    for arguments in (["status"], ["--dry-run"], ["sources"]):
        published_demo(*arguments)
        assert (folder / REGISTRY).read_bytes() == content
    done = published_demo("--json")
    assert nothing_ran(done)
    assert (folder / f"{REGISTRY}.damaged-1").read_bytes() == content
    assert published_demo.outputs("demo") == outputs
