/*
 * Marks: which records have work that headquarters does not have yet, unsettled conflicts, refused work.
 * A mark stands at the row itself and at the rows it belongs to.
 */
#include "client-core/marks.h"

#include <stdlib.h>
#include <string.h>

#include "client-core/json.h"
#include "client-core/kin.h"
#include "sync/bundle.h"

enum { SLOTS_FIRST = 64, MARKS_MEMORY = 16 * LIMIT_TRANSACTION };

struct mark {
    const struct table *table; /* NULL: the slot is free */
    struct id id;
    int64_t count;
    int64_t last; /* the last piece of work that was counted */
};

/* Open addressing; a power of two, at most half full. */
struct mark_set {
    struct mark *slots;
    size_t slot_count;
    size_t count;
    bool more;
};

struct marking {
    const struct marks_for *whose;
    struct replica *reader;
    struct mark_set set;
    struct arena arena;
    int64_t work; /* the piece of work at hand */
};

/* --- the set ------------------------------------------------------------------------------------- */

static size_t hash_of(const struct id *id) {
    uint64_t tail;
    memcpy(&tail, id->bytes + ID_SIZE - sizeof tail, sizeof tail);
    return (size_t)(tail * 0x9E3779B97F4A7C15ULL >> 32);
}

static struct mark *slot_of(struct mark_set *set, const struct table *table,
                            const struct id *id) {
    size_t at = hash_of(id) & (set->slot_count - 1);
    while (set->slots[at].table &&
           (set->slots[at].table != table || !id_equal(set->slots[at].id, *id)))
        at = (at + 1) & (set->slot_count - 1);
    return &set->slots[at];
}

static int set_grow(struct mark_set *set, struct error *error) {
    struct mark_set grown = {.slot_count =
                                 set->slot_count ? set->slot_count * 2 : SLOTS_FIRST};
    grown.slots = calloc(grown.slot_count, sizeof *grown.slots);
    if (!grown.slots)
        return error_out_of_memory(error);
    for (size_t i = 0; i < set->slot_count; i++)
        if (set->slots[i].table)
            *slot_of(&grown, set->slots[i].table, &set->slots[i].id) = set->slots[i];
    free(set->slots);
    set->slots = grown.slots;
    set->slot_count = grown.slot_count;
    return 0;
}

/* Only what the person sees is marked, as far as there is room. */
static int may_mark(struct marking *marking, const struct table *table, struct bytes key,
                    bool *ret, struct error *error) {
    struct visible *visible = marking->whose->visible;
    *ret = true;
    if (visible && visible_row(visible, table, key, ret, error) != 0)
        return -1;
    if (*ret && marking->set.count == LIMIT_MARKS) {
        marking->set.more = true;
        *ret = false;
    }
    return 0;
}

static int mark_row(void *context, const struct table *table, struct bytes key,
                    struct error *error) {
    struct marking *marking = context;
    struct mark_set *set = &marking->set;
    struct id id;
    bool may = true;
    if (key.size != ID_SIZE)
        return 0; /* rows of several keys have no name; what they belong to has */
    memcpy(id.bytes, key.data, ID_SIZE);
    if (set->count * 2 >= set->slot_count && set_grow(set, error) != 0)
        return -1;
    struct mark *mark = slot_of(set, table, &id);
    if (!mark->table && may_mark(marking, table, key, &may, error) != 0)
        return -1;
    if (!may)
        return 0;
    if (!mark->table) {
        *mark = (struct mark){.table = table, .id = id};
        set->count++;
    }
    if (mark->last != marking->work)
        mark->count++;
    mark->last = marking->work;
    return 0;
}

/* --- where the work is ------------------------------------------------------------------------------ */

static int mark_transaction(struct marking *marking, struct bytes data,
                            struct error *error) {
    struct change *changes = NULL;
    size_t count = 0;
    arena_reset(&marking->arena);
    if (changes_decode(data, &marking->arena, &changes, &count, error) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        const struct table *table =
            catalogue_table_number(marking->reader->catalogue, changes[i].table);
        if (table && kin_of_row(marking->reader, table, changes[i].key, &changes[i],
                                mark_row, marking, error) != 0)
            return -1;
    }
    return 0;
}

/* `sql` gives the changes of transactions, the newest first. */
static int mark_transactions(struct marking *marking, const char *sql,
                             struct error *error) {
    sqlite3_stmt *statement = replica_statement(marking->reader, sql, error);
    const struct id *user = marking->whose->user;
    bool row = true;
    int failed = statement ? 0 : -1;
    if (statement)
        sqlite3_clear_bindings(statement);
    if (statement && user && sqlite3_bind_parameter_count(statement) > 0)
        bind_id(statement, 1, user);
    while (!failed && row && !marking->set.more) {
        marking->work++;
        failed = replica_step(marking->reader, statement, &row, error);
        if (!failed && row)
            failed = mark_transaction(marking, column_bytes(statement, 0), error);
    }
    if (statement)
        sqlite3_reset(statement);
    return failed;
}

static int mark_conflict(struct marking *marking, sqlite3_stmt *statement,
                         struct error *error) {
    const struct catalogue *catalogue = marking->reader->catalogue;
    struct visible *visible = marking->whose->visible;
    const struct table *table =
        catalogue_table_number(catalogue, (uint64_t)sqlite3_column_int64(statement, 0));
    bool seen = true;
    if (visible && visible_row(visible, catalogue_table(catalogue, "conflict"),
                               column_bytes(statement, 2), &seen, error) != 0)
        return -1;
    return table && seen ? kin_of_row(marking->reader, table, column_bytes(statement, 1),
                                      NULL, mark_row, marking, error)
                         : 0;
}

static int mark_conflicts(struct marking *marking, struct error *error) {
    static const char sql[] = "select table_number, row_key, id from conflict"
                              " where settlement is null order by id desc";
    sqlite3_stmt *statement = replica_statement(marking->reader, sql, error);
    bool row = true;
    int failed = statement ? 0 : -1;
    while (!failed && row && !marking->set.more) {
        marking->work++;
        failed = replica_step(marking->reader, statement, &row, error);
        if (!failed && row)
            failed = mark_conflict(marking, statement, error);
    }
    if (statement)
        sqlite3_reset(statement);
    return failed;
}

/* --- as JSON ------------------------------------------------------------------------------------------ */

static void put_set(struct mark_set *set, const char *name, struct buffer *json) {
    char text[ID_TEXT_SIZE];
    json_put_name(json, name);
    buffer_append_byte(json, '{');
    for (size_t i = 0; i < set->slot_count; i++) {
        if (!set->slots[i].table)
            continue;
        id_format(set->slots[i].id, text);
        json_put_name(json, text);
        json_put_integer(json, set->slots[i].count);
    }
    buffer_append_byte(json, '}');
    free(set->slots);
    *set = (struct mark_set){0};
}

static const char select_pending[] = "select changes from station_outbox"
                                     " where verdict is null order by position desc";
static const char select_refused[] =
    "select changes from station_outbox o where o.verdict = 3 and not exists"
    " (select 1 from refusal r where r.id = o.id and r.settled_at is not null)"
    " and (?1 is null or o.user_id = ?1) order by o.position desc";
static const char select_attention[] =
    "select changes from station_outbox"
    " where active = 1 and attention_code is not null and (?1 is null or user_id = ?1)"
    " order by position desc";

int marks_put(struct replica *reader, const struct marks_for *whose,
              struct buffer *ret_json, struct error *error) {
    static const struct {
        const char *name;
        const char *sql; /* NULL: conflicts */
    } kinds[] = {{"pending", select_pending},
                 {"conflict", NULL},
                 {"refused", select_refused},
                 {"attention", select_attention}};
    struct marking marking = {
        .whose = whose, .reader = reader, .arena = arena_make(MARKS_MEMORY)};
    bool more = false;
    int failed = 0;
    buffer_append_byte(ret_json, '{');
    for (size_t i = 0; !failed && i < sizeof kinds / sizeof *kinds; i++) {
        failed = kinds[i].sql ? mark_transactions(&marking, kinds[i].sql, error)
                              : mark_conflicts(&marking, error);
        more = more || marking.set.more;
        put_set(&marking.set, kinds[i].name, ret_json);
    }
    json_put_name(ret_json, "more");
    buffer_printf(ret_json, "%s}", more ? "true" : "false");
    arena_free(&marking.arena);
    return failed;
}
