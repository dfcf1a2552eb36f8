"""Manifests: what the registry knows of one generation, as a file that can stand in for it.

A manifest is derived from the registry's rows and gives the same rows back: outputs with their
versions, every node's computation with its lineage, artifacts with their parts, what the code
digests stand for, and the raw files. It carries the hash of its own text, so that damage shows
without the registry. References within it are places in its lists, which keeps it small.

    ManifestError    a manifest is missing, damaged, or written by a newer version
"""

import base64
import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from sqlite3 import Row
from typing import Any, Final

from registry import RegistryError
from registry.database import Database

MANIFEST_FORMAT: Final = 2
_CHECK: Final = "sha256"
_BEHIND: Final = "SELECT DISTINCT key FROM generation_node WHERE generation = ?"

Document = dict[str, Any]


class ManifestError(RegistryError):
    """A manifest cannot be used."""

    def __init__(self, path: Path, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(f"{path}: cannot be used ({problem}); the next run writes it anew")


def manifest_path(profile_folder: Path, number: int) -> Path:
    """Where the manifest of a generation is."""
    return profile_folder / "manifests" / f"{number}.json"


# -- from the registry ---------------------------------------------------------------------------


def document_of(database: Database, number: int) -> Document:
    """What the registry knows of one generation.

    Raises:
        LookupError: It does not know the generation, or not all that stands behind it.
    """
    generation = database.row("SELECT * FROM generation WHERE number = ?", number)
    if generation is None:
        raise LookupError(f"generation {number} is not registered")
    made = database.rows(f"SELECT * FROM computation WHERE key IN ({_BEHIND}) ORDER BY key", number)  # noqa: S608 - a constant
    artifacts = _artifacts(database, number)
    places = {(row[0], row[1]): place for place, row in enumerate(artifacts)}
    codes = sorted({row["code"] for row in made})
    return {
        "format": MANIFEST_FORMAT,
        "generation": number,
        "run_id": generation["run_id"],
        "published_utc": generation["published_utc"],
        "restores": generation["restores"],
        "held_against": generation["held_against"],
        "facts": json.loads(generation["facts"]),
        "pins": [row["generation"] for row in database.rows("SELECT generation FROM pin")],
        "counts": _counts(database),
        "outputs": _outputs(database, number, places),
        "nodes": _nodes(database, number, made),
        "artifacts": artifacts,
        "parts": _parts(database, places),
        "codes": codes,
        "code_facts": [_code_facts(database, code) for code in codes],
        "computations": _computations(database, number, made, codes, places),
        "raw_files": [
            list(row)
            for row in database.rows(
                "SELECT sha256, size, name, stored_utc, container, kind, retired "
                "FROM raw_file ORDER BY sha256"
            )
        ],
    }


def _counts(database: Database) -> dict[str, str]:
    """Where numbers and versions go on when the rows that told them were forgotten."""
    rows = database.rows("SELECT name, value FROM setting WHERE name GLOB 'last_*'")
    return {row["name"]: row["value"] for row in rows}


def _artifacts(database: Database, number: int) -> list[list[Any]]:
    """Every artifact behind a generation and the tables that composite ones refer to."""
    rows = database.rows(
        f"WITH made AS (SELECT sha256, codec FROM computation WHERE key IN ({_BEHIND}) "  # noqa: S608 - a constant
        "UNION SELECT sha256, codec FROM generation_output WHERE generation = ?), "
        "parts AS (SELECT part, 'parquet' FROM made JOIN artifact_part USING (sha256) "
        "WHERE codec = 'json') "
        "SELECT a.sha256, a.codec, a.size, a.rows "
        "FROM (SELECT * FROM made UNION SELECT * FROM parts) "
        "JOIN artifact a USING (sha256, codec) ORDER BY sha256, codec",
        number,
        number,
    )
    return [list(row) for row in rows]


def _outputs(
    database: Database, number: int, places: Mapping[tuple[str, str], int]
) -> dict[str, list[Any]]:
    rows = database.rows(
        "SELECT * FROM generation_output WHERE generation = ? ORDER BY output", number
    )
    return {
        row["output"]: [
            row["version"],
            row["key"],
            places[row["sha256"], row["codec"]],
            row["rows"],
        ]
        for row in rows
    }


def _nodes(database: Database, number: int, made: Sequence[Row]) -> dict[str, dict[str, int]]:
    places = {row["key"]: place for place, row in enumerate(made)}
    rows = database.rows(
        "SELECT node, item, key FROM generation_node WHERE generation = ? ORDER BY node, item",
        number,
    )
    nodes: dict[str, dict[str, int]] = {}
    for row in rows:
        nodes.setdefault(row["node"], {})[row["item"]] = places[row["key"]]
    return nodes


def _parts(database: Database, places: Mapping[tuple[str, str], int]) -> list[list[int]]:
    wholes = [sha256 for sha256, codec in places if codec == "json"]
    found = []
    for start in range(0, len(wholes), 500):
        some = wholes[start : start + 500]
        found += database.rows(
            f"SELECT * FROM artifact_part WHERE sha256 IN ({', '.join('?' * len(some))})",  # noqa: S608 - marks
            *some,
        )
    return sorted([places[row["sha256"], "json"], places[row["part"], "parquet"]] for row in found)


def _code_facts(database: Database, digest: str) -> str | None:
    row = database.row("SELECT facts FROM code WHERE digest = ?", digest)
    return None if row is None else row["facts"]


def _computations(
    database: Database,
    number: int,
    made: Sequence[Row],
    codes: Sequence[str],
    places: Mapping[tuple[str, str], int],
) -> list[list[Any]]:
    code_places = {code: place for place, code in enumerate(codes)}
    edges = _edges(database, number, made)
    return [
        [
            row["key"],
            row["node"],
            row["item"],
            row["stage"],
            code_places[row["code"]],
            places[row["sha256"], row["codec"]],
            row["seconds"],
            row["run_id"],
            edges.get(row["key"], []),
        ]
        for row in made
    ]


def _edges(database: Database, number: int, made: Sequence[Row]) -> dict[str, list[list[Any]]]:
    """Key -> its lineage edges; one to a computation of the same manifest is its place there."""
    places = {row["key"]: place for place, row in enumerate(made)}
    rows = database.rows(
        f"SELECT * FROM computation_input WHERE key IN ({_BEHIND}) "  # noqa: S608 - a constant
        "ORDER BY key, parameter, position",
        number,
    )
    edges: dict[str, list[list[Any]]] = {}
    for row in rows:
        place = places.get(row["producer"])
        named = place is not None and made[place]["sha256"] == row["sha256"]
        short = named and row["kind"] == "artifact" and row["value"] is None
        rest = [place] if short else list(row)[3:]
        edges.setdefault(row["key"], []).append([row["parameter"], row["position"], *rest])
    return edges


# -- as a file -----------------------------------------------------------------------------------


def manifest_bytes(document: Document) -> bytes:
    """The file of a manifest: one line a section, the hash of the rest first."""
    text = _text({**document, "code_facts": _packed(document["code_facts"])})
    check = hashlib.sha256(text.encode()).hexdigest()
    return f'{{"{_CHECK}": "{check}",\n{text}}}\n'.encode()


def read_manifest(path: Path) -> Document:
    """The document in a manifest.

    Raises:
        ManifestError: It is missing, not whole, or written by a newer version.
    """
    if path.is_symlink():
        raise ManifestError(path, "it is a link")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ManifestError(path, f"it cannot be read: {error.strerror}") from None
    return document_in(content, path)


def document_in(content: bytes, path: Path) -> Document:
    """The document in the bytes of a manifest.

    Raises:
        ManifestError: They are not whole, not for this place, or written by a newer version.
    """
    try:
        document: Document = json.loads(content)
        check = document.pop(_CHECK, None)
        form = document["format"]
        number = document["generation"]
    except (ValueError, LookupError, AttributeError, TypeError):
        raise ManifestError(path, "it is no manifest, or damaged") from None
    if form not in range(1, MANIFEST_FORMAT + 1):
        raise ManifestError(path, f"its format is {str(form)[:20]}, of a newer version")
    if form > 1 and check != hashlib.sha256(_text(document).encode()).hexdigest():
        raise ManifestError(path, "it is damaged: its text is not what its hash says")
    if path.name != f"{number}.json":
        raise ManifestError(path, "it is of another generation")
    return document


def code_facts_in(document: Document) -> dict[str, str]:
    """Code digest -> what it stands for."""
    facts = document["code_facts"]
    if isinstance(facts, str):  # as a file has them
        facts = json.loads(zlib.decompress(base64.b64decode(facts)))
    pairs = zip(document["codes"], facts, strict=True)
    return {code: text for code, text in pairs if text is not None}


def _text(document: Document) -> str:
    return ",\n".join(_lines(document))


def _lines(document: Document) -> Iterator[str]:
    for name in sorted(document):
        value = json.dumps(document[name], sort_keys=True, separators=(",", ":"))
        yield f'"{name}": {value}'


def _packed(facts: Sequence[str | None] | str) -> str:
    """Texts that have much in common, in little room; as they are, if a file had them."""
    if isinstance(facts, str):
        return facts
    return base64.b64encode(zlib.compress(json.dumps(facts).encode(), 6)).decode()
