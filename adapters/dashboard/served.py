"""The public page that `panel serve app.py` shows, with the login of the profile's vault."""

import os
from functools import cache
from pathlib import Path

from panel.template import Template

from adapters.dashboard.headers import guard_answers
from adapters.dashboard.serving import Visits, visits_of
from adapters.settings import Settings

guard_answers()


def public_page() -> Template:
    """A new visitor's page of the demo person."""
    return _visits().page()


@cache
def _visits() -> Visits:
    return visits_of(Settings.load(os.environ, Path(".env")))
