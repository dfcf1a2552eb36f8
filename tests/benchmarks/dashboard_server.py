"""A server for the dashboard's benchmark: a profile's page, and an empty one to compare it with.

python tests/benchmarks/dashboard_server.py HOME PROFILE PORT
"""

import sys
from pathlib import Path

import panel as pn
from panel.template import Template

from adapters.dashboard.serving import Visits, make_ready
from adapters.profile import Profile
from adapters.settings import Settings

HTML = Path("adapters/dashboard/page.html")
ROOTS = ("systolic", "diastolic", "heart", "sleep", "quality", "controls", "login", "bridge")


def empty_page() -> Template:
    """Panel with the page's template, and nothing in it."""
    template = Template(HTML.read_text("utf-8"))
    for name in ROOTS:
        template.add_panel(name, pn.Column())
    for name, value in (("parts", {}), ("style", ""), ("scripts", []), ("title", "empty")):
        template.add_variable(name, value)
    return template


def main() -> None:
    """Serve both until terminated."""
    home, name, port = sys.argv[1:]
    visits = Visits(make_ready(Profile(Path(home), name), Settings()))
    pn.serve(
        {"/": visits.page, "/empty": empty_page},
        port=int(port),
        address="127.0.0.1",
        show=False,
        verbose=False,
        compress_response=True,
        websocket_origin=[f"127.0.0.1:{port}"],
    )


if __name__ == "__main__":
    main()
