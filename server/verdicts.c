/* What became of each transaction: kept by gsn and in the journal's outcomes. */
#include "server/verdicts.h"

#include <string.h>

#include "sync/wire.h"

enum { OUTCOME_ITEMS = 4 };

static const char *text_of(struct arena *texts, sqlite3_stmt *statement, int column) {
    struct value value = value_of_column(statement, column);
    return value.type == VALUE_TEXT
               ? arena_text(texts, (const char *)value.bytes.data, value.bytes.size)
               : arena_text(texts, "", 0);
}

int verdict_find(struct master *master, struct id transaction, struct arena *texts,
                 struct verdict *ret, bool *ret_known, struct error *error) {
    sqlite3_stmt *statement = master_statement(master, SQL_GSN_BY_TRANSACTION, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_blob(statement, 1, transaction.bytes, ID_SIZE, SQLITE_STATIC);
    int rc = sqlite3_step(statement);
    *ret_known = rc == SQLITE_ROW;
    if (rc == SQLITE_ROW) {
        *ret = (struct verdict){
            .transaction = transaction,
            .gsn = sqlite3_column_int64(statement, 0),
            .kind = (enum verdict_kind)sqlite3_column_int(statement, 1),
            .time = sqlite3_column_int64(statement, 2),
            .code = text_of(texts, statement, 3),
            .field = text_of(texts, statement, 4),
            .message = text_of(texts, statement, 5),
        };
    }
    sqlite3_reset(statement);
    bool full = rc == SQLITE_ROW && (!ret->code || !ret->field || !ret->message);
    if (full) {
        return error_out_of_memory(error);
    }
    return rc == SQLITE_ROW || rc == SQLITE_DONE
               ? 0
               : error_from_sqlite(error, master->db, "looking for a transaction");
}

int verdict_put(struct master *master, const struct work *work,
                const struct origin *origin, const struct verdict *verdict,
                struct error *error) {
    sqlite3_stmt *statement = master_statement(master, SQL_GSN_PUT, error);
    const struct transaction *transaction = work->transaction;
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, verdict->gsn);
    sqlite3_bind_blob(statement, 2, verdict->transaction.bytes, ID_SIZE, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, origin->entry);
    sqlite3_bind_int64(statement, 4, origin->station);
    sqlite3_bind_blob(statement, 5, transaction->user.bytes, ID_SIZE, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 6, transaction->base);
    sqlite3_bind_int64(statement, 7, verdict->time);
    sqlite3_bind_int64(statement, 8, origin->received_at);
    sqlite3_bind_int(statement, 9, (int)verdict->kind);
    sqlite3_bind_text(statement, 10, transaction->command, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 11, verdict->code, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 12, verdict->field, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 13, verdict->message, -1, SQLITE_STATIC);
    return master_run(master, statement, "logging a verdict", error);
}

static void put_verdicts(const struct verdict *verdicts, size_t count,
                         struct buffer *ret) {
    wire_put_array(ret, count);
    for (size_t i = 0; i < count; i++) {
        wire_put_array(ret, 7);
        wire_put_id(ret, verdicts[i].transaction);
        wire_put_integer(ret, verdicts[i].kind);
        wire_put_integer(ret, verdicts[i].gsn);
        wire_put_integer(ret, verdicts[i].time);
        wire_put_text(ret, verdicts[i].code);
        wire_put_text(ret, verdicts[i].field);
        wire_put_text(ret, verdicts[i].message);
    }
}

void outcome_encode(const struct outcome *outcome, struct buffer *ret) {
    if (outcome->epoch == 0) {
        put_verdicts(outcome->verdicts, outcome->count, ret);
        return;
    }
    wire_put_array(ret, OUTCOME_ITEMS);
    wire_put_integer(ret, outcome->epoch);
    put_verdicts(outcome->verdicts, outcome->count, ret);
    put_verdicts(outcome->retried, outcome->retried_count, ret);
    wire_put_array(ret, outcome->former_count);
    for (size_t i = 0; i < outcome->former_count; i++) {
        wire_put_integer(ret, outcome->formers[i]);
    }
}

bool verdicts_same(const struct verdict *a, size_t a_count, const struct verdict *b,
                   size_t b_count) {
    bool same = a_count == b_count;
    for (size_t i = 0; i < a_count && same; i++) {
        same = a[i].kind == b[i].kind && a[i].gsn == b[i].gsn && a[i].time == b[i].time &&
               strcmp(a[i].code, b[i].code) == 0 &&
               id_equal(a[i].transaction, b[i].transaction);
    }
    return same;
}

static int decode_text(const struct wire_node *node, struct arena *arena,
                       const char **ret, struct error *error) {
    struct bytes text = {0};
    if (wire_text(node, "outcome", LIMIT_TEXT, &text, error) != 0) {
        return -1;
    }
    *ret = arena_text(arena, (const char *)text.data, text.size);
    return *ret == NULL ? error_out_of_memory(error) : 0;
}

static int decode_one(const struct wire_node *node, struct arena *arena,
                      struct verdict *ret, struct error *error) {
    size_t count = 0;
    int64_t kind = 0;
    if (wire_array(node, "outcome", 7, 7, &count, error) != 0 ||
        wire_id(wire_item(node, 0), "outcome", &ret->transaction, error) != 0 ||
        wire_integer(wire_item(node, 1), "outcome", VERDICT_MERGED, VERDICT_DEFERRED,
                     &kind, error) != 0 ||
        wire_integer(wire_item(node, 2), "outcome", 0, INT64_MAX, &ret->gsn, error) !=
            0 ||
        wire_integer(wire_item(node, 3), "outcome", 0, INT64_MAX, &ret->time, error) !=
            0 ||
        decode_text(wire_item(node, 4), arena, &ret->code, error) != 0 ||
        decode_text(wire_item(node, 5), arena, &ret->field, error) != 0 ||
        decode_text(wire_item(node, 6), arena, &ret->message, error) != 0) {
        return -1;
    }
    ret->kind = (enum verdict_kind)kind;
    return 0;
}

static int decode_verdicts(const struct wire_node *list, struct arena *arena,
                           struct verdict **ret, size_t *ret_count, struct error *error) {
    int result =
        wire_array(list, "outcome", 0, LIMIT_BUNDLE_TRANSACTIONS, ret_count, error);
    *ret = result == 0 ? arena_alloc_array(arena, *ret_count + 1, sizeof **ret) : NULL;
    if (result == 0 && *ret == NULL) {
        result = error_out_of_memory(error);
    }
    for (size_t i = 0; i < *ret_count && result == 0; i++) {
        result = decode_one(wire_item(list, i), arena, &(*ret)[i], error);
    }
    return result;
}

static int decode_formers(const struct wire_node *list, struct arena *arena,
                          struct outcome *ret, struct error *error) {
    if (wire_array(list, "outcome", 0, LIMIT_BUNDLE_TRANSACTIONS, &ret->former_count,
                   error) != 0) {
        return -1;
    }
    ret->formers = arena_alloc_array(arena, ret->former_count + 1, sizeof *ret->formers);
    if (ret->formers == NULL) {
        return error_out_of_memory(error);
    }
    int result = 0;
    for (size_t i = 0; i < ret->former_count && result == 0; i++) {
        result = wire_integer(wire_item(list, i), "outcome", 0, INT64_MAX,
                              &ret->formers[i], error);
    }
    return result;
}

static int decode_outcome(const struct wire_node *root, struct arena *arena,
                          struct outcome *ret, struct error *error) {
    size_t count = 0;
    struct error ignored = {0};
    bool plain = wire_array(root, "outcome", 1, SIZE_MAX, &count, &ignored) != 0 ||
                 wire_integer(wire_item(root, 0), "outcome", 1, INT64_MAX, &ret->epoch,
                              &ignored) != 0;
    if (plain) {
        return decode_verdicts(root, arena, &ret->verdicts, &ret->count, error);
    }
    return wire_array(root, "outcome", OUTCOME_ITEMS, OUTCOME_ITEMS, &count, error) !=
                       0 ||
                   decode_verdicts(wire_item(root, 1), arena, &ret->verdicts, &ret->count,
                                   error) != 0 ||
                   decode_verdicts(wire_item(root, 2), arena, &ret->retried,
                                   &ret->retried_count, error) != 0
               ? -1
               : decode_formers(wire_item(root, 3), arena, ret, error);
}

int outcome_decode(struct bytes data, struct arena *arena, struct outcome *ret,
                   struct error *error) {
    struct wire_document *document = NULL;
    *ret = (struct outcome){0};
    if (wire_open(data, &document, error) != 0) {
        return -1;
    }
    int result = decode_outcome(wire_root(document), arena, ret, error);
    wire_close(document);
    return result;
}
