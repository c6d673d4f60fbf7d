/* What became of each transaction: kept by gsn and in the journal's outcomes. */
#include "server/verdicts.h"

#include <string.h>

#include "sync/wire.h"

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

void outcome_encode(const struct verdict *verdicts, size_t count, struct buffer *ret) {
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
        wire_integer(wire_item(node, 1), "outcome", VERDICT_MERGED, VERDICT_REFUSED,
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

int outcome_decode(struct bytes data, struct arena *arena, struct verdict **ret,
                   size_t *ret_count, struct error *error) {
    struct wire_document *document = NULL;
    if (wire_open(data, &document, error) != 0) {
        return -1;
    }
    const struct wire_node *root = wire_root(document);
    int result =
        wire_array(root, "outcome", 0, LIMIT_BUNDLE_TRANSACTIONS, ret_count, error);
    *ret = result == 0 ? arena_alloc_array(arena, *ret_count + 1, sizeof **ret) : NULL;
    if (result == 0 && *ret == NULL) {
        result = error_out_of_memory(error);
    }
    for (size_t i = 0; i < *ret_count && result == 0; i++) {
        result = decode_one(wire_item(root, i), arena, &(*ret)[i], error);
    }
    wire_close(document);
    return result;
}
