"""An older registry becomes the same as a new one, and keeps its rows."""

import sqlite3

from registry.database import Database, put_setting, setting

VERSION_2 = ("source_text", "pin", "computation_by_artifact", "computation_input_by_producer")


def test_a_registry_of_version_1_is_upgraded_and_keeps_what_it_knows(tmp_path):
    path = tmp_path / "registry.sqlite"
    new = Database(path)
    with new.atomic() as connection:
        put_setting(connection, "current_generation", "7")
    new.close()
    columns = _columns(path)
    _downgrade(path)
    assert _columns(path) != columns
    upgraded = Database(path)
    assert setting(upgraded, "current_generation") == "7"
    upgraded.close()
    assert _columns(path) == columns


def _downgrade(path):
    with sqlite3.connect(path) as connection:
        for name in VERSION_2:
            kind = "INDEX" if "_by_" in name else "TABLE"
            connection.execute(f"DROP {kind} {name}")
        for name in ("restores", "held_against", "facts"):
            connection.execute(f"ALTER TABLE generation DROP COLUMN {name}")
        connection.execute("DELETE FROM setting WHERE name = 'schema_version'")
        connection.execute("PRAGMA user_version = 1")
    connection.close()


def _columns(path):
    with sqlite3.connect(path) as connection:
        names = [n for (n,) in connection.execute("SELECT name FROM sqlite_master ORDER BY name")]
        found = {
            name: connection.execute(
                f"SELECT name, type FROM pragma_table_info('{name}')"
            ).fetchall()
            for name in names
        }
    connection.close()
    return found
