"""Progress of a run on stderr: a moving line on a terminal, plain lines elsewhere."""

import sys
import time
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.status import Status

from registry.generations import NodeAction

_PATIENCE_SECONDS: Final = 1.0


class Progress:
    """Says what is going on, once a run takes longer than a moment."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._console = Console(file=sys.stderr, highlight=False)
        self._status: Status | None = None
        self._started = time.monotonic()
        self._phase = ""
        self._ran = 0

    def __enter__(self) -> Self:
        if not self._quiet and self._console.is_terminal:
            self._status = self._console.status("starting")
            self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def phase(self, words: str) -> None:
        """What is being done now."""
        self._phase = words
        self._say(words)

    def action(self, action: NodeAction) -> None:
        """A node is done."""
        if action.action == "ran":
            self._ran += 1
            self._say(f"{self._phase}: {action.node} ({self._ran} done)")

    def _say(self, words: str) -> None:
        if self._status is not None:
            self._status.update(words)
        elif not self._quiet and time.monotonic() - self._started > _PATIENCE_SECONDS:
            self._started = time.monotonic()
            sys.stderr.write(f"{words}\n")
