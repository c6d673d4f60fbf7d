/*
 * Every limit of the system, in one place. A limit is a promise to both sides: what is
 * within it works, what is beyond it gets an error that names it.
 */
#ifndef SATCHEL_SCHEMA_BASE_LIMITS_H
#define SATCHEL_SCHEMA_BASE_LIMITS_H

/* --- the catalogue ------------------------------------------------------------------ */
#define LIMIT_TABLES 256
#define LIMIT_COLUMNS \
    64 /* of one table; column ids are 1..63 so that a set fits 64 bits */
#define LIMIT_KEY_COLUMNS 4
#define LIMIT_ROLES 16
#define LIMIT_PARAMETERS 48
#define LIMIT_STATEMENTS 64 /* of one command */
#define LIMIT_NAME 63       /* bytes of any name in the catalogue */
#define LIMIT_SCOPE_CLAUSES 8
#define LIMIT_SCHEMA_VERSIONS \
    10 /* headquarters takes work from stations of its version and of the nine before */

/* --- values and transactions --------------------------------------------------------- */
#define LIMIT_MONEY \
    9999999999999LL /* minor units of one amount: sums of a million stay exact */
#define LIMIT_TEXT (64 * 1024)              /* bytes of one text value */
#define LIMIT_BLOB (64 * 1024)              /* bytes of one binary value */
#define LIMIT_CHANGES 5000                  /* changed rows in one transaction */
#define LIMIT_TRANSACTION (4 * 1024 * 1024) /* encoded bytes of one transaction */
#define LIMIT_SCOPES_OF_ROW 4096            /* scopes that hold one row */
#define LIMIT_ROW_SIZE (1024 * 1024)        /* bytes of one row as JSON or on the wire */

/* --- the wire ------------------------------------------------------------------------ */
#define LIMIT_WIRE_DEPTH 16
#define LIMIT_WIRE_NODES \
    2000000 /* values in one document: a decoded one costs 24 bytes */
#define LIMIT_BUNDLE_TARGET \
    (256 * 1024) /* where a station stops filling a bundle (payload, inflated) */
#define LIMIT_BUNDLE (6 * 1024 * 1024)   /* sealed bytes a server accepts */
#define LIMIT_PAYLOAD (16 * 1024 * 1024) /* inflated payload */
#define LIMIT_BUNDLE_TRANSACTIONS 10000
#define LIMIT_BUNDLES_OF_REQUEST 64
#define LIMIT_REQUEST (8 * 1024 * 1024) /* body of POST /v1/sync */
#define LIMIT_ENROL_REQUEST (16 * 1024)
#define LIMIT_PAPERS 256 /* certificates that a station shows beside its present one */
#define LIMIT_QUARANTINE (256LL * 1024 * 1024) /* bytes kept of one revoked device */
#define LIMIT_RESPONSE (64 * 1024 * 1024)      /* body a station accepts */
#define LIMIT_CHUNK_ROWS 20000                 /* rows of one response */
#define LIMIT_CHUNK \
    (4 * 1024 * 1024) /* where a server stops filling a response (rows, inflated) */
#define LIMIT_CHUNK_INFLATED \
    (32 * 1024 * 1024)                   /* rows of a response, inflated, at most */
#define LIMIT_PARCEL (256 * 1024 * 1024) /* a bundle file */
#define LIMIT_SUBSCRIPTIONS 20000        /* scopes of one station */

/* --- files: photos, signatures ---------------------------------------------------------- */
#define LIMIT_FILE (32LL * 1024 * 1024) /* bytes of one file */
#define LIMIT_FILE_PIECE (512 * 1024)   /* of one piece on the wire */
#define LIMIT_FILE_REQUEST (LIMIT_FILE_PIECE + 4096)
#define FILE_PIECE_FIRST (64 * 1024) /* where a station begins, */
#define FILE_PIECE_LEAST (4 * 1024)  /* and how far it goes down on a poor link */
#define FILE_PIECE_MS 2000 /* a piece may take so long: business comes between pieces */
#define FILE_ROUND_MS \
    10000 /* and however many files there are, a sync comes this often */
#define FILES_STATION (2LL * 1024 * 1024 * 1024)   /* kept at a station */
#define FILES_PERSON (5LL * 1024 * 1024 * 1024)    /* kept for a person at headquarters */
#define FILES_COMPANY (500LL * 1024 * 1024 * 1024) /* kept at headquarters */
#define FILE_UNNAMED_MS (30LL * 86400000LL) /* kept although no row names it any more */
#define FILE_PART_MS (7LL * 86400000LL)     /* an upload that nobody goes on with */
#define FILE_SWEEP_MS (6LL * 3600000LL)     /* how often headquarters looks for those */

/* --- time ---------------------------------------------------------------------------- */
#define LIMIT_YEAR_MS 31536000000LL
#define SYNC_EVERY_MS 60000  /* a station that was not told otherwise */
#define SYNC_POLL_MS 2000    /* a station in front of somebody, while online */
#define SYNC_BACKOFF_MS 1000 /* first wait after a failure, doubled up to SYNC_EVERY_MS */
#define SEEN_EVERY_MS 60000  /* how often a server writes down who was there */
#define HEAL_EVERY_MS \
    3600000 /* how often a station heals itself, when it is not asked to */
#define TOMBSTONE_HORIZON_MS \
    (90LL *                  \
     86400000LL) /* how long a server remembers what left a scope, for the stations that \
                           have not heard of it */
#define PURGE_EVERY_MS 300000 /* how often it looks for what it need not remember */
#define PURGE_STEP 2000       /* tombstones that go at once */
#define INVITATION_MS (7LL * 86400000LL)
#define BUNDLE_KEEP_MS (30LL * 86400000LL) /* acknowledged bundles kept at the station */
#define REFILL_MS \
    BUNDLE_KEEP_MS /* how long work of a lost history waits for what it builds on */

/* --- commands ------------------------------------------------------------------------ */
#define LIMIT_BATCH 500 /* command runs in one transaction (import, bulk hand-over) */
#define LIMIT_JSON (8 * 1024 * 1024)
#define LIMIT_JSON_DEPTH 16
#define LIMIT_QUERY_ROWS 1000000
#define LIMIT_STORY_CHANGES 200 /* rows of one transaction that a story lists */
#define LIMIT_MARKS 5000        /* records of one kind of mark; then there are "more" */
#define LIMIT_SEARCH_ITEMS \
    60 /* letters and characters of a needle that is read as pinyin */
#define LIMIT_PINYIN_MEMORY (256 * 1024) /* readings that a connection remembers */
#define LIMIT_CSV_FIELD (64 * 1024)
#define LIMIT_CSV_ROWS 5000000
#define LIMIT_CSV_FILE (1024LL * 1024 * 1024)

/* --- the server's configuration file --------------------------------------------------- */
#define LIMIT_CONFIG (64 * 1024) /* bytes */
#define LIMIT_CONFIG_KEYS 16

#endif
