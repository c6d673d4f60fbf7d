/*
 * The story of this station's transactions.
 */
#include "client-core/story.h"

#include <stdio.h>
#include <string.h>

#include "client-core/json.h"
#include "client-core/kin.h"
#include "sync/bundle.h"
#include "sync/clock.h"
#include "sync/message.h"

enum story_column {
    STORY_ID,
    STORY_TIME,
    STORY_USER,
    STORY_COMMAND,
    STORY_CHANGES,
    STORY_SEALED,
    STORY_VERDICT,
    STORY_CODE,
    STORY_FIELD,
    STORY_MESSAGE,
    STORY_ANSWERED_AT,
    STORY_ATTENTION_CODE,
    STORY_ATTENTION_MESSAGE,
    STORY_GSN,
    STORY_SENT_AT,
    STORY_FORMER
};

enum { STORY_MEMORY = 64 * LIMIT_TRANSACTION };

static const char select_story[] =
    "select o.id, o.time, o.user_id, o.command, o.changes, o.bundle is not null, o.verdict,"
    " o.code, o.field, o.message, o.answered_at, o.attention_code, o.attention_message,"
    " o.gsn, b.sent_at, o.former from station_outbox o"
    " left join station_bundle b on b.position = o.bundle"
    " where (?1 is null or o.user_id = ?1) and case ?2 when 1 then o.verdict = 3"
    " and o.retired = 0 and not exists (select 1 from refusal r where r.id = o.id"
    "  and r.settled_at is not null)"
    " when 2 then o.active = 1 and o.attention_code is not null else 1 end"
    " order by o.position desc limit ?3";

/* What stays while a story is told, and what only while one transaction is. */
struct telling {
    const struct story_request *request;
    struct story_losses losses;
    struct arena kept;
    struct arena arena;
};

/* --- does it concern the record? ----------------------------------------------------------------------- */

struct search {
    const struct story_request *request;
    bool found;
};

static int compare_kin(void *context, const struct table *table, struct bytes key,
                       struct error *error) {
    struct search *search = context;
    (void)error;
    search->found = search->found || (table == search->request->table &&
                                      bytes_equal(key, search->request->key));
    return 0;
}

static int concerns(const struct story_work *work, bool *ret, struct error *error) {
    const struct story_request *request = work->request;
    struct search search = {.request = request, .found = !request->table};
    for (size_t i = 0; i < work->change_count && !search.found; i++) {
        const struct change *change = &work->changes[i];
        const struct table *table =
            catalogue_table_number(request->reader->catalogue, change->table);
        if (table && kin_of_row(request->reader, table, change->key, change, compare_kin,
                                &search, error) != 0)
            return -1;
    }
    *ret = search.found;
    return 0;
}

/* --- a transaction --------------------------------------------------------------------------------------- */

static const char *state_of(sqlite3_stmt *statement) {
    if (sqlite3_column_type(statement, STORY_VERDICT) != SQLITE_NULL)
        return verdict_text(
            (enum verdict_kind)sqlite3_column_int(statement, STORY_VERDICT));
    if (sqlite3_column_type(statement, STORY_ATTENTION_CODE) != SQLITE_NULL)
        return "attention";
    return sqlite3_column_int(statement, STORY_SEALED) ? "sealed" : "waiting";
}

static void put_member(struct buffer *json, const char *name, sqlite3_stmt *statement,
                       int column) {
    json_put_name(json, name);
    json_put_column(json, statement, column);
}

static void put_head(const struct story_request *request, sqlite3_stmt *statement,
                     struct buffer *json) {
    const struct operation *command = catalogue_command(
        request->reader->catalogue, column_text(statement, STORY_COMMAND));
    bool attention =
        sqlite3_column_type(statement, STORY_ATTENTION_CODE) != SQLITE_NULL &&
        sqlite3_column_type(statement, STORY_VERDICT) == SQLITE_NULL;
    put_member(json, "transaction", statement, STORY_ID);
    json_put_name(json, "made_at");
    json_put_integer(json, clock_ms(sqlite3_column_int64(statement, STORY_TIME)));
    put_member(json, "user_id", statement, STORY_USER);
    put_member(json, "command", statement, STORY_COMMAND);
    json_put_name(json, "title");
    json_put_string(json, command ? command->title : NULL);
    json_put_name(json, "title_zh");
    json_put_string(json, command ? command->title_zh : NULL);
    json_put_name(json, "state");
    json_put_string(json, state_of(statement));
    put_member(json, "code", statement, attention ? STORY_ATTENTION_CODE : STORY_CODE);
    put_member(json, "field", statement, STORY_FIELD);
    put_member(json, "message", statement,
               attention ? STORY_ATTENTION_MESSAGE : STORY_MESSAGE);
    put_member(json, "sent_at", statement, STORY_SENT_AT);
    put_member(json, "answered_at", statement, STORY_ANSWERED_AT);
    put_member(json, "gsn", statement, STORY_GSN);
}

static int put_user(const struct story_request *request, const struct id *user,
                    struct buffer *json, struct error *error) {
    const struct table *conflict =
        catalogue_table(request->reader->catalogue, "conflict");
    const struct column *loser =
        conflict ? table_column(conflict, "loser_user_id") : NULL;
    return loser && loser->ref
               ? story_put_label(request, "user", loser->ref,
                                 (struct bytes){user->bytes, ID_SIZE}, json, error)
               : 0;
}

/* Decodes into telling->arena. */
static int read_work(struct telling *telling, sqlite3_stmt *statement,
                     struct story_work *ret, struct error *error) {
    struct change *changes = NULL;
    struct change *formers = NULL;
    arena_reset(&telling->arena);
    *ret = (struct story_work){
        .request = telling->request,
        .losses = &telling->losses,
        .id = column_bytes(statement, STORY_ID),
        .user = column_id(statement, STORY_USER),
        .made_at = clock_ms(sqlite3_column_int64(statement, STORY_TIME)),
        .gsn = sqlite3_column_int(statement, STORY_VERDICT) == (int)VERDICT_REFUSED
                   ? 0
                   : sqlite3_column_int64(statement, STORY_GSN),
    };
    struct bytes former = column_bytes(statement, STORY_FORMER);
    if (changes_decode(column_bytes(statement, STORY_CHANGES), &telling->arena, &changes,
                       &ret->change_count, error) != 0 ||
        (former.size > 0 && changes_decode(former, &telling->arena, &formers,
                                           &ret->former_count, error) != 0))
        return -1;
    ret->changes = changes;
    ret->formers = formers;
    return 0;
}

static int put_transaction(struct telling *telling, sqlite3_stmt *statement,
                           struct buffer *json, bool *ret_told, struct error *error) {
    struct story_work work;
    if (read_work(telling, statement, &work, error) != 0 ||
        concerns(&work, ret_told, error) != 0)
        return -1;
    if (!*ret_told)
        return 0;
    json_put_comma(json);
    buffer_append_byte(json, '{');
    put_head(telling->request, statement, json);
    if (put_user(telling->request, &work.user, json, error) != 0 ||
        story_put_changes(&work, json, error) != 0)
        return -1;
    buffer_append_byte(json, '}');
    return 0;
}

static int put_all(struct telling *telling, sqlite3_stmt *statement, struct buffer *json,
                   struct error *error) {
    int64_t count = 0;
    bool row = true;
    while (row && count < telling->request->limit) {
        bool told = false;
        if (replica_step(telling->request->reader, statement, &row, error) != 0 ||
            (row && put_transaction(telling, statement, json, &told, error) != 0))
            return -1;
        count += told;
    }
    return 0;
}

int story_put(const struct story_request *request, struct buffer *ret_json,
              struct error *error) {
    struct telling telling = {.request = request,
                              .kept = arena_make(STORY_MEMORY),
                              .arena = arena_make(STORY_MEMORY)};
    sqlite3_stmt *statement = replica_statement(request->reader, select_story, error);
    int failed = -1;
    if (!statement ||
        story_read_losses(request, &telling.kept, &telling.losses, error) != 0)
        goto out;
    sqlite3_clear_bindings(statement);
    if (request->user)
        bind_id(statement, 1, request->user);
    sqlite3_bind_int(statement, 2, (int)request->kind);
    sqlite3_bind_int64(statement, 3, request->table ? -1 : request->limit);
    buffer_append_byte(ret_json, '[');
    failed = put_all(&telling, statement, ret_json, error);
    buffer_append_byte(ret_json, ']');
    sqlite3_reset(statement);
out:
    arena_free(&telling.kept);
    arena_free(&telling.arena);
    return failed;
}
