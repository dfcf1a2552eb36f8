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
        notices: What is said beside the result, on stderr.
        content: The result itself where it is a file's bytes, for stdout as they are.
    """

    document: Mapping[str, Any]
    blocks: Sequence[RenderableType] = ()
    warnings: Sequence[str] = ()
    exit_code: int = 0
    error: str | None = None
    notices: Sequence[str] = ()
    content: bytes | memoryview | None = None
