-- A database as schema version 1 writes it, with a row of what matters in each table. Never changed: it stands for the files
-- that are out there.
PRAGMA auto_vacuum = INCREMENTAL;
-- The database of cuffd, version 1. Applied to an empty file; later versions are steps from here (migrate.rs).
--
-- Wall-clock times (`…_at`, `not_before`) are microseconds since 1970-01-01 UTC; points on the boottime clock (`…_moment`)
-- are nanoseconds since that boot. Ids are the 16 octets of a UUID. NULL means "not told", never zero.
-- STRICT everywhere: a value of a wrong type is a mistake of ours and must not be stored.

-- Which gateway this store belongs to. It may not change while messages are unsent (contract 4): they name it.
CREATE TABLE identity (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    site    TEXT NOT NULL CHECK (length(site) BETWEEN 1 AND 24),
    gateway TEXT NOT NULL CHECK (length(gateway) BETWEEN 1 AND 24)
) STRICT;

-- The highest seq ever given out, by kind: kept apart from the messages so that deleting old ones never reuses a number.
CREATE TABLE counter (
    kind    TEXT NOT NULL PRIMARY KEY CHECK (kind IN ('alert', 'readiness', 'reading', 'fhir')),
    -- Above 2^53 - 1 a JSON number is not exact any more (RFC 7493).
    highest INTEGER NOT NULL DEFAULT 0 CHECK (highest BETWEEN 0 AND 9007199254740991)
) STRICT;
INSERT INTO counter (kind) VALUES ('alert'), ('readiness'), ('reading'), ('fhir');

-- When a broker last took a message: it outlives the messages.
CREATE TABLE delivery (
    one          INTEGER PRIMARY KEY CHECK (one = 1),
    last_sent_at INTEGER NOT NULL
) STRICT;

-- How many connections to brokers were begun, ever: a `lost` of an older one can be told from news.
CREATE TABLE link (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    connections INTEGER NOT NULL CHECK (connections BETWEEN 0 AND 9007199254740991)
) STRICT;

-- What is remembered of a cuff for as long as it is registered.
CREATE TABLE cuff (
    id               TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 40),
    -- The connection that first brought measurements; NULL until there was one (contract 2.2, first_connection).
    first_connection INTEGER,
    -- The local time last written to its clock, and when: what dates its measurements where the clock cannot be read.
    set_to           TEXT,
    set_at           INTEGER,
    manufacturer     TEXT,
    model            TEXT,
    serial           TEXT,
    firmware         TEXT,
    battery          INTEGER CHECK (battery BETWEEN 0 AND 100),
    features         INTEGER CHECK (features BETWEEN 0 AND 65535),
    duplicates       INTEGER NOT NULL DEFAULT 0 CHECK (duplicates >= 0),
    unassigned       INTEGER NOT NULL DEFAULT 0 CHECK (unassigned >= 0),
    CHECK ((set_to IS NULL) = (set_at IS NULL))
) STRICT;

-- One connection to one cuff. Names the cuff without a reference: forgetting a cuff must not lose what it has delivered.
-- AUTOINCREMENT: a number held by a running task must never come to mean another connection.
CREATE TABLE connection (
    row              INTEGER PRIMARY KEY AUTOINCREMENT,
    cuff             TEXT NOT NULL,
    bonded           INTEGER NOT NULL CHECK (bonded IN (0, 1)),
    first            INTEGER NOT NULL CHECK (first IN (0, 1)),
    -- Moments of different boots must not be compared.
    boot             BLOB NOT NULL CHECK (length(boot) = 16),
    began_at         INTEGER NOT NULL,
    began_moment     INTEGER NOT NULL,
    ended_at         INTEGER,
    -- Gateway minus cuff, as read before any setting in this connection.
    read_offset_s    INTEGER,
    read_at          INTEGER,
    read_moment      INTEGER,
    -- The last setting in this connection.
    set_to           TEXT,
    set_at           INTEGER,
    set_moment       INTEGER,
    -- The last setting before this connection.
    before_to        TEXT,
    before_at        INTEGER,
    CHECK ((before_to IS NULL) = (before_at IS NULL)),
    CHECK ((read_offset_s IS NULL) = (read_at IS NULL) AND (read_at IS NULL) = (read_moment IS NULL)),
    CHECK ((set_to IS NULL) = (set_at IS NULL) AND (set_at IS NULL) = (set_moment IS NULL))
) STRICT;
CREATE INDEX connection_open ON connection (row) WHERE ended_at IS NULL;

-- What a cuff sent and nobody has judged yet. No limit on the octets: whatever came is stored first, judged later.
-- AUTOINCREMENT: see connection.
CREATE TABLE measurement (
    row             INTEGER PRIMARY KEY AUTOINCREMENT,
    connection      INTEGER NOT NULL REFERENCES connection (row),
    octets          BLOB NOT NULL,
    received_at     INTEGER NOT NULL,
    received_moment INTEGER NOT NULL,
    -- Whether the wall clock could be believed then: what is judged later must not be judged by a later clock.
    synchronized    INTEGER NOT NULL CHECK (synchronized IN (0, 1))
) STRICT;
CREATE INDEX measurement_connection ON measurement (connection);

-- Measurements seen, against doubles: SHA-256 of what cuff and octets are, kept whatever becomes of the reading.
CREATE TABLE digest (
    cuff   TEXT NOT NULL,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    PRIMARY KEY (cuff, digest)
) STRICT, WITHOUT ROWID;

-- Measurements that belong to nobody, only with store.keep_unassigned.
CREATE TABLE unassigned (
    row         INTEGER PRIMARY KEY,
    cuff        TEXT NOT NULL,
    octets      BLOB NOT NULL,
    received_at INTEGER NOT NULL
) STRICT;

-- How a message stands. Narrow, because these rows change at every try; what it says is in `content` and never changes.
CREATE TABLE message (
    row         INTEGER PRIMARY KEY,
    id          BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    kind        TEXT NOT NULL CHECK (kind IN ('alert', 'readiness', 'reading', 'fhir')),
    seq         INTEGER NOT NULL CHECK (seq BETWEEN 1 AND 9007199254740991),
    created_at  INTEGER NOT NULL,
    -- local: there was no broker when it was made; kept, and sent only by resend.
    state       TEXT NOT NULL CHECK (state IN ('local', 'queued', 'sent', 'done', 'set_aside')),
    attempts    INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    -- queued: not to be tried before. sent: the receipt is awaited until then, then it goes again.
    not_before  INTEGER CHECK (not_before IS NULL OR state IN ('queued', 'sent')),
    sent_at     INTEGER,
    -- Since when nothing more is awaited; from here on store.keep counts.
    finished_at INTEGER,
    why         TEXT,
    -- A number given out twice would hide a loss from the platform.
    UNIQUE (kind, seq),
    CHECK ((finished_at IS NOT NULL) = (state = 'done' OR (state = 'sent' AND not_before IS NULL))),
    CHECK (state <> 'sent' OR sent_at IS NOT NULL),
    CHECK (state <> 'set_aside' OR why IS NOT NULL)
) STRICT;
-- These four are partial, so that a million finished messages cost the outbox nothing.
CREATE INDEX message_ready ON message (kind, seq) WHERE state = 'queued' AND not_before IS NULL;
CREATE INDEX message_waiting ON message (kind, not_before, seq, state) WHERE not_before IS NOT NULL;
CREATE INDEX message_set_aside ON message (row) WHERE state = 'set_aside';
CREATE INDEX message_finished ON message (finished_at) WHERE finished_at IS NOT NULL;

-- What a message says. Never changed: a resend is the same octets.
CREATE TABLE content (
    message INTEGER PRIMARY KEY REFERENCES message (row) ON DELETE CASCADE,
    topic   TEXT NOT NULL,
    schema  TEXT NOT NULL,
    octets  BLOB NOT NULL
) STRICT;

-- A measurement we accepted. Its id is its message's, and it goes when the message goes.
CREATE TABLE reading (
    message         INTEGER PRIMARY KEY REFERENCES message (row) ON DELETE CASCADE,
    connection      INTEGER NOT NULL REFERENCES connection (row),
    patient         TEXT NOT NULL,
    session         TEXT,
    octets          BLOB NOT NULL,
    received_at     INTEGER NOT NULL,
    received_moment INTEGER NOT NULL,
    taken_at        INTEGER,
    -- Decimals as text: means are compared exactly, a float would round.
    systolic        TEXT,
    diastolic       TEXT,
    pulse_rate      TEXT,
    counted         INTEGER NOT NULL CHECK (counted IN (0, 1)),
    reasons         TEXT NOT NULL CHECK (json_valid(reasons))
) STRICT;
CREATE INDEX reading_received ON reading (received_at);
CREATE INDEX reading_connection ON reading (connection);

-- Replies to commands already applied: the same command again gets the same reply, until it expires (contract 3.5).
CREATE TABLE command (
    id         TEXT NOT NULL PRIMARY KEY,
    reply      TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX command_expires ON command (expires_at);

INSERT INTO identity VALUES (1, 'north', 'gw-0042');
INSERT INTO cuff (id, first_connection, battery, duplicates) VALUES ('living-room', 1, 87, 3);
INSERT INTO connection (row, cuff, bonded, first, boot, began_at, began_moment)
    VALUES (1, 'living-room', 1, 1, zeroblob(16), 1795284000000000, 1000);
INSERT INTO measurement VALUES (2, 1, x'1e', 1795284001000000, 2000, 1);
INSERT INTO digest VALUES ('living-room', zeroblob(32));
INSERT INTO message (row, id, kind, seq, created_at, state)
    VALUES (1, x'000102030405060708090a0b0c0d0e0f', 'reading', 42, 1795284000000000, 'queued');
UPDATE counter SET highest = 42 WHERE kind = 'reading';
INSERT INTO content VALUES (1, 'cuffd/v1/north/gw-0042/reading', 'cuffd.reading/1', CAST('{"seq":42}' AS BLOB));
INSERT INTO reading VALUES (1, 1, 'p1', NULL, x'1e', 1795284001000000, 2000, NULL, '120.5', '80', NULL, 1, '[]');
INSERT INTO command VALUES ('c1', '{}', 1795370400000000);
PRAGMA application_id = 0x63756666;
PRAGMA user_version = 1;

-- The settings that sessions were judged by: time zone, cuffs and policy as a config that `replay` reads.
CREATE TABLE setting (
    row    INTEGER PRIMARY KEY,
    config TEXT NOT NULL UNIQUE
) STRICT;

-- Every session that was ever opened here. Its id is never forgotten (contract 2.7); what is told of it goes when it has
-- ended for longer than store.keep_ended, and then `kept` is 0.
CREATE TABLE session (
    id        TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 40),
    opened_at INTEGER NOT NULL,
    ended_at  INTEGER,
    kept      INTEGER NOT NULL DEFAULT 1 CHECK (kept IN (0, 1)),
    CHECK (kept = 1 OR ended_at IS NOT NULL)
) STRICT, WITHOUT ROWID;
-- Partial, so that sessions of years cost nothing.
CREATE INDEX session_open ON session (opened_at) WHERE ended_at IS NULL;
CREATE INDEX session_kept ON session (ended_at) WHERE ended_at IS NOT NULL AND kept = 1;

-- What the gate was told, in order: told again, it comes to the same answers. Stored in the same transaction as what it
-- caused. Holds octets of measurements itself: an open session's evidence must not go with a reading that was sent.
-- AUTOINCREMENT: the order of telling must not be changed by what was deleted.
CREATE TABLE event (
    row          INTEGER PRIMARY KEY AUTOINCREMENT,
    -- By the gate's clock, and by boottime: when the wall clock steps, the events of this boot are dated anew.
    at           INTEGER NOT NULL,
    told_at      INTEGER NOT NULL,
    boot         BLOB NOT NULL CHECK (length(boot) = 16),
    moment       INTEGER NOT NULL,
    synchronized INTEGER NOT NULL CHECK (synchronized IN (0, 1)),
    -- As a line of `replay`, without `at`.
    told         TEXT NOT NULL CHECK (json_valid(told))
) STRICT;

-- Which sessions an event concerns.
CREATE TABLE concerns (
    session TEXT NOT NULL REFERENCES session (id),
    event   INTEGER NOT NULL REFERENCES event (row) ON DELETE CASCADE,
    PRIMARY KEY (session, event)
) STRICT, WITHOUT ROWID;
CREATE INDEX concerns_event ON concerns (event);

-- Troubles that were alerted and have not been cleared: after a restart they are cleared under the same id.
CREATE TABLE open_alert (
    id   BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    code TEXT NOT NULL,
    cuff TEXT
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX open_alert_trouble ON open_alert (code, coalesce(cuff, ''));
