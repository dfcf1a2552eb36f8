"""axe-core finds nothing on the page, light or dark, wide or narrow."""

import sys

import pytest

from tests.dashboard.conftest import DESKTOP, PHONE, environment, served


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    command = [sys.executable, "cli.py", "serve", "--port", "{port}"]
    with served(command, environment(home), home / "log.txt") as address:
        yield address


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_axe_finds_no_fault(url, visit, chromium, scheme, size):
    from axe_playwright_python.sync_playwright import Axe

    context = chromium.new_context(viewport=size, color_scheme=scheme)
    one = visit(url, context=context)
    one.page.evaluate("document.getElementById('controls').open = true")
    for table in one.page.locator("details.rows > summary").all():
        table.click()
    one.page.wait_for_function("document.querySelectorAll('details.rows table').length >= 3")
    found = Axe().run(one.page).response["violations"]
    assert [(fault["id"], [node["target"] for node in fault["nodes"]]) for fault in found] == []
