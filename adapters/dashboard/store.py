"""Published generations of a profile, read from its folder; a newer one is met on the way.

NothingToShowError    nothing is published, so there is nothing to show
"""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

from adapters import AdapterError
from adapters.dashboard import DashboardError
from adapters.dashboard.background import RegistryBackground
from adapters.dashboard.published import Facts, Published
from adapters.dashboard.series import Windows
from adapters.dashboard.stored_rows import StoredRows
from adapters.notebooks.opened_artifact import VerifiedFiles
from adapters.profile import Profile
from adapters.reader import PublishedOutputs, outputs
from dataflows.day_windows import EVENING, MORNING
from registry import RegistryError
from registry.reading import ask

LOOKS_EVERY_SECONDS: Final = 1.0


class NothingToShowError(DashboardError):
    """Nothing of the profile is published, or it cannot be read."""

    exit_code = 3


class DataStore(Protocol):
    """Where a session's data comes from: a folder, or what was unlocked in its memory."""

    def current(self) -> Published:
        """The newest generation; the same object until there is a newer one."""


class ProfileStore:
    """What a profile has published. Sessions share it, for nothing in it is a visitor's.

    Args:
        profile: Whose.
        windows: Morning and evening.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        profile: Profile,
        windows: Windows = (MORNING, EVENING),
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._profile, self._windows, self._clock = profile, windows, clock
        self._shown: Published | None = None
        self._looked = float("-inf")

    def current(self) -> Published:
        """The newest generation. What was shown stays when a run has it unpublished meanwhile.

        Raises:
            NothingToShowError: Nothing was published yet.
        """
        now = self._clock()
        if self._shown is None or now - self._looked >= LOOKS_EVERY_SECONDS:
            self._looked = now
            self._look()
        if self._shown is None:
            raise NothingToShowError(
                f"nothing of profile {self._profile.name} is published; run python cli.py"
            )
        return self._shown

    def _look(self) -> None:
        try:
            found = outputs(profile=self._profile.name, home=self._profile.home.absolute())
        except (AdapterError, RegistryError) as error:
            if self._shown is None:
                raise NothingToShowError(str(error)) from None
            return
        if self._shown is None or self._shown.facts.generation != found.generation:
            self._shown = self._published(found)

    def _published(self, found: PublishedOutputs) -> Published:
        tables = [output for output in found if output.artifact.rows is not None]
        folder = self._profile.folder.absolute()
        facts = Facts(
            found.profile,
            found.generation,
            found.published_utc,
            {output.name: output.version for output in found},
            _books(folder, found),
        )
        return Published(
            facts,
            [output.name for output in tables],
            StoredRows(folder, {output.name: output.artifact for output in tables}),
            self._windows,
            RegistryBackground(partial(ask, folder / "registry.sqlite"), found.generation),
        )


def _books(folder: Path, found: PublishedOutputs) -> dict[str, dict[str, Any]]:
    artifacts = [output.artifact for output in found if output.name == "books"]
    if not artifacts:
        return {}
    value, _ = VerifiedFiles(folder).value(artifacts[0])
    return {signal: dict(counts) for signal, counts in value.items()}
