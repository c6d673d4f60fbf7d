/* GET /metrics: counters since the start, and what is in the database now. */
#include "server/metrics.h"

#include <stdio.h>
#include <string.h>

#include "server/history.h"
#include "server/seen.h"

/* Upper bounds in milliseconds; the last bucket has none. */
static const int64_t BOUNDS[METRICS_BUCKETS - 1] = {5,   10,   25,   50,    100,  250,
                                                    500, 1000, 2500, 10000, 60000};

void metrics_note_duration(struct server *server, int64_t ms) {
    size_t bucket = 0;
    while (bucket < METRICS_BUCKETS - 1 && ms > BOUNDS[bucket]) {
        bucket++;
    }
    atomic_fetch_add(&server->counters.durations[bucket], 1);
    atomic_fetch_add(&server->counters.duration_ms, ms > 0 ? ms : 0);
}

void metrics_note_rebuild(struct server *server, const struct sync_request *request,
                          bool ended) {
    struct server_counters *counters = &server->counters;
    bool own = request->rebuild_reason == REBUILD_DIGEST ||
               request->rebuild_reason == REBUILD_ASKED;
    if (!request->rebuild) {
        return;
    }
    if (!request->position.set) {
        atomic_fetch_add(&counters->rebuilds, 1);
        atomic_fetch_add(&counters->differences,
                         request->rebuild_reason == REBUILD_DIGEST ? 1 : 0);
    }
    if (ended && own) {
        atomic_fetch_add(&counters->healed, 1);
    }
}

/* --- lines ---------------------------------------------------------------------------------------- */

static void put_head(struct buffer *ret, const char *name, const char *type,
                     const char *help) {
    buffer_printf(ret, "# HELP satchel_%s %s\n# TYPE satchel_%s %s\n", name, help, name,
                  type);
}

static void put_metric(struct buffer *ret, const char *name, const char *type,
                       const char *help, long long value) {
    put_head(ret, name, type, help);
    buffer_printf(ret, "satchel_%s %lld\n", name, value);
}

/* --- what is in the database ------------------------------------------------------------------------- */

/* Each an integer that costs little, however much there is. */
static const struct {
    const char *name, *help, *sql;
} GAUGES[] = {
    {"gsn", "Last global sequence number.", "select max(gsn) from gsn_log"},
    {"journal_entries", "Entries in the journal.", "select max(entry) from journal"},
    {"stations", "Enrolled stations.", "select count(*) from station"},
    {"stations_revoked", "Stations that were revoked.",
     "select count(*) from station where revoked_at is not null"},
    {"feed_rows", "Rows in scopes, each as often as it is in one.",
     "select coalesce(sum(rows), 0) from scope_sum"},
    {"files", "Files of stations that are kept.", "select count(*) from file_kept"},
    {"file_bytes", "Bytes of those files.",
     "select coalesce(sum(size), 0) from file_kept"},
    {"tombstones", "Entries that say that a row left a scope.",
     "select count(*) from feed where gone = 1"},
    {"quarantined_bundles", "Bundles of revoked stations that nobody decided about.",
     "select count(*) from quarantine where decided is null"},
    {"deferred", "Lost work that waits for more of it.", "select count(*) from deferred"},
    {"database_bytes", "Size of the master's file.",
     "select page_count * page_size from pragma_page_count(), pragma_page_size()"},
};

static void put_gauges(struct reader *reader, struct buffer *ret) {
    struct error ignored;
    int64_t epoch = 0;
    if (history_epoch(reader->db, &epoch, &ignored) == 0) {
        put_metric(ret, "epoch", "gauge", "Number of the present history.",
                   (long long)epoch);
    }
    for (size_t i = 0; i < sizeof GAUGES / sizeof *GAUGES; i++) {
        int64_t value = 0;
        if (database_integer(reader->db, GAUGES[i].sql, &value, &ignored) == 0) {
            put_metric(ret, GAUGES[i].name, "gauge", GAUGES[i].help, (long long)value);
        }
    }
}

/* Bytes of what the journal keeps: only entries that came since the last time are looked at. */
static void put_journal_bytes(struct server *server, struct reader *reader,
                              struct buffer *ret) {
    static const char SQL[] =
        "select max(entry), coalesce(sum(length(content) + length(outcome)), 0)"
        " from journal where entry > ?";
    sqlite3_stmt *statement = NULL;
    struct error ignored;
    if (database_statement(reader->db, SQL, &statement, &ignored) != 0) {
        return;
    }
    pthread_mutex_lock(&server->metrics_lock);
    sqlite3_bind_int64(statement, 1, server->journal_entry);
    if (sqlite3_step(statement) == SQLITE_ROW &&
        sqlite3_column_type(statement, 0) != SQLITE_NULL) {
        server->journal_entry = sqlite3_column_int64(statement, 0);
        server->journal_bytes += sqlite3_column_int64(statement, 1);
    }
    int64_t bytes = server->journal_bytes;
    pthread_mutex_unlock(&server->metrics_lock);
    sqlite3_finalize(statement);
    put_metric(ret, "journal_bytes", "gauge", "Size of what the journal keeps.",
               (long long)bytes);
}

/* --- stations by when they were heard of last ------------------------------------------------------- */

enum { AGES = 7 };
static const struct {
    const char *name;
    int64_t ms;
} AGE[AGES - 1] = {{"5m", 300000},      {"1h", 3600000},       {"1d", 86400000},
                   {"7d", 604800000LL}, {"30d", 2592000000LL}, {"older", INT64_MAX}};

static size_t age_of(int64_t at, int64_t now) {
    size_t i = 0;
    if (at == 0) {
        return AGES - 1;
    }
    while (now - at > AGE[i].ms) {
        i++;
    }
    return i;
}

static void put_ages(struct server *server, struct reader *reader, struct buffer *ret) {
    static const char SQL[] = "select s.number, coalesce(n.at, 0) from station s"
                              " left join station_seen n on n.station = s.number"
                              " where s.revoked_at is null";
    sqlite3_stmt *statement = NULL;
    struct error ignored;
    long long counts[AGES] = {0};
    int64_t now = server->env->wall_ms(server->env->context);
    if (database_statement(reader->db, SQL, &statement, &ignored) != 0) {
        return;
    }
    while (sqlite3_step(statement) == SQLITE_ROW) {
        struct contact fresh = seen_of(server->seen, sqlite3_column_int64(statement, 0));
        int64_t written = sqlite3_column_int64(statement, 1);
        counts[age_of(fresh.at > written ? fresh.at : written, now)]++;
    }
    sqlite3_finalize(statement);
    put_head(ret, "stations_seen", "gauge",
             "Stations by how long ago they were heard of, revoked ones aside.");
    for (size_t i = 0; i < AGES; i++) {
        buffer_printf(ret, "satchel_stations_seen{age=\"%s\"} %lld\n",
                      i < AGES - 1 ? AGE[i].name : "never", counts[i]);
    }
}

/* --- counters --------------------------------------------------------------------------------------------- */

static void put_verdicts(struct server_counters *counters, struct buffer *ret) {
    put_head(ret, "verdicts_total", "counter", "Transactions by what became of them.");
    buffer_printf(ret, "satchel_verdicts_total{kind=\"merged\"} %lld\n",
                  (long long)counters->merged);
    buffer_printf(ret, "satchel_verdicts_total{kind=\"conflicts\"} %lld\n",
                  (long long)counters->conflicts);
    buffer_printf(ret, "satchel_verdicts_total{kind=\"refused\"} %lld\n",
                  (long long)counters->refused);
    buffer_printf(ret, "satchel_verdicts_total{kind=\"deferred\"} %lld\n",
                  (long long)counters->deferred);
}

static void put_durations(struct server_counters *counters, struct buffer *ret) {
    long long count = 0;
    put_head(ret, "sync_duration_seconds", "histogram",
             "How long sync requests took, from their last byte to the answer.");
    for (size_t i = 0; i < METRICS_BUCKETS; i++) {
        count += counters->durations[i];
        if (i < METRICS_BUCKETS - 1) {
            buffer_printf(
                ret, "satchel_sync_duration_seconds_bucket{le=\"%lld.%03lld\"} %lld\n",
                (long long)BOUNDS[i] / 1000, (long long)BOUNDS[i] % 1000, count);
        }
    }
    long long ms = counters->duration_ms;
    buffer_printf(ret,
                  "satchel_sync_duration_seconds_bucket{le=\"+Inf\"} %lld\n"
                  "satchel_sync_duration_seconds_sum %lld.%03lld\n"
                  "satchel_sync_duration_seconds_count %lld\n",
                  count, ms / 1000, ms % 1000, count);
}

static void put_counters(struct server *server, struct buffer *ret) {
    struct server_counters *counters = &server->counters;
    const struct {
        const char *name, *help;
        long long value;
    } totals[] = {
        {"requests_total", "Messages received.", counters->requests},
        {"failures_total", "Messages refused.", counters->failures},
        {"bytes_in_total", "Bytes of messages received.", counters->bytes_in},
        {"bytes_out_total", "Bytes of answers sent.", counters->bytes_out},
        {"bundles_total", "Bundles received.", counters->bundles},
        {"transactions_total", "Verdicts given.", counters->transactions},
        {"rows_sent_total", "Rows sent to stations.", counters->rows_sent},
        {"enrolments_total", "Enrolments.", counters->enrolments},
        {"forks_suspected_total", "Requests that a copy of a station may have made.",
         counters->forks_suspected},
        {"reenrolments_total", "Children enrolled after a fork.", counters->reenrolments},
        {"rotations_total", "Keys of devices rotated.", counters->rotations},
        {"quarantined_total", "Bundles of revoked devices kept.", counters->quarantined},
        {"rebuilds_total", "Stations that got everything again.", counters->rebuilds},
        {"digest_differences_total",
         "Stations that found that what they hold is not what is counted here.",
         counters->differences},
        {"heals_total", "Stations that got everything again because of it, or asked to.",
         counters->healed},
    };
    for (size_t i = 0; i < sizeof totals / sizeof *totals; i++) {
        put_metric(ret, totals[i].name, "counter", totals[i].help, totals[i].value);
    }
    put_verdicts(counters, ret);
    put_durations(counters, ret);
}

void server_metrics(struct server *server, struct buffer *ret) {
    struct error ignored;
    struct ingest_figures figures = ingest_figures(server->ingest);
    struct reader *reader = reader_take(server->readers, &ignored);
    if (reader != NULL) {
        put_gauges(reader, ret);
        put_journal_bytes(server, reader, ret);
        put_ages(server, reader, ret);
        reader_give(server->readers, reader);
    }
    put_counters(server, ret);
    put_metric(ret, "queue", "gauge", "Jobs that wait for the writer.",
               (long long)figures.waiting);
    put_metric(ret, "commits_total", "counter", "Durable commits.", figures.commits);
    put_metric(ret, "jobs_total", "counter", "Jobs of the writer.", figures.jobs);
}
