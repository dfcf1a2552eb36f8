"""An artifact with its verified bytes opened: what `load` gives, and what a notebook shows."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from adapters import AdapterError
from adapters.engine.codecs import Codecs, LazyMapping, LazySequence, StoredExportFile, read_parquet
from adapters.notebooks import html
from registry.objects import ContentStore
from registry.store import FILE_NAMES, Artifact, DamagedArtifactError

if TYPE_CHECKING:
    import pandas as pd

FIRST_ROWS: Final = 5
_MOST_TEXT: Final = 4000


class NoTableError(AdapterError):
    """The artifact holds something else than rows."""

    exit_code = 2

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is no table; its content is in .value")


@dataclass(frozen=True, repr=False)
class OpenedArtifact:
    """One result: what it is called, what it holds, and by which hash.

    Attributes:
        name: The node or output.
        artifact: Its content hash, codec and size.
        value: A `pyarrow.Table`, or what else the node made.
        tables: Its rows, part by part.
        version: The published version; None of a node that is no output.
        generation: The published generation that it was taken from.
        profile: Whose it is.
        item: Of a parallel block: the SHA-256 of what it was made for.
        item_name: The name of that file, for people.
        how: Whether it was just computed or reused; nothing of what was read as published.
    """

    name: str
    artifact: Artifact
    value: Any
    tables: tuple[pa.Table, ...]
    profile: str
    version: int | None = None
    generation: int | None = None
    item: str = ""
    item_name: str = ""
    how: str = ""

    @property
    def sha256(self) -> str:
        """The hash of its bytes."""
        return self.artifact.sha256

    @property
    def rows(self) -> int | None:
        """How many rows it has; None when it is no table."""
        return self.artifact.rows

    @cached_property
    def table(self) -> pa.Table:
        """All its rows.

        Raises:
            NoTableError: It holds something else.
        """
        if not self.tables:
            raise NoTableError(self.name)
        return pa.concat_tables(self.tables)

    @cached_property
    def frame(self) -> "pd.DataFrame":
        """All its rows, for pandas.

        Raises:
            NoTableError: It holds something else.
        """
        frame: pd.DataFrame = self.table.to_pandas()
        return frame

    def __repr__(self) -> str:
        return f"<{' · '.join([self.name, *self._facts()])}>"

    def _repr_html_(self) -> str:
        return html.headline(self.name, self._facts()) + self._content()

    def _facts(self) -> list[str]:
        facts = [f"profile {self.profile}"]
        facts += [text for text in (self.item_name, self.how) if text]
        if self.version is not None:
            facts.append(f"version {self.version}")
        if self.generation is not None:
            facts.append(f"generation {self.generation}")
        if self.rows is not None:
            facts.append(f"{self.rows:,} rows")
        return [*facts, f"sha256 {self.sha256[: html.SHORT_HASH]}"]

    def _content(self) -> str:
        if not self.tables:
            return html.preformatted(_text_of(self.value))
        table = self.table
        first = table.slice(0, FIRST_ROWS).to_pylist()
        rows = html.table(
            table.column_names, [list(map(html.short, row.values())) for row in first]
        )
        rest = table.num_rows - len(first)
        return rows + (html.note(f"and {rest:,} more rows") if rest > 0 else "")


class VerifiedFiles:
    """Opens the artifacts of a profile. Nothing is returned whose hash was not compared.

    Args:
        folder: The profile's.
    """

    def __init__(self, folder: Path) -> None:
        self._objects, self._raw = ContentStore(folder / "objects"), ContentStore(folder / "raw")
        self._codecs = Codecs(self.content, lambda _table: None, self._table)

    def value(self, artifact: Artifact) -> tuple[Any, tuple[pa.Table, ...]]:
        """What an artifact holds, and its rows if it is made of tables.

        Raises:
            DamagedArtifactError: A file is missing or differs from its hash.
        """
        if artifact.codec == "parquet":
            table = self._table(artifact)
            return table, (table,)
        tables = tuple(self._codecs.tables(artifact)) if artifact.rows is not None else ()
        return self._codecs.decode(artifact), tables

    def content(self, artifact: Artifact) -> pa.Buffer:
        """The bytes of an artifact.

        Raises:
            DamagedArtifactError: They are missing or differ from their hash.
        """
        root = self._raw if artifact.codec == "raw" else self._objects
        path = root.path(artifact.sha256, FILE_NAMES[artifact.codec])
        try:
            content = path.read_bytes()
        except OSError:
            raise DamagedArtifactError(artifact, path) from None
        if hashlib.sha256(content).hexdigest() != artifact.sha256:
            raise DamagedArtifactError(artifact, path)
        return pa.py_buffer(content)

    def _table(self, artifact: Artifact) -> pa.Table:
        return read_parquet(self.content(artifact))


def _text_of(value: Any) -> str:
    if isinstance(value, StoredExportFile):
        return f"a raw file of {value.artifact.size:,} bytes"
    text = json.dumps(_plain(value), indent=1, ensure_ascii=False)
    return text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}\n..."


def _plain(value: Any) -> Any:
    """The value with a short word for each of its tables; of a long list, its beginning."""
    if isinstance(value, LazyMapping | LazySequence):
        return _plain(value.document)
    if isinstance(value, dict):
        if "$table" in value:
            return f"a table of {value['rows']:,} rows"
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        first = [_plain(item) for item in islice(value, FIRST_ROWS)]
        rest = len(value) - len(first)
        return [*first, f"and {rest:,} more"] if rest else first
    return value
