/*
 * What a station does when headquarters lost some of its history.
 */
#include "client-core/epoch.h"

#include "client-core/pull.h"
#include "client-core/rebuild.h"
#include "client-core/state.h"

int epoch_read(struct replica *replica, int64_t *ret, struct error *error) {
    if (setting_integer(replica, "epoch", ret, error) != 0)
        return -1;
    *ret = *ret > 0 ? *ret : 1;
    return 0;
}

/* The first bundle with work that headquarters had taken and lost; INT64_MAX when there is none. */
static int first_lost(struct replica *replica, int64_t from, int64_t *ret,
                      struct error *error) {
    static const char lost[] = "select min(bundle) from station_outbox"
                               " where verdict is not null and gsn > ?1";
    static const char any[] = "select min(position) from station_bundle where ?1 = 0";
    sqlite3_stmt *statement = replica_statement(replica, from > 0 ? lost : any, error);
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, from);
    if (replica_integer(replica, statement, ret, error) != 0)
        return -1;
    *ret = *ret > 0 ? *ret : INT64_MAX;
    return 0;
}

static int run_from(struct replica *replica, const char *sql, int64_t bundle, bool flag,
                    struct error *error) {
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, bundle);
    sqlite3_bind_int(statement, 2, flag);
    return replica_finish(replica, statement, error);
}

/* What was merged lies over the rows again, once these are headquarters' present ones; what was refused stays off
 * them, whatever is decided now. What a gsn was given there says later who knew of what. */
static int reopen(struct replica *replica, int64_t bundle, bool rebuild,
                  struct error *error) {
    static const char entries[] =
        "update station_outbox set lost_gsn = coalesce(lost_gsn,"
        " case when verdict in (1, 2) then gsn end),"
        " active = case when verdict in (1, 2) and ?2 then 1 else active end,"
        " verdict = null, gsn = null, code = '', field = '', message = '',"
        " answered_at = null, attention_code = null, attention_message = null"
        " where bundle >= ?1 and verdict is not null";
    static const char bundles[] =
        "update station_bundle set answered_at = null, code = ''"
        " where position >= ?1 and ?2 = ?2";
    return run_from(replica, entries, bundle, rebuild, error) != 0
               ? -1
               : run_from(replica, bundles, bundle, rebuild, error);
}

int epoch_adopt(struct replica *replica, const struct sync_response *response,
                struct error *error) {
    int64_t bundle = 0;
    if (setting_set(replica, "epoch", value_integer(response->epoch), error) != 0 ||
        first_lost(replica, response->epoch_from, &bundle, error) != 0 ||
        (bundle != INT64_MAX && reopen(replica, bundle, response->rebuild, error) != 0) ||
        pull_restart(replica, error) != 0)
        return -1;
    return response->rebuild ? rebuild_begin(replica, "history", error) : 0;
}

int epoch_rows(struct replica *replica, const struct id *head, struct error *error) {
    int64_t epoch = 0;
    const struct value id = value_blob((struct bytes){head->bytes, ID_SIZE});
    if (epoch_read(replica, &epoch, error) != 0 ||
        setting_set(replica, "rows_epoch", value_integer(epoch), error) != 0)
        return -1;
    return setting_set(replica, "head_id", id, error);
}
