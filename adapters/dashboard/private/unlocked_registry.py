"""The registry of the machine that pushed, in the memory of one session.

Its rows travelled beside the outputs; here they fill a database without a file, at the first
question. So the private view tells runs, files and nodes wherever it is opened.
"""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Final, TypeVar

from adapters.vault import DamagedError
from registry.adoption import raw_entries_in
from registry.database import Database
from registry.manifests import Document
from registry.travelling import receive, unpacked_rows

Answer = TypeVar("Answer")
_NOWHERE: Final = Path("remote")


class UnlockedRegistry:
    """What a registry knows of one generation, and of all runs.

    Args:
        document: The generation's manifest.
        past: Brings the rows of the runs, decrypted and verified.
    """

    def __init__(self, document: Document, past: Callable[[], bytes]) -> None:
        self._document, self._past = document, past

    def ask(self, question: Callable[[Database], Answer]) -> Answer:
        """The answer to a question.

        Raises:
            DamagedError: What travelled are no rows of a registry.
        """
        return question(self._database)

    @cached_property
    def _database(self) -> Database:
        database = Database(_NOWHERE, in_memory=True)
        try:
            with database.atomic() as connection:
                receive(
                    connection,
                    rows=[unpacked_rows(self._past())],
                    documents=[self._document],
                    raw_files=raw_entries_in(self._document).values(),
                    pins=[],
                    current=self._document["generation"],
                    replaced=[],
                )
        except (LookupError, ValueError, TypeError) as error:
            raise DamagedError("the remote's rows of runs", "they are of no registry") from error
        return database
