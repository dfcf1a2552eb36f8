"""What a command has to say, before anybody decides how it looks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import RenderableType


@dataclass(frozen=True)
class Answer:
    """The result of a command.

    Attributes:
        document: What `--json` prints.
        blocks: What people read.
        warnings: What people should know beside it.
        exit_code: How the process ends.
        error: Why the command failed, in one sentence.
    """

    document: Mapping[str, Any]
    blocks: Sequence[RenderableType] = ()
    warnings: Sequence[str] = ()
    exit_code: int = 0
    error: str | None = None
