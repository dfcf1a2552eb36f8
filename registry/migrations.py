"""What turns an older registry into one that this version reads, one step per schema version."""

from collections.abc import Mapping
from typing import Final

SCHEMA_VERSION: Final = 2

# Version -> what a registry of the version before it lacks. schema.sql is the newest.
MIGRATIONS: Final[Mapping[int, str]] = {
    2: """
        CREATE TABLE source_text (sha256 TEXT PRIMARY KEY, text BLOB NOT NULL) WITHOUT ROWID;
        CREATE INDEX computation_by_artifact ON computation (sha256);
        CREATE INDEX computation_input_by_producer ON computation_input (producer);
        ALTER TABLE generation ADD COLUMN restores INTEGER;
        ALTER TABLE generation ADD COLUMN held_against INTEGER;
        ALTER TABLE generation ADD COLUMN facts TEXT NOT NULL DEFAULT '{}';
        CREATE TABLE pin (generation INTEGER PRIMARY KEY REFERENCES generation (number))
            WITHOUT ROWID;
    """,
}
