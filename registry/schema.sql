-- The registry of one profile. What is not derivable from raw files and manifests is history.
-- Times are for people; no key and no order depends on one.

CREATE TABLE setting (            -- the schema's version, the current generation, ...
    name  TEXT PRIMARY KEY,
    value TEXT
) WITHOUT ROWID;

-- What came in ---------------------------------------------------------------------------------

CREATE TABLE raw_file (           -- every export ever seen; its bytes are raw/<hh>/<sha256>/content
    sha256     TEXT PRIMARY KEY,
    size       INTEGER NOT NULL,
    name       TEXT NOT NULL,     -- the first name it came under
    stored_utc TEXT NOT NULL,
    container  TEXT,              -- the archive it was unpacked from
    kind       TEXT NOT NULL CHECK (kind IN ('file', 'archive')),
    retired    INTEGER NOT NULL DEFAULT 0   -- kept, but no longer part of the flow
) WITHOUT ROWID;

CREATE TABLE file_stamp (         -- a file whose stamp is unchanged need not be read again
    device   INTEGER NOT NULL,
    inode    INTEGER NOT NULL,
    size     INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    ctime_ns INTEGER NOT NULL,
    sha256   TEXT NOT NULL,
    PRIMARY KEY (device, inode)
) WITHOUT ROWID;

CREATE TABLE note (               -- small facts that a source remembers
    key  TEXT PRIMARY KEY,
    text TEXT NOT NULL
) WITHOUT ROWID;

-- What was made of it --------------------------------------------------------------------------

CREATE TABLE artifact (           -- immutable bytes: objects/<hh>/<sha256>/<codec's file name>
    sha256 TEXT NOT NULL,
    codec  TEXT NOT NULL,
    size   INTEGER NOT NULL,
    rows   INTEGER,               -- of a table
    PRIMARY KEY (sha256, codec)
) WITHOUT ROWID;

CREATE TABLE artifact_part (      -- the tables that a composite value refers to
    sha256 TEXT NOT NULL,
    part   TEXT NOT NULL,
    PRIMARY KEY (sha256, part)
) WITHOUT ROWID;

CREATE TABLE code (               -- what a code digest stands for; `explain` compares two of them
    digest TEXT PRIMARY KEY,
    facts  TEXT NOT NULL          -- JSON: units, distributions, opaque marks, files
) WITHOUT ROWID;

CREATE TABLE source_text (        -- source files by content: the two sides of an explained change
    sha256 TEXT PRIMARY KEY,
    text   BLOB NOT NULL          -- zlib
) WITHOUT ROWID;

CREATE TABLE computation (        -- same key, same result
    key     TEXT PRIMARY KEY,
    node    TEXT NOT NULL,
    item    TEXT NOT NULL,        -- of a parallel block: the raw file it ran for; else ''
    stage   TEXT NOT NULL,
    code    TEXT NOT NULL,
    sha256  TEXT NOT NULL,
    codec   TEXT NOT NULL,
    seconds REAL NOT NULL,
    run_id  TEXT NOT NULL
) WITHOUT ROWID;

CREATE INDEX computation_by_node ON computation (node, item);

CREATE INDEX computation_by_artifact ON computation (sha256);

CREATE TABLE computation_input (  -- the lineage's edges
    key       TEXT NOT NULL,
    parameter TEXT NOT NULL,
    position  INTEGER NOT NULL,   -- within a collected parameter
    kind      TEXT NOT NULL CHECK (kind IN ('configuration', 'artifact', 'raw')),
    sha256    TEXT NOT NULL,
    producer  TEXT,               -- the computation that made the artifact
    value     TEXT,               -- a configuration value, as JSON
    PRIMARY KEY (key, parameter, position)
) WITHOUT ROWID;

CREATE INDEX computation_input_by_producer ON computation_input (producer);

-- What is published ----------------------------------------------------------------------------

CREATE TABLE generation (
    number        INTEGER PRIMARY KEY,
    run_id        TEXT NOT NULL,
    published_utc TEXT NOT NULL,
    manifest      TEXT NOT NULL,  -- SHA-256 of manifests/<number>.json
    restores      INTEGER,        -- the older generation that a rollback published again
    held_against  INTEGER,        -- it stays while the flow would give this generation
    facts         TEXT NOT NULL DEFAULT '{}'   -- JSON: the run's options, the instant that was now
);

CREATE TABLE pin (                -- generations that gc keeps whatever its budget
    generation INTEGER PRIMARY KEY REFERENCES generation (number)
) WITHOUT ROWID;

CREATE TABLE generation_output (
    generation INTEGER NOT NULL REFERENCES generation (number),
    output     TEXT NOT NULL,
    version    INTEGER NOT NULL,
    key        TEXT NOT NULL,
    sha256     TEXT NOT NULL,
    codec      TEXT NOT NULL,
    rows       INTEGER,
    PRIMARY KEY (generation, output)
) WITHOUT ROWID;

CREATE TABLE generation_node (
    generation INTEGER NOT NULL REFERENCES generation (number),
    node       TEXT NOT NULL,
    item       TEXT NOT NULL,
    key        TEXT NOT NULL,
    PRIMARY KEY (generation, node, item)
) WITHOUT ROWID;

-- What happened --------------------------------------------------------------------------------

CREATE TABLE run (                -- in the order of their rowid
    id          TEXT PRIMARY KEY,
    started_utc TEXT NOT NULL,
    ended_utc   TEXT,
    status      TEXT NOT NULL,
    generation  INTEGER,
    options     TEXT NOT NULL
);

CREATE TABLE run_node (
    run_id  TEXT NOT NULL,
    node    TEXT NOT NULL,
    item    TEXT NOT NULL,
    action  TEXT NOT NULL,
    reason  TEXT NOT NULL,
    key     TEXT,
    rows    INTEGER,
    seconds REAL,
    PRIMARY KEY (run_id, node, item)
) WITHOUT ROWID;
