"""axe-core finds nothing on the page, light or dark, wide or narrow."""

import pytest

from tests.dashboard.conftest import WIDTHS


@pytest.mark.parametrize("scheme", ["light", "dark"])
@WIDTHS
def test_axe_finds_no_fault(public_url, visit, scheme, size):
    from axe_playwright_python.sync_playwright import Axe

    one = visit(public_url, size, color_scheme=scheme)
    one.page.evaluate("document.getElementById('controls').open = true")
    for table in one.page.locator("details.rows > summary").all():
        table.click()
    one.page.wait_for_function("document.querySelectorAll('details.rows table').length >= 3")
    found = Axe().run(one.page).response["violations"]
    assert [(fault["id"], [node["target"] for node in fault["nodes"]]) for fault in found] == []
