/* What headquarters sees and ends of a refill. */
#include <stdlib.h>

#include "server/history.h"
#include "server/internal.h"

static int count_waiting(struct master *master, const struct refill_listener *listener,
                         struct refill_report *ret, struct error *error) {
    static const char SQL[] =
        "select coalesce(s.code, '?'), count(*), min(d.code) from deferred d"
        " left join station s on s.id = d.device group by d.device order by 1";
    sqlite3_stmt *statement = NULL;
    if (database_statement(master->db, SQL, &statement, error) != 0) {
        return -1;
    }
    int rc;
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        const struct refill_device device = {
            (const char *)sqlite3_column_text(statement, 0),
            sqlite3_column_int64(statement, 1),
            (const char *)sqlite3_column_text(statement, 2)};
        ret->waiting += device.waiting;
        if (listener != NULL) {
            listener->tell(listener->context, &device);
        }
    }
    sqlite3_finalize(statement);
    return rc == SQLITE_DONE
               ? 0
               : error_from_sqlite(error, master->db, "reading deferred work");
}

static int count_refused(struct master *master, int64_t after, struct refill_report *ret,
                         struct error *error) {
    static const char SQL[] = "select count(*), coalesce(sum(kind = 3), 0) from gsn_log"
                              " where gsn > ?";
    sqlite3_stmt *statement = NULL;
    if (database_statement(master->db, SQL, &statement, error) != 0) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, after);
    int rc = sqlite3_step(statement);
    ret->refused = sqlite3_column_int64(statement, 1);
    ret->merged = sqlite3_column_int64(statement, 0) - ret->refused;
    sqlite3_finalize(statement);
    return rc == SQLITE_ROW ? 0
                            : error_from_sqlite(error, master->db, "reading verdicts");
}

static int refill(struct master *master, struct work *work, bool end,
                  const struct refill_listener *listener, struct refill_report *ret,
                  struct error *error) {
    if (master_begin(master, error) != 0) {
        return -1;
    }
    int64_t gsn = master->gsn;
    *ret = (struct refill_report){.epoch = master->epoch, .since = master->refill_since};
    int result = end ? history_end_refill(master, work, true, &ret->ended, error) : 0;
    if (result == 0) {
        result = count_refused(master, gsn, ret, error) ||
                         count_waiting(master, listener, ret, error)
                     ? -1
                     : 0;
    }
    if (result == 0) {
        result = master_commit(master, error);
    }
    master_rollback(master); /* nothing is open any more when it was committed */
    return result;
}

int server_refill(const struct server_options *options, bool end,
                  const struct refill_listener *listener, struct refill_report *ret,
                  struct error *error) {
    struct master *master = NULL;
    struct work work;
    if (seal_start(error) != 0 || server_open_master(options, &master, error) != 0) {
        return -1;
    }
    work_begin(&work, master);
    int result = refill(master, &work, end, listener, ret, error);
    work_end(&work);
    master_close(master);
    return result;
}
