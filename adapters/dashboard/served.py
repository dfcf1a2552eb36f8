"""The public page that `panel serve app.py` shows: the profile's, made ready by the first visit."""

import os
from functools import cache
from pathlib import Path

from panel.template import Template

from adapters.dashboard.serving import make_ready, visitors_page
from adapters.dashboard.store import ProfileStore
from adapters.profile import DEMO, Profile
from adapters.settings import Settings


def public_page() -> Template:
    """A new visitor's page of the demo person."""
    store, guideline = _shared()
    return visitors_page(store, guideline)


@cache
def _shared() -> tuple[ProfileStore, str | None]:
    settings = Settings.load(os.environ, Path(".env"))
    profile = Profile(settings.home, DEMO, leaves_no_trace=True)
    return make_ready(profile, settings), settings.guideline
