/* Walking the feed of a station's scopes, merged in gsn order. */
#include "server/pull.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "schema/database.h"
#include "server/tombstones.h"
#include "sync/digest.h"

/* --- one scope's walk ------------------------------------------------------------------------- */

struct feed_entry {
    int64_t gsn;
    int table;
    uint8_t key[LIMIT_KEY_COLUMNS * ID_SIZE];
    size_t key_size;
    bool gone;
};

struct walk {
    sqlite3_stmt *statement;
    int64_t number;
    int64_t start; /* entries above this gsn */
    bool lost;     /* the station held this scope and no longer does */
    bool gained;   /* the station did not hold it */
    struct feed_entry entry;
};

static int compare_entries(const struct feed_entry *a, const struct feed_entry *b) {
    if (a->gsn != b->gsn) {
        return a->gsn < b->gsn ? -1 : 1;
    }
    if (a->table != b->table) {
        return a->table - b->table;
    }
    return bytes_compare((struct bytes){a->key, a->key_size},
                         (struct bytes){b->key, b->key_size});
}

/* 1: the walk stands on an entry; 0: it is over. */
static int walk_step(struct walk *walk, sqlite3 *db, struct error *error) {
    int rc = sqlite3_step(walk->statement);
    if (rc != SQLITE_ROW) {
        return rc == SQLITE_DONE ? 0 : error_from_sqlite(error, db, "walking the feed");
    }
    struct bytes key = value_of_column(walk->statement, 2).bytes;
    if (key.size > sizeof walk->entry.key) {
        return error_set(error, "database.corrupt", "feed", "a feed entry is damaged");
    }
    walk->entry.gsn = sqlite3_column_int64(walk->statement, 0);
    walk->entry.table = sqlite3_column_int(walk->statement, 1);
    memcpy(walk->entry.key, key.data, key.size);
    walk->entry.key_size = key.size;
    walk->entry.gone = sqlite3_column_int(walk->statement, 3) != 0;
    return 1;
}

/* --- all of them, as a heap --------------------------------------------------------------------- */

struct pull {
    struct reader *reader;
    struct arena *arena;
    const struct sync_request *request;
    struct scope_set current; /* what the station may see */
    struct walk *walks;       /* a heap by entry */
    size_t walk_count;
    int64_t *numbers; /* scope numbers of `current`, sorted */
    int64_t *starts;  /* and where the station stands in each */
    size_t number_count;
    struct placement
        places[LIMIT_SCOPES_OF_ROW]; /* of the entry at hand; too large for a stack */
    int64_t begun_at;                /* the head when this pull began */
    struct row_group groups[LIMIT_TABLES];
    struct row_group sent[LIMIT_TABLES];
    size_t row_capacity[LIMIT_TABLES];
    size_t forget_capacity[LIMIT_TABLES];
    size_t row_count;
    size_t byte_count;
    struct feed_entry last;
    uint32_t row_places; /* how many of them are in `current` */
    bool
        told; /* `last` was sent or forgotten: its row in further scopes says nothing more */
};

static void sift_down(struct pull *pull, size_t i) {
    for (;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < pull->walk_count;
             child++) {
            if (compare_entries(&pull->walks[child].entry, &pull->walks[least].entry) <
                0) {
                least = child;
            }
        }
        if (least == i) {
            return;
        }
        struct walk held = pull->walks[i];
        pull->walks[i] = pull->walks[least];
        pull->walks[least] = held;
        i = least;
    }
}

static void give_walk(struct reader *reader, sqlite3_stmt *statement) {
    if (reader->walk_count == READER_WALKS) {
        sqlite3_finalize(statement);
        return;
    }
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    reader->walks[reader->walk_count++] = statement;
}

static void drop_walk(struct pull *pull, size_t i) {
    give_walk(pull->reader, pull->walks[i].statement);
    pull->walks[i] = pull->walks[--pull->walk_count];
}

static int advance_first(struct pull *pull, struct error *error) {
    int rc = walk_step(&pull->walks[0], pull->reader->db, error);
    if (rc == 0) {
        drop_walk(pull, 0);
    }
    sift_down(pull, 0);
    return rc < 0 ? -1 : 0;
}

static int scope_number_of(struct reader *reader, struct scope scope, int64_t *ret,
                           struct error *error) {
    sqlite3_stmt *statement = reader->scope_get;
    sqlite3_reset(statement);
    sqlite3_bind_int(statement, 1, (int)scope.kind);
    sqlite3_bind_blob(statement, 2, scope.id.bytes, ID_SIZE, SQLITE_STATIC);
    int rc = sqlite3_step(statement);
    *ret = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    return rc == SQLITE_ROW || rc == SQLITE_DONE
               ? 0
               : error_from_sqlite(error, reader->db, "reading a scope");
}

static int open_walk(struct pull *pull, int64_t number, int64_t start, bool lost,
                     bool gained, struct error *error) {
    static const char SQL[] =
        "select gsn, table_number, row_key, gone from feed"
        " where scope = ?1 and (gsn, table_number, row_key) > (?2, ?3, ?4)"
        " order by gsn, table_number, row_key";
    struct walk walk = {.number = number, .start = start, .lost = lost, .gained = gained};
    const struct pull_position *position = &pull->request->position;
    struct reader *reader = pull->reader;
    if (reader->walk_count > 0) {
        walk.statement = reader->walks[--reader->walk_count];
    } else if (database_statement(reader->db, SQL, &walk.statement, error) != 0) {
        return -1;
    }
    bool resumed = position->set && position->gsn > start;
    sqlite3_bind_int64(walk.statement, 1, number);
    sqlite3_bind_int64(walk.statement, 2, resumed ? position->gsn : start);
    sqlite3_bind_int(walk.statement, 3, resumed ? position->table : LIMIT_TABLES);
    value_bind(
        walk.statement, 4,
        value_blob(resumed ? position->key : (struct bytes){(const uint8_t *)"", 0}));
    int rc = walk_step(&walk, reader->db, error);
    if (rc <= 0) {
        give_walk(reader, walk.statement);
        return rc;
    }
    pull->walks[pull->walk_count++] = walk;
    return 0;
}

static int open_current(struct pull *pull, struct error *error) {
    const struct sync_request *request = pull->request;
    for (size_t i = 0; i < pull->current.count; i++) {
        struct scope scope = pull->current.scopes[i];
        bool held = scope_set_has(&request->held, scope);
        int64_t number = 0;
        if (scope_number_of(pull->reader, scope, &number, error) != 0) {
            return -1;
        }
        if (number == 0) {
            continue; /* no row was ever in it */
        }
        int64_t start = held ? request->cursor : 0;
        pull->numbers[pull->number_count] = number;
        pull->starts[pull->number_count++] = start;
        if (open_walk(pull, number, start, false, !held, error) != 0) {
            return -1;
        }
    }
    return 0;
}

static int open_lost(struct pull *pull, const struct scope_set *lost,
                     struct error *error) {
    for (size_t i = 0; i < lost->count; i++) {
        int64_t number = 0;
        if (scope_number_of(pull->reader, lost->scopes[i], &number, error) != 0 ||
            (number != 0 && open_walk(pull, number, 0, true, false, error) != 0)) {
            return -1;
        }
    }
    return 0;
}

static int open_walks(struct pull *pull, const struct scope_set *lost,
                      struct error *error) {
    size_t most = pull->current.count + lost->count + 1;
    pull->walks = arena_alloc_array(pull->arena, most, sizeof *pull->walks);
    pull->numbers = arena_alloc_array(pull->arena, most, sizeof *pull->numbers);
    pull->starts = arena_alloc_array(pull->arena, most, sizeof *pull->starts);
    if (!pull->walks || !pull->numbers || !pull->starts) {
        return error_out_of_memory(error);
    }
    if (open_current(pull, error) != 0 || open_lost(pull, lost, error) != 0) {
        return -1;
    }
    for (size_t i = pull->walk_count; i-- > 0;) {
        sift_down(pull, i);
    }
    return 0;
}

/* --- what an entry means to this station ------------------------------------------------------------ */

enum entry_meaning { ENTRY_SKIP, ENTRY_SEND, ENTRY_FORGET };

static bool find_start(const struct pull *pull, int64_t number, int64_t *ret_start) {
    for (size_t i = 0; i < pull->number_count; i++) {
        if (pull->numbers[i] == number) {
            *ret_start = pull->starts[i];
            return true;
        }
    }
    return false;
}

static int read_placements(struct pull *pull, const struct feed_entry *entry,
                           struct placement *ret, size_t *ret_count,
                           struct error *error) {
    sqlite3_stmt *statement = pull->reader->placements;
    sqlite3_reset(statement);
    sqlite3_bind_int(statement, 1, entry->table);
    sqlite3_bind_blob(statement, 2, entry->key, (int)entry->key_size, SQLITE_STATIC);
    int rc = sqlite3_step(statement);
    int result =
        rc == SQLITE_ROW
            ? placements_decode(value_of_column(statement, 0).bytes, ret,
                                LIMIT_SCOPES_OF_ROW, ret_count, error)
            : error_set(error, "database.corrupt", "feed", "a feed entry has no row");
    sqlite3_reset(statement);
    return result;
}

/* The station may have the row through this scope: it held the scope, or an earlier response of this pull brought the row,
 * which left since. */
static bool had_before(const struct pull *pull, const struct walk *walk) {
    bool here = !walk->gained || walk->entry.gsn > pull->begun_at;
    return here && (walk->lost || walk->entry.gone);
}

/* The row is in fewer of the scopes that the station held: it counts less often in what both sides sum up. */
static bool counts_less(const struct pull *pull, const struct walk *walk) {
    bool held = !walk->entry.gone || walk->entry.gsn > pull->request->cursor;
    return pull->request->protocol >= 2 && held && had_before(pull, walk);
}

static int meaning_of(struct pull *pull, const struct walk *walk, enum entry_meaning *ret,
                      struct error *error) {
    struct placement *places = pull->places;
    size_t count = 0;
    if (read_placements(pull, &walk->entry, places, &count, error) != 0) {
        return -1;
    }
    bool visible = false;
    bool comes_later = false;
    pull->row_places = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t start = 0;
        if (places[i].gone || !find_start(pull, places[i].scope_number, &start)) {
            continue;
        }
        visible = true;
        pull->row_places++;
        comes_later =
            comes_later || (places[i].gsn > walk->entry.gsn && places[i].gsn > start);
    }
    bool entered = !walk->lost && !walk->entry.gone;
    bool news = visible && !comes_later && (entered || counts_less(pull, walk));
    bool forget = !visible && had_before(pull, walk);
    *ret = news ? ENTRY_SEND : forget ? ENTRY_FORGET : ENTRY_SKIP;
    return 0;
}

/* --- rows ---------------------------------------------------------------------------------------------- */

static int grow(struct arena *arena, void **array, size_t count, size_t *capacity,
                size_t size, struct error *error) {
    if (count < *capacity) {
        return 0;
    }
    size_t wanted = *capacity == 0 ? 64 : *capacity * 2;
    void *bigger = arena_alloc_array(arena, wanted, size);
    if (bigger == NULL) {
        return error_out_of_memory(error);
    }
    if (count > 0) {
        memcpy(bigger, *array, count * size);
    }
    *array = bigger;
    *capacity = wanted;
    return 0;
}

/* The key travels by itself, and what came after the station's program does not travel. */
static bool is_sent(const struct pull *pull, const struct column *column) {
    return column->key_position == 0 &&
           column_is_known(column, pull->request->schema_version);
}

static void start_group(struct pull *pull, const struct table *table) {
    struct row_group *group = &pull->groups[table->number];
    group->table = table->number;
    for (size_t i = 0; i < table->data_count; i++) {
        if (is_sent(pull, &table->columns[i])) {
            group->columns[group->column_count++] = table->columns[i].number;
        }
    }
}

static void copy_id(struct value value, struct id *ret) {
    memset(ret, 0, sizeof *ret);
    if (value.type == VALUE_BLOB && value.bytes.size == ID_SIZE) {
        memcpy(ret->bytes, value.bytes.data, ID_SIZE);
    }
}

static int copy_row(struct pull *pull, const struct table *table, sqlite3_stmt *statement,
                    struct sync_row *ret, struct error *error) {
    size_t count = 0;
    for (size_t i = 0; i < table->data_count; i++) {
        if (!is_sent(pull, &table->columns[i])) {
            continue;
        }
        struct value value = value_of_column(statement, (int)i);
        if (value.type == VALUE_TEXT || value.type == VALUE_BLOB) {
            value.bytes = arena_copy(pull->arena, value.bytes);
            pull->byte_count += value.bytes.size;
            if (value.bytes.data == NULL) {
                return error_out_of_memory(error);
            }
        }
        ret->values[count++] = value;
    }
    int stamps = (int)table->data_count;
    ret->created_at = sqlite3_column_int64(statement, stamps);
    copy_id(value_of_column(statement, stamps + 1), &ret->created_by);
    ret->updated_at = sqlite3_column_int64(statement, stamps + 2);
    copy_id(value_of_column(statement, stamps + 3), &ret->updated_by);
    ret->gsn = sqlite3_column_int64(statement, stamps + 4);
    pull->byte_count += 8 * table->data_count + 64;
    return 0;
}

static int bind_key(sqlite3_stmt *statement, const struct table *table,
                    const struct feed_entry *entry) {
    for (size_t i = 0; i < table->key_count; i++) {
        sqlite3_bind_blob(statement, (int)i + 1, entry->key + i * ID_SIZE, ID_SIZE,
                          SQLITE_STATIC);
    }
    return entry->key_size == table->key_count * ID_SIZE ? 0 : -1;
}

static int send_row(struct pull *pull, const struct table *table,
                    const struct feed_entry *entry, struct error *error) {
    struct row_group *group = &pull->groups[table->number];
    if (grow(pull->arena, (void **)&group->rows, group->row_count,
             &pull->row_capacity[table->number], sizeof *group->rows, error) != 0) {
        return -1;
    }
    struct sync_row *row = &group->rows[group->row_count];
    sqlite3_stmt *statement =
        statement_for(&pull->reader->statements, STATEMENT_READ, table, 0, error);
    row->values = arena_alloc_array(pull->arena, table->data_count, sizeof *row->values);
    row->key = arena_copy(pull->arena, (struct bytes){entry->key, entry->key_size});
    if (statement == NULL || row->values == NULL || row->key.data == NULL) {
        return statement == NULL ? -1 : error_out_of_memory(error);
    }
    int result = bind_key(statement, table, entry);
    if (result == 0 && sqlite3_step(statement) == SQLITE_ROW) {
        result = copy_row(pull, table, statement, row, error);
        row->places = pull->request->protocol >= 2 ? pull->row_places : 1;
        group->row_count++;
        pull->row_count++;
    } else {
        result =
            error_set(error, "database.corrupt", table->name, "a feed entry has no row");
    }
    sqlite3_reset(statement);
    return result;
}

static int send_forget(struct pull *pull, const struct table *table,
                       const struct feed_entry *entry, struct error *error) {
    struct row_group *group = &pull->groups[table->number];
    if (grow(pull->arena, (void **)&group->forget, group->forget_count,
             &pull->forget_capacity[table->number], sizeof *group->forget, error) != 0) {
        return -1;
    }
    struct bytes key =
        arena_copy(pull->arena, (struct bytes){entry->key, entry->key_size});
    if (key.data == NULL) {
        return error_out_of_memory(error);
    }
    group->forget[group->forget_count++] = key;
    pull->row_count++;
    pull->byte_count += key.size;
    return 0;
}

static int send_entry(struct pull *pull, const struct walk *walk, struct error *error) {
    enum entry_meaning meaning = ENTRY_SKIP;
    if (pull->told && compare_entries(&pull->last, &walk->entry) == 0) {
        return 0; /* the same row in another scope */
    }
    pull->told = false; /* what left one scope may have entered another at the same gsn */
    const struct table *table =
        catalogue_table_number(pull->reader->catalogue, (uint64_t)walk->entry.table);
    if (table == NULL || !table_is_known(table, pull->request->schema_version)) {
        return 0;
    }
    if (meaning_of(pull, walk, &meaning, error) != 0) {
        return -1;
    }
    if (pull->groups[table->number].table == 0) {
        start_group(pull, table);
    }
    pull->told = meaning != ENTRY_SKIP;
    return meaning == ENTRY_SEND     ? send_row(pull, table, &walk->entry, error)
           : meaning == ENTRY_FORGET ? send_forget(pull, table, &walk->entry, error)
                                     : 0;
}

static bool chunk_is_full(const struct pull *pull) {
    return pull->row_count >= pull->reader->chunk_rows || pull->byte_count >= LIMIT_CHUNK;
}

static int walk_all(struct pull *pull, struct error *error) {
    while (pull->walk_count > 0 && !chunk_is_full(pull)) {
        if (send_entry(pull, &pull->walks[0], error) != 0) {
            return -1;
        }
        pull->last = pull->walks[0].entry;
        if (advance_first(pull, error) != 0) {
            return -1;
        }
    }
    return 0;
}

/* --- the response -------------------------------------------------------------------------------------- */

static int scopes_of_person(struct reader *reader, const struct station *station,
                            struct id user, struct scope_set *ret, struct error *error) {
    sqlite3_stmt *statement = reader_statement(reader, ACCESS_SCOPES, error);
    return statement ? access_scopes_with(statement, reader->catalogue, user,
                                          station->ceiling, ret, error)
                     : -1;
}

/* The newest gsn of all. */
static int read_head(struct reader *reader, int64_t *ret, struct error *error) {
    static const char SQL[] = "select max(gsn) from gsn_log";
    sqlite3_stmt *statement = reader_statement(reader, SQL, error);
    int rc = statement ? sqlite3_step(statement) : SQLITE_ERROR;
    if (rc == SQLITE_ROW) {
        *ret = sqlite3_column_int64(statement, 0);
    } else if (statement != NULL) {
        error_from_sqlite(error, reader->db, "reading the head");
    }
    sqlite3_reset(statement);
    return rc == SQLITE_ROW ? 0 : -1;
}

static int scopes_of_everyone(struct reader *reader, const struct station *station,
                              struct scope_set *ret, struct error *error) {
    sqlite3_stmt *statement = NULL;
    if (database_statement(reader->db, "select user_id from engine_user where active",
                           &statement, error) != 0) {
        return -1;
    }
    int result = 0;
    int rc = SQLITE_DONE;
    const struct scope hq = {.kind = SCOPE_HQ}; /* holds all others */
    while (result == 0 && !scope_set_has(ret, hq) &&
           (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        struct bytes user = value_of_column(statement, 0).bytes;
        struct id id = {{0}};
        memcpy(id.bytes, user.data, user.size == ID_SIZE ? ID_SIZE : 0);
        result = scopes_of_person(reader, station, id, ret, error);
    }
    if (result == 0 && rc != SQLITE_DONE && rc != SQLITE_ROW) {
        result = error_from_sqlite(error, reader->db, "reading the people");
    }
    sqlite3_finalize(statement);
    return result;
}

int pull_scopes(struct reader *reader, const struct station *station,
                struct scope_set *ret, struct error *error) {
    const struct scope hq = {.kind = SCOPE_HQ};
    const struct scope org = {.kind = SCOPE_ORG};
    for (size_t i = 0; i < station->certificate.actor_count; i++) {
        if (scopes_of_person(reader, station, station->certificate.actors[i], ret,
                             error) != 0) {
            return -1;
        }
    }
    if (station->certificate.everyone &&
        scopes_of_everyone(reader, station, ret, error) != 0) {
        return -1;
    }
    if (scope_set_has(ret, hq)) {
        scope_set_clear(ret); /* headquarters has every row through these two */
        if (scope_set_add(ret, hq) != 0 || scope_set_add(ret, org) != 0) {
            return error_out_of_memory(error);
        }
    }
    return 0;
}

/* The rows of the scopes that are still walked. */
static int64_t rows_of_walks(const struct pull *pull) {
    sqlite3_stmt *statement = pull->reader->sum_get;
    int64_t rows = 0;
    for (size_t i = 0; i < pull->walk_count; i++) {
        sqlite3_reset(statement);
        sqlite3_bind_int64(statement, 1, pull->walks[i].number);
        if (sqlite3_step(statement) == SQLITE_ROW) {
            rows += sqlite3_column_int64(statement, 1);
        }
        sqlite3_reset(statement);
    }
    return rows;
}

/* How many entries are still to come, for the progress bar. Counted as far as that is cheap, since every chunk counts
 * anew; beyond, as if the scopes' rows lay evenly between the first gsn and the head. */
static int64_t count_left(const struct pull *pull) {
    enum { CHEAP = 64, COUNTED = 5 * LIMIT_CHUNK_ROWS };
    int64_t left = 0;
    static const char SQL[] = "select count(*) from (select 1 from feed where scope = ?"
                              " and gsn > ? limit ?)";
    struct error ignored;
    sqlite3_stmt *statement =
        pull->walk_count > CHEAP ? NULL : reader_statement(pull->reader, SQL, &ignored);
    if (statement == NULL) {
        return 0;
    }
    for (size_t i = 0; i < pull->walk_count && left < COUNTED; i++) {
        sqlite3_reset(statement);
        sqlite3_bind_int64(statement, 1, pull->walks[i].number);
        sqlite3_bind_int64(statement, 2, pull->last.gsn);
        sqlite3_bind_int64(statement, 3, COUNTED - left);
        left += sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0)
                                                      : 0;
    }
    sqlite3_reset(statement);
    if (left < COUNTED || pull->begun_at <= pull->last.gsn) {
        return left;
    }
    double share = (double)(pull->begun_at - pull->last.gsn) / (double)pull->begun_at;
    int64_t evenly = (int64_t)((double)rows_of_walks(pull) * share);
    return evenly > left ? evenly : left;
}

static int encode_rows(struct pull *pull, struct buffer *rows_bytes,
                       struct sync_response *response, struct error *error) {
    struct row_chunk chunk = {.groups = pull->sent};
    for (size_t i = 0; i < LIMIT_TABLES; i++) {
        if (pull->groups[i].row_count + pull->groups[i].forget_count > 0) {
            pull->sent[chunk.group_count++] = pull->groups[i];
        }
    }
    response->row_count = (int64_t)pull->row_count;
    if (chunk.group_count == 0) {
        return 0;
    }
    if (rows_encode(&chunk, rows_bytes, error) != 0) {
        return -1;
    }
    response->rows = buffer_bytes(rows_bytes);
    return 0;
}

/* What the station counts when it holds all of this. */
static int sum_up(struct pull *pull, struct sync_response *response,
                  struct error *error) {
    sqlite3_stmt *statement = pull->reader->sum_get;
    response->digest_rows = 0;
    for (size_t i = 0; i < pull->number_count; i++) {
        sqlite3_reset(statement);
        sqlite3_bind_int64(statement, 1, pull->numbers[i]);
        int rc = sqlite3_step(statement);
        if (rc == SQLITE_ROW) {
            response->digest =
                digest_add(response->digest, sqlite3_column_int64(statement, 0));
            response->digest_rows += sqlite3_column_int64(statement, 1);
        }
        sqlite3_reset(statement);
        if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
            return error_from_sqlite(error, pull->reader->db, "reading a scope's sum");
        }
    }
    return 0;
}

/* What a position says of the pull it belongs to: 24 bytes of the hash of its scopes, and the head when it began. */
enum { POSITION_SCOPES = HASH_SIZE - 8 };

static void position_hash(const struct pull *pull, uint8_t ret[HASH_SIZE]) {
    scope_set_hash(&pull->current, ret);
    for (size_t i = 0; i < 8; i++) {
        ret[POSITION_SCOPES + i] = (uint8_t)((uint64_t)pull->begun_at >> (56 - 8 * i));
    }
}

static int64_t begun_at_of(const struct pull_position *position) {
    uint64_t begun_at = 0;
    for (size_t i = POSITION_SCOPES; i < HASH_SIZE; i++) {
        begun_at = begun_at << 8 | position->target_hash[i];
    }
    return (int64_t)begun_at;
}

static int finish(struct pull *pull, struct buffer *rows_bytes,
                  struct sync_response *response, struct error *error) {
    response->more = pull->walk_count > 0;
    response->digest_rows = -1;
    if (response->more) {
        response->rows_left = count_left(pull);
        response->next.set = true;
        response->next.gsn = pull->last.gsn;
        response->next.table = (uint8_t)pull->last.table;
        response->next.key =
            arena_copy(pull->arena, (struct bytes){pull->last.key, pull->last.key_size});
        position_hash(pull, response->next.target_hash);
    } else if (read_head(pull->reader, &response->head, error) != 0 ||
               (pull->request->protocol >= 2 && sum_up(pull, response, error) != 0)) {
        return -1;
    }
    return encode_rows(pull, rows_bytes, response, error);
}

/* A pull that began under other scopes than the station has now starts again; so does one that began before rows left
 * that nothing tells of any more. */
static bool must_restart(struct pull *pull, int64_t purged) {
    uint8_t hash[HASH_SIZE];
    const struct pull_position *position = &pull->request->position;
    if (!position->set) {
        return false;
    }
    pull->begun_at = begun_at_of(position);
    scope_set_hash(&pull->current, hash);
    return memcmp(hash, position->target_hash, POSITION_SCOPES) != 0 ||
           (pull->begun_at < purged && pull->request->cursor < purged);
}

/* A station that holds rows and was away while the word that some left was purged cannot be told which. */
static bool is_behind(const struct sync_request *request, int64_t purged) {
    return request->held.count > 0 && request->cursor < purged;
}

static int send_back(const struct sync_request *request, struct sync_response *response,
                     struct error *error) {
    if (request->protocol < 2) {
        return error_set(error, "sync.horizon", "cursor",
                         "this station was away for too long: its program is too old to "
                         "get everything again; install the present one");
    }
    response->rebuild = true;
    response->more = true;
    return 0;
}

static int check_cursor(struct reader *reader, const struct sync_request *request,
                        int64_t *ret_head, struct error *error) {
    int64_t head = 0;
    if (read_head(reader, &head, error) != 0) {
        return -1;
    }
    *ret_head = head;
    if (request->cursor < 0 || request->cursor > head) {
        return error_set(error, "sync.cursor", "cursor",
                         "the station is at %lld, but this server only came to %lld",
                         (long long)request->cursor, (long long)head);
    }
    return 0;
}

int pull_fill(struct reader *reader, const struct station *station,
              const struct sync_request *request, struct arena *arena,
              struct buffer *rows_bytes, struct sync_response *response,
              struct error *error) {
    struct pull *pull = arena_alloc(arena, sizeof *pull);
    if (pull == NULL) {
        return error_out_of_memory(error);
    }
    pull->reader = reader;
    pull->arena = arena;
    pull->request = request;
    int64_t purged = 0;
    int result = -1;
    if (check_cursor(reader, request, &pull->begun_at, error) != 0 ||
        tombstones_purged(reader->db, &purged, error) != 0 ||
        pull_scopes(reader, station, &pull->current, error) != 0) {
        goto out;
    }
    if (scope_set_difference(&request->held, &pull->current, &response->lost,
                             &response->gained) != 0) {
        error_out_of_memory(error);
        goto out;
    }
    if (is_behind(request, purged)) {
        result = send_back(request, response, error);
        goto out;
    }
    if (must_restart(pull, purged)) {
        response->restart = true;
        response->more = true;
        result = 0;
        goto out;
    }
    if (open_walks(pull, &response->lost, error) == 0 && walk_all(pull, error) == 0) {
        result = finish(pull, rows_bytes, response, error);
    }
out:
    while (pull->walk_count > 0) {
        drop_walk(pull, pull->walk_count - 1);
    }
    scope_set_free(&pull->current);
    return result;
}
