"""The rows that a manifest stands for, and their way into a registry."""

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from registry.manifests import Document, code_facts_in, manifest_bytes
from registry.raw_files import RawEntry

_HASH: Final = re.compile("[0-9a-f]{64}")
_CODECS: Final = frozenset({"parquet", "json", "raw"})
_SHORT_EDGE: Final = 3
_TABLE_MARK: Final = "$table"

Rows = Mapping[str, Sequence[Sequence[Any]]]


def adopt(connection: sqlite3.Connection, rows: Rows) -> None:
    """Insert the rows of a manifest, in place of what is there under the same keys."""
    for table, values in rows.items():
        if values:
            marks = ", ".join("?" * len(values[0]))
            verb = "IGNORE" if table == "run" else "REPLACE"
            statement = f"INSERT OR {verb} INTO {table} VALUES ({marks})"  # noqa: S608 - our own names
            connection.executemany(statement, values)


def rows_of(document: Document) -> Rows:
    """Table -> rows, the referred ones first.

    Raises:
        ValueError, LookupError, TypeError: The document is not what it claims to be.
    """
    number, made = document["generation"], document["computations"]
    artifacts = [checked_artifact(row) for row in document["artifacts"]]
    facts = document["facts"]
    hashed = hashlib.sha256(manifest_bytes(document)).hexdigest()
    return {
        "artifact": artifacts,
        "artifact_part": [(artifacts[w][0], artifacts[p][0]) for w, p in document["parts"]],
        "code": list(code_facts_in(document).items()),
        "computation": [
            (key, node, item, stage, document["codes"][code], *artifacts[place][:2], seconds, run)
            for key, node, item, stage, code, place, seconds, run, _ in made
        ],
        "computation_input": [(row[0], *_edge(document, edge)) for row in made for edge in row[-1]],
        "generation": [
            (
                number,
                document["run_id"],
                document["published_utc"],
                hashed,
                document["restores"],
                document["held_against"],
                json.dumps(facts, sort_keys=True),
            )
        ],
        "generation_output": [
            (number, name, version, key, *artifacts[place][:2], rows)
            for name, (version, key, place, rows) in document["outputs"].items()
        ],
        "generation_node": [
            (number, node, item, made[place][0])
            for node, items in document["nodes"].items()
            for item, place in items.items()
        ],
        "run": [
            (
                document["run_id"],
                facts.get("started_utc", document["published_utc"]),
                document["published_utc"],
                "published" if document["restores"] is None else "restored",
                number,
                json.dumps(facts.get("options", {})),
            )
        ],
    }


def raw_entries_in(document: Document) -> dict[str, RawEntry]:
    """SHA-256 -> what the manifest knows of a raw file."""
    return {
        sha256: RawEntry(sha256, size, name, stored_utc, container, kind, bool(retired))
        for sha256, size, name, stored_utc, container, kind, retired in document["raw_files"]
    }


def checked_artifact(row: Sequence[Any]) -> tuple[Any, ...]:
    """An artifact's row whose hash may become a path."""
    sha256, codec, size, rows = row
    if not _HASH.fullmatch(sha256) or codec not in _CODECS:
        raise ValueError("no artifact")
    return (sha256, codec, int(size), rows)


def _edge(document: Document, edge: Sequence[Any]) -> tuple[Any, ...]:
    if len(edge) != _SHORT_EDGE:
        return tuple(edge)
    producer = document["computations"][edge[2]]
    sha256 = document["artifacts"][producer[5]][0]
    return (*edge[:2], "artifact", sha256, producer[0], None)


# -- manifests of format 1 -----------------------------------------------------------------------


def upgraded(document: Document, folder: Path) -> Document:
    """A manifest of format 1 in the present form. It knew neither lineage nor code.

    Args:
        document: The manifest.
        folder: The profile; composite values tell their parts themselves.
    """
    if document["format"] != 1:
        return document
    rows = {tuple(row[3:7]) for row in document["nodes"]}
    rows |= {(o["sha256"], o["codec"], o["size"], o["rows"]) for o in document["outputs"].values()}
    wholes = {row[0]: [*_parts_of(folder, row[0])] for row in rows if row[1] == "json"}
    artifacts = sorted(rows | {part for parts in wholes.values() for part in parts}, key=str)
    places = {row[:2]: place for place, row in enumerate(artifacts)}
    made = {row[2]: row for row in document["nodes"]}
    keys = {key: place for place, key in enumerate(sorted(made))}
    nodes: dict[str, dict[str, int]] = {}
    for node, item, key, *_ in document["nodes"]:
        nodes.setdefault(node, {})[item] = keys[key]
    return {
        "format": 1,
        "generation": document["generation"],
        "run_id": document["run_id"],
        "published_utc": document["published_utc"],
        "restores": None,
        "held_against": None,
        "facts": {name: document[name] for name in ("profile", "as_of_utc") if name in document},
        "pins": [],
        "counts": {},
        "outputs": {
            name: [o["version"], o["key"], places[o["sha256"], o["codec"]], o["rows"]]
            for name, o in document["outputs"].items()
        },
        "nodes": nodes,
        "artifacts": [list(row) for row in artifacts],
        "parts": [
            [places[whole, "json"], places[part[:2]]]
            for whole, parts in wholes.items()
            for part in parts
        ],
        "codes": [""],
        "code_facts": [None],
        "computations": [
            [key, made[key][0], made[key][1], "", 0, places[made[key][3], made[key][4]], 0.0,
             document["run_id"], []]
            for key in sorted(made)
        ],
        "raw_files": [
            [row[name] for name in ("sha256", "size", "name", "stored_utc", "container", "kind",
                                    "retired")]
            for row in document.get("raw_files", [])
        ],
    }  # fmt: skip


def _parts_of(folder: Path, sha256: str) -> Iterator[tuple[Any, ...]]:
    path = folder / "objects" / sha256[:2] / sha256 / "value.json"
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return
    yield from _tables_in(document)


def _tables_in(document: object) -> Iterator[tuple[Any, ...]]:
    if isinstance(document, dict) and _TABLE_MARK in document:
        yield (document[_TABLE_MARK], "parquet", document["size"], document["rows"])
    elif isinstance(document, dict | list):
        for item in document.values() if isinstance(document, dict) else document:
            yield from _tables_in(item)
