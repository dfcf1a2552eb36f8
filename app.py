"""The dashboard as an application: `panel serve app.py`, or `python cli.py serve`."""

from adapters.dashboard.served import public_page

public_page().servable()
