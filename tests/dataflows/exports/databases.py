"""SQLite databases as phones write them, for tests."""

import sqlite3

RECORD = (
    "row_id INTEGER PRIMARY KEY AUTOINCREMENT, uuid BLOB, last_modified_time INTEGER, "
    "device_info_id INTEGER, app_info_id INTEGER, recording_method INTEGER"
)
MOMENT = f"{RECORD}, time INTEGER, zone_offset INTEGER, local_date INTEGER"
SPAN = f"{RECORD}, start_time INTEGER, start_zone_offset INTEGER, end_time INTEGER"
STAGES = "parent_key INTEGER, stage_start_time INTEGER, stage_end_time INTEGER, stage_type INTEGER"
TABLES = {
    "application_info_table": "row_id INTEGER PRIMARY KEY, package_name TEXT, app_name TEXT",
    "device_info_table": "row_id INTEGER PRIMARY KEY, manufacturer TEXT, model TEXT",
    "blood_pressure_record_table": f"{MOMENT}, systolic REAL, diastolic REAL",
    "heart_rate_record_table": SPAN,
    "heart_rate_record_series_table": (
        "parent_key INTEGER, beats_per_minute INTEGER, epoch_millis INTEGER"
    ),
    "resting_heart_rate_record_table": f"{MOMENT}, beats_per_minute INTEGER",
    "sleep_session_record_table": f"{SPAN}, notes TEXT, title TEXT",
    "sleep_stages_table": STAGES,
}


def script_of(tables):
    """What makes tables: name -> its columns."""
    return "".join(f"CREATE TABLE {name} ({columns});" for name, columns in tables.items())


HEALTH_CONNECT = script_of(TABLES) + "PRAGMA user_version = 23;"


def database(script, rows=(), *, with_log=False):
    """The bytes of a database.

    Args:
        script: Makes its tables.
        rows: Pairs of a table and a row, as a mapping of its columns.
        with_log: Say that its changes are in a write-ahead log, as Android does.
    """
    with sqlite3.connect(":memory:") as connection:
        connection.executescript(script)
        for table, row in rows:
            places = ", ".join("?" * len(row))
            connection.execute(
                f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", [*row.values()]
            )
        connection.commit()
        content = bytearray(connection.serialize())
    if with_log:
        content[18:20] = b"\x02\x02"
    return bytes(content)
