/* The last contacts of stations. */
#include "server/seen.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SEEN_STATIONS = 1000000 };

struct seen {
    pthread_mutex_t lock;
    struct contact *contacts; /* by the station's number */
    bool *fresh;              /* not written down yet */
    int64_t *counters;        /* the highest of each station's requests */
    size_t count;
    int64_t written_at;
};

int seen_make(struct seen **ret, struct error *error) {
    struct seen *seen = calloc(1, sizeof *seen);
    if (seen == NULL || pthread_mutex_init(&seen->lock, NULL) != 0) {
        free(seen);
        return error_out_of_memory(error);
    }
    *ret = seen;
    return 0;
}

void seen_free(struct seen *seen) {
    if (seen == NULL) {
        return;
    }
    pthread_mutex_destroy(&seen->lock);
    free(seen->contacts);
    free(seen->fresh);
    free(seen->counters);
    free(seen);
}

/* Room for this number; false without memory, and then the contact is not noted. */
static bool make_room(struct seen *seen, size_t number) {
    if (number < seen->count) {
        return true;
    }
    size_t count = number + number / 2 + 64;
    struct contact *contacts = realloc(seen->contacts, count * sizeof *contacts);
    seen->contacts = contacts ? contacts : seen->contacts;
    bool *fresh = contacts ? realloc(seen->fresh, count * sizeof *fresh) : NULL;
    if (fresh == NULL) {
        return false;
    }
    seen->fresh = fresh;
    int64_t *counters = realloc(seen->counters, count * sizeof *counters);
    if (counters == NULL) {
        return false;
    }
    seen->counters = counters;
    memset(counters + seen->count, 0, (count - seen->count) * sizeof *counters);
    memset(contacts + seen->count, 0, (count - seen->count) * sizeof *contacts);
    memset(fresh + seen->count, 0, (count - seen->count) * sizeof *fresh);
    seen->count = count;
    return true;
}

/* What waits at the station was made on what it had before: until that is here, it has passed no more. -1: what is
 * written down stays. */
static int64_t passed_now(const struct contact *former, const struct contact *now) {
    if (now->waiting <= 0) {
        return now->passed;
    }
    int64_t before = former->at != 0 ? former->passed : -1;
    return before < now->passed ? before : now->passed;
}

void seen_note(struct seen *seen, int64_t station, const struct contact *contact) {
    pthread_mutex_lock(&seen->lock);
    if (station > 0 && station < SEEN_STATIONS && make_room(seen, (size_t)station)) {
        int64_t passed = passed_now(&seen->contacts[station], contact);
        seen->contacts[station] = *contact;
        seen->contacts[station].passed = passed;
        seen->fresh[station] = true;
    }
    pthread_mutex_unlock(&seen->lock);
}

int64_t seen_counter(struct seen *seen, int64_t station, int64_t counter) {
    int64_t highest = 0;
    pthread_mutex_lock(&seen->lock);
    if (station > 0 && station < SEEN_STATIONS && make_room(seen, (size_t)station)) {
        highest = seen->counters[station];
        seen->counters[station] = counter > highest ? counter : highest;
    }
    pthread_mutex_unlock(&seen->lock);
    return highest;
}

struct contact seen_of(struct seen *seen, int64_t station) {
    struct contact contact = {0};
    pthread_mutex_lock(&seen->lock);
    if (station > 0 && (size_t)station < seen->count) {
        contact = seen->contacts[station];
    }
    pthread_mutex_unlock(&seen->lock);
    return contact;
}

/* --- writing down ----------------------------------------------------------------------------- */

struct written {
    int64_t station;
    struct contact contact;
};

struct writing {
    struct written *rows;
    size_t count;
};

static int write_contact(struct master *master, sqlite3_stmt *statement,
                         const struct written *row, struct error *error) {
    sqlite3_bind_int64(statement, 1, row->station);
    sqlite3_bind_int64(statement, 2, row->contact.at);
    sqlite3_bind_int64(statement, 3, row->contact.cursor);
    sqlite3_bind_int64(statement, 4, row->contact.waiting);
    sqlite3_bind_int64(statement, 5, row->contact.schema_version);
    return master_run(master, statement, "noting who was there", error);
}

static int write_passed(struct master *master, sqlite3_stmt *statement,
                        const struct written *row, struct error *error) {
    if (row->contact.passed < 0) {
        return 0;
    }
    sqlite3_bind_int64(statement, 1, row->station);
    sqlite3_bind_int64(statement, 2, row->contact.passed);
    return master_run(master, statement, "noting what it has", error);
}

static int write_rows(struct master *master, struct work *work, void *context,
                      struct error *error) {
    static const char CONTACT[] =
        "insert or replace into station_seen (station, at, cursor, waiting,"
        " schema_version) values (?, ?, ?, ?, ?)";
    static const char PASSED[] =
        "insert or replace into station_passed (station, gsn) values (?, ?)";
    const struct writing *writing = context;
    sqlite3_stmt *contact = NULL;
    sqlite3_stmt *passed = NULL;
    (void)work;
    int result = database_statement(master->db, CONTACT, &contact, error) != 0 ||
                         database_statement(master->db, PASSED, &passed, error) != 0
                     ? -1
                     : 0;
    for (size_t i = 0; i < writing->count && result == 0; i++) {
        result = write_contact(master, contact, &writing->rows[i], error);
        if (result == 0) {
            result = write_passed(master, passed, &writing->rows[i], error);
        }
    }
    sqlite3_finalize(contact);
    sqlite3_finalize(passed);
    return result;
}

/* Takes what is new and marks it as written. */
static struct writing take(struct seen *seen) {
    struct writing writing = {0};
    size_t fresh = 0;
    for (size_t i = 0; i < seen->count; i++) {
        fresh += seen->fresh[i] ? 1 : 0;
    }
    writing.rows = fresh > 0 ? calloc(fresh, sizeof *writing.rows) : NULL;
    for (size_t i = 0; i < seen->count && writing.rows != NULL; i++) {
        if (seen->fresh[i]) {
            writing.rows[writing.count++] =
                (struct written){(int64_t)i, seen->contacts[i]};
            seen->fresh[i] = false;
        }
    }
    return writing;
}

static void take_back(struct seen *seen, const struct writing *writing) {
    pthread_mutex_lock(&seen->lock);
    for (size_t i = 0; i < writing->count; i++) {
        seen->fresh[writing->rows[i].station] = true;
    }
    pthread_mutex_unlock(&seen->lock);
}

void seen_write(struct seen *seen, struct ingest *ingest, int64_t at, bool now) {
    struct writing writing = {0};
    struct error ignored = {0};
    pthread_mutex_lock(&seen->lock);
    if (now || at - seen->written_at >= SEEN_EVERY_MS || at < seen->written_at) {
        seen->written_at = at;
        writing = take(seen);
    }
    pthread_mutex_unlock(&seen->lock);
    if (writing.count > 0 && ingest_run(ingest, write_rows, &writing, &ignored) != 0) {
        take_back(seen, &writing);
    }
    free(writing.rows);
}
