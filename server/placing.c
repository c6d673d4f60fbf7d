/* Which scopes each row is in, and what moves with it. */
#include "server/placing.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "server/sums.h"

enum {
    NAME_CACHE = 1024,
    SCOPE_NUMBER_ORG = 1,
    SCOPE_NUMBER_HQ = 2,
    QUEUE_MAXIMUM = 1000000
};

struct scope_numbers {
    struct scope scopes[NAME_CACHE];
    int64_t numbers[NAME_CACHE]; /* 0: empty */
};

int scope_numbers_make(struct scope_numbers **ret, struct error *error) {
    struct scope_numbers *numbers = calloc(1, sizeof *numbers);
    if (numbers == NULL) {
        return error_out_of_memory(error);
    }
    *ret = numbers;
    return 0;
}

void scope_numbers_free(struct scope_numbers *numbers) {
    free(numbers);
}

void scope_numbers_forget(struct scope_numbers *numbers) {
    if (numbers != NULL) {
        memset(numbers, 0, sizeof *numbers);
    }
}

static int look_up_number(struct master *master, struct scope scope, int64_t *ret,
                          struct error *error) {
    sqlite3_stmt *statement = master_statement(master, SQL_SCOPE_GET, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_int(statement, 1, (int)scope.kind);
    sqlite3_bind_blob(statement, 2, scope.id.bytes, ID_SIZE, SQLITE_STATIC);
    int rc = sqlite3_step(statement);
    *ret = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    return rc == SQLITE_ROW || rc == SQLITE_DONE
               ? 0
               : error_from_sqlite(error, master->db, "reading a scope's number");
}

static int give_number(struct master *master, struct scope scope, int64_t *ret,
                       struct error *error) {
    sqlite3_stmt *statement = master_statement(master, SQL_SCOPE_ADD, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_int(statement, 1, (int)scope.kind);
    sqlite3_bind_blob(statement, 2, scope.id.bytes, ID_SIZE, SQLITE_STATIC);
    if (master_run(master, statement, "numbering a scope", error) != 0) {
        return -1;
    }
    *ret = sqlite3_last_insert_rowid(master->db);
    return 0;
}

int scope_number(struct master *master, struct scope scope, int64_t *ret,
                 struct error *error) {
    size_t place = (size_t)scope.kind;
    for (size_t i = 0; i < ID_SIZE; i++) {
        place = place * 31 + scope.id.bytes[i];
    }
    place %= NAME_CACHE;
    struct scope_numbers *cache = master->scopes;
    if (cache->numbers[place] != 0 && scope_compare(cache->scopes[place], scope) == 0) {
        *ret = cache->numbers[place];
        return 0;
    }
    int64_t number = 0;
    if (look_up_number(master, scope, &number, error) != 0 ||
        (number == 0 && give_number(master, scope, &number, error) != 0)) {
        return -1;
    }
    cache->scopes[place] = scope;
    cache->numbers[place] = number;
    *ret = number;
    return 0;
}

/* --- sets of scope numbers --------------------------------------------------------------- */

struct number_set {
    int64_t *numbers; /* sorted, in the work's arena */
    size_t count;
    size_t capacity;
};

static int number_add(struct work *work, struct number_set *set, int64_t number,
                      struct error *error) {
    size_t low = 0;
    size_t high = set->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (set->numbers[middle] < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < set->count && set->numbers[low] == number) {
        return 0;
    }
    if (set->count == LIMIT_SCOPES_OF_ROW) {
        return error_set(error, "scope.limit", "", "a row can be in at most %d scopes",
                         LIMIT_SCOPES_OF_ROW);
    }
    if (set->count == set->capacity) {
        size_t capacity = set->capacity == 0 ? 8 : set->capacity * 2;
        int64_t *numbers = arena_alloc_array(&work->arena, capacity, sizeof *numbers);
        if (numbers == NULL) {
            return error_out_of_memory(error);
        }
        memcpy(numbers, set->numbers ? set->numbers : numbers,
               set->count * sizeof *numbers);
        set->numbers = numbers;
        set->capacity = capacity;
    }
    memmove(set->numbers + low + 1, set->numbers + low,
            (set->count - low) * sizeof *set->numbers);
    set->numbers[low] = number;
    set->count++;
    return 0;
}

static int number_add_scope(struct work *work, struct number_set *set,
                            enum scope_kind kind, struct value id, struct error *error) {
    if (id.type != VALUE_BLOB || id.bytes.size != ID_SIZE) {
        return 0;
    }
    struct scope scope = {.kind = kind};
    memcpy(scope.id.bytes, id.bytes.data, ID_SIZE);
    int64_t number = 0;
    if (scope_number(work->master, scope, &number, error) != 0) {
        return -1;
    }
    return number_add(work, set, number, error);
}

static int number_add_places(struct work *work, struct number_set *set,
                             const struct row_work *row, struct error *error) {
    for (size_t i = 0; i < row->placement_count; i++) {
        if (!row->placements[i].gone &&
            number_add(work, set, row->placements[i].scope_number, error) != 0) {
            return -1;
        }
    }
    return 0;
}

static bool places_cover(const struct row_work *row, const struct number_set *set) {
    for (size_t i = 0; i < set->count; i++) {
        bool found = false;
        for (size_t j = 0; j < row->placement_count && !found; j++) {
            found = row->placements[j].scope_number == set->numbers[i] &&
                    !row->placements[j].gone;
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

/* --- the rows a column points at, and the rows that point here ------------------------------ */

static struct row_work *target_of(struct work *work, const struct row_work *row,
                                  const struct column *column, struct error *error) {
    struct value value = work_value(row, column);
    error->code[0] = '\0';
    if (column->ref == NULL || value.type != VALUE_BLOB ||
        value.bytes.size != column->ref->key_count * ID_SIZE) {
        return NULL;
    }
    struct row_work *target = work_row(work, column->ref, value.bytes, error);
    return target != NULL && (target->existed || target->inserted) ? target : NULL;
}

struct row_list {
    struct row_work **rows;
    size_t count;
    size_t capacity;
};

static int list_add(struct work *work, struct row_list *list, struct row_work *row,
                    struct error *error) {
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 16 : list->capacity * 2;
        void *rows = capacity > QUEUE_MAXIMUM
                         ? NULL
                         : arena_alloc_array(&work->arena, capacity, sizeof *list->rows);
        if (rows == NULL) {
            return error_out_of_memory(error);
        }
        if (list->count > 0) {
            memcpy(rows, list->rows, list->count * sizeof *list->rows);
        }
        list->rows = rows;
        list->capacity = capacity;
    }
    list->rows[list->count++] = row;
    return 0;
}

static int copy_key(struct work *work, sqlite3_stmt *statement, const struct table *table,
                    struct bytes *ret, struct error *error) {
    uint8_t key[LIMIT_KEY_COLUMNS * ID_SIZE];
    for (size_t i = 0; i < table->key_count; i++) {
        struct value part = value_of_column(statement, (int)i);
        if (part.type != VALUE_BLOB || part.bytes.size != ID_SIZE) {
            return error_set(error, "database.corrupt", table->name,
                             "a key of %s is damaged", table->name);
        }
        memcpy(key + i * ID_SIZE, part.bytes.data, ID_SIZE);
    }
    *ret = arena_copy(&work->arena, (struct bytes){key, table->key_count * ID_SIZE});
    return ret->data == NULL ? error_out_of_memory(error) : 0;
}

/* All rows of `table` whose `column` holds `key`. */
static int rows_pointing(struct work *work, const struct table *table,
                         const struct column *column, struct bytes key,
                         struct row_list *list, struct error *error) {
    sqlite3_stmt *statement = statement_for(&work->master->statements, STATEMENT_CHILDREN,
                                            table, 1ULL << column->number, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_blob(statement, 1, key.data, (int)key.size, SQLITE_STATIC);
    int result = 0;
    int rc = SQLITE_DONE;
    while (result == 0 && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        struct bytes child = {0};
        result = copy_key(work, statement, table, &child, error);
        struct row_work *row = result == 0 ? work_row(work, table, child, error) : NULL;
        result = row == NULL ? -1 : list_add(work, list, row, error);
    }
    if (result == 0 && rc != SQLITE_DONE) {
        result = error_from_sqlite(error, work->master->db,
                                   "looking for rows that point here");
    }
    sqlite3_reset(statement);
    return result;
}

/* --- the clauses of @scope ----------------------------------------------------------------- */

static int add_grants(struct work *work, const struct row_work *row,
                      const struct scope_clause *clause, struct number_set *set,
                      struct error *error) {
    uint64_t columns = clause->child_user->number | (uint64_t)clause->child_parent->number
                                                        << 6;
    sqlite3_stmt *statement = statement_for(&work->master->statements, STATEMENT_GRANTS,
                                            clause->child, columns, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_blob(statement, 1, row->key.data, (int)row->key.size, SQLITE_STATIC);
    int result = 0;
    int rc = SQLITE_DONE;
    while (result == 0 && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        result =
            number_add_scope(work, set, SCOPE_USER, value_of_column(statement, 0), error);
    }
    if (result == 0 && rc != SQLITE_DONE) {
        result = error_from_sqlite(error, work->master->db, "reading grants");
    }
    sqlite3_reset(statement);
    return result;
}

static int add_followed(struct work *work, const struct row_work *row,
                        const struct scope_clause *clause, struct number_set *set,
                        struct error *error) {
    for (size_t i = 0; i < clause->column_count; i++) {
        if (work_value(row, clause->columns[i]).type == VALUE_NULL) {
            continue;
        }
        struct row_work *target = target_of(work, row, clause->columns[i], error);
        if (target == NULL) {
            return error->code[0] == '\0' ? 0 : -1;
        }
        return number_add_places(work, set, target, error);
    }
    return 0;
}

static int add_clause(struct work *work, const struct row_work *row,
                      const struct scope_clause *clause, struct number_set *set,
                      struct error *error) {
    switch (clause->kind) {
    case SCOPE_CLAUSE_ORG:
        return number_add(work, set, SCOPE_NUMBER_ORG, error);
    case SCOPE_CLAUSE_HQ:
        return number_add(work, set, SCOPE_NUMBER_HQ, error);
    case SCOPE_CLAUSE_USER:
        return number_add_scope(work, set, SCOPE_USER,
                                work_value(row, clause->columns[0]), error);
    case SCOPE_CLAUSE_BRANCH:
        return number_add_scope(work, set, SCOPE_BRANCH,
                                work_value(row, clause->columns[0]), error);
    case SCOPE_CLAUSE_POOL:
        return work_value(row, clause->columns[1]).type != VALUE_NULL
                   ? 0
                   : number_add_scope(work, set, SCOPE_POOL,
                                      work_value(row, clause->columns[0]), error);
    case SCOPE_CLAUSE_FOLLOWS:
        return add_followed(work, row, clause, set, error);
    case SCOPE_CLAUSE_GRANTS:
        return add_grants(work, row, clause, set, error);
    }
    return 0;
}

static int add_bringers(struct work *work, const struct row_work *row,
                        const struct brought_by *brought, struct number_set *set,
                        struct error *error) {
    struct row_list list = {0};
    if (rows_pointing(work, brought->table, brought->column, row->key, &list, error) !=
        0) {
        return -1;
    }
    for (size_t i = 0; i < list.count; i++) {
        if (number_add_places(work, set, list.rows[i], error) != 0) {
            return -1;
        }
    }
    return 0;
}

/* All scopes of a row. A row made just now cannot be brought by rows that were there before. */
static int scopes_of(struct work *work, struct row_work *row, struct number_set *set,
                     struct error *error) {
    const struct table *table = row->table;
    if (work_values(work, row, error) != 0) {
        return -1;
    }
    if (!table->org && number_add(work, set, SCOPE_NUMBER_HQ, error) != 0) {
        return -1;
    }
    for (size_t i = 0; i < table->scope_count; i++) {
        if (add_clause(work, row, &table->scope[i], set, error) != 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < table->brought_by_count && !table->org; i++) {
        if (add_bringers(work, row, &table->brought_by[i], set, error) != 0) {
            return -1;
        }
    }
    return 0;
}

/* --- writing the feed ------------------------------------------------------------------------ */

struct feed_write {
    struct work *work;
    const struct row_work *row;
    struct error *error;
    int result;
};

/* One entry, new or moved up from `old_gsn`, as one statement: most of what a small one takes is beginning and ending. */
static int put_entry(struct feed_write *write, int64_t old_gsn,
                     struct placement placement) {
    const struct row_work *row = write->row;
    struct master *master = write->work->master;
    sqlite3_stmt *statement = master_statement(
        master, old_gsn != 0 ? SQL_FEED_MOVE : SQL_FEED_PUT, write->error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, placement.scope_number);
    sqlite3_bind_int64(statement, 2, placement.gsn);
    sqlite3_bind_int(statement, 3, row->table->number);
    sqlite3_bind_blob(statement, 4, row->key.data, (int)row->key.size, SQLITE_STATIC);
    sqlite3_bind_int(statement, 5, placement.gone ? 1 : 0);
    if (old_gsn != 0) {
        sqlite3_bind_int64(statement, 6, old_gsn);
    }
    return master_run(master, statement, "writing the feed", write->error);
}

static void write_entry(void *context, int64_t old_gsn, struct placement placement) {
    struct feed_write *write = context;
    if (write->result == 0) {
        write->result = put_entry(write, old_gsn, placement);
    }
}

static int write_meta(struct work *work, struct row_work *row, struct error *error) {
    bool first = row->inserted && !row->stamped;
    sqlite3_stmt *statement = master_statement(
        work->master, first ? SQL_META_INSERT : SQL_META_PLACEMENTS, error);
    struct buffer bytes = buffer_make(LIMIT_ROW_SIZE);
    placements_encode(row->placements, row->placement_count, &bytes);
    if (statement == NULL || bytes.failed) {
        buffer_free(&bytes);
        return statement == NULL ? -1 : error_out_of_memory(error);
    }
    int index = 1;
    sqlite3_bind_int(statement, index++, row->table->number);
    sqlite3_bind_blob(statement, index++, row->key.data, (int)row->key.size,
                      SQLITE_STATIC);
    if (first) {
        sqlite3_bind_int64(statement, index++, row->gsn);
    }
    sqlite3_bind_blob(statement, index, bytes.data, (int)bytes.size, SQLITE_STATIC);
    int result = master_run(work->master, statement, "placing a row", error);
    row->stamped = true;
    buffer_free(&bytes);
    return result;
}

/* Moves the row to `set`. *ret_moved: it entered or left a scope. */
static int move_row(struct work *work, struct row_work *row, const struct number_set *set,
                    bool *ret_moved, bool *ret_left, struct error *error) {
    size_t room = row->placement_count + set->count;
    struct placement *places = arena_alloc_array(&work->arena, room + 1, sizeof *places);
    if (places == NULL) {
        return error_out_of_memory(error);
    }
    size_t there = 0;
    for (size_t i = 0; i < row->placement_count; i++) {
        places[i] = row->placements[i];
        there += row->placements[i].gone ? 0 : 1;
    }
    bool covered = places_cover(row, set);
    *ret_left = there > set->count || !covered;
    *ret_moved = !covered || there != set->count;
    bool content = row->inserted || row->changed;
    if (!*ret_moved && !content) {
        return 0;
    }
    struct feed_write write = {work, row, error, 0};
    const struct placement_move move = {set->numbers, set->count,  work->gsn,
                                        content,      write_entry, &write};
    int count = placements_move(places, row->placement_count, room, &move);
    assert(count >= 0);
    const struct placement *before = row->placements;
    size_t before_count = row->placement_count;
    row->placements = places;
    row->placement_count = (size_t)count;
    if (write.result != 0 ||
        scope_sums_move(work->master, row, before, before_count,
                        content ? work->gsn : row->counted, error) != 0) {
        return -1;
    }
    return write_meta(work, row, error);
}

/* --- what moves with it ----------------------------------------------------------------------- */

static int enqueue(struct work *work, struct row_list *queue, struct row_work *row,
                   struct error *error) {
    if (row->queued) {
        return 0;
    }
    row->queued = true;
    return list_add(work, queue, row, error);
}

static int enqueue_anew(struct work *work, struct row_list *queue, struct row_work *row,
                        struct error *error) {
    row->replace = true;
    return enqueue(work, queue, row, error);
}

static int enqueue_followers(struct work *work, struct row_list *queue,
                             struct row_work *row, struct error *error) {
    for (size_t i = 0; i < row->table->follower_count; i++) {
        const struct table *follower = row->table->followers[i];
        struct row_list list = {0};
        for (size_t c = 0; c < follower->data_count; c++) {
            const struct column *column = &follower->columns[c];
            if (column->ref == row->table &&
                rows_pointing(work, follower, column, row->key, &list, error) != 0) {
                return -1;
            }
        }
        for (size_t k = 0; k < list.count; k++) {
            if (enqueue_anew(work, queue, list.rows[k], error) != 0) {
                return -1;
            }
        }
    }
    return 0;
}

/* Whoever sees this row sees the rows it brings. Adding is cheap; leaving asks the others. */
static int place_brought(struct work *work, struct row_list *queue, struct row_work *row,
                         const struct number_set *set, bool left, struct error *error) {
    for (size_t c = 0; c < row->table->data_count; c++) {
        const struct column *column = &row->table->columns[c];
        if (!column->brings || column->ref == NULL || column->ref->org) {
            continue;
        }
        struct row_work *target = target_of(work, row, column, error);
        if (target == NULL && error->code[0] != '\0') {
            return -1;
        }
        if (target != NULL && (left || !places_cover(target, set)) &&
            enqueue_anew(work, queue, target, error) != 0) {
            return -1;
        }
    }
    return 0;
}

/* A brought row that this transaction let go of: the old value of a re-pointed column. */
static int enqueue_released(struct work *work, struct row_list *queue,
                            struct error *error) {
    for (size_t i = 0; i < work->changed_count; i++) {
        const struct changed_cell *cell = &work->changed[i];
        const struct column *column = cell->column;
        bool names_row = cell->old_value.type == VALUE_BLOB && column->ref != NULL &&
                         cell->old_value.bytes.size == column->ref->key_count * ID_SIZE;
        if (!column->brings || !names_row || column->ref->org) {
            continue;
        }
        struct row_work *old = work_row(work, column->ref, cell->old_value.bytes, error);
        if (old == NULL || (old->existed && enqueue_anew(work, queue, old, error) != 0)) {
            return -1;
        }
    }
    return 0;
}

/* A row of a grants child came, went or changed: its parent's scopes may have. */
static int enqueue_granting(struct work *work, struct row_list *queue,
                            struct row_work *row, struct error *error) {
    for (size_t i = 0; i < row->table->granted_through_count; i++) {
        const struct table *parent = row->table->granted_through[i];
        for (size_t c = 0; c < row->table->data_count; c++) {
            const struct column *column = &row->table->columns[c];
            if (column->ref != parent) {
                continue;
            }
            struct row_work *target = target_of(work, row, column, error);
            if (target == NULL && error->code[0] != '\0') {
                return -1;
            }
            if (target != NULL && enqueue_anew(work, queue, target, error) != 0) {
                return -1;
            }
        }
    }
    return 0;
}

static int place_row(struct work *work, struct row_list *queue, struct row_work *row,
                     struct error *error) {
    struct number_set set = {0};
    bool moved = false;
    bool left = false;
    bool anew = row->inserted || row->replace;
    row->replace = false;
    if ((anew ? scopes_of(work, row, &set, error)
              : number_add_places(work, &set, row, error)) != 0) {
        return -1;
    }
    bool first = row->inserted && !row->stamped;
    if (move_row(work, row, &set, &moved, &left, error) != 0) {
        return -1;
    }
    if (row->inserted || row->changed) {
        if (enqueue_granting(work, queue, row, error) != 0) {
            return -1;
        }
    }
    if (moved && !first && enqueue_followers(work, queue, row, error) != 0) {
        return -1;
    }
    return place_brought(work, queue, row, &set, moved && left && !first, error);
}

/* How far a table's rows are from rows that are placed by their own columns. */
static int follow_depth(const struct table *table, int guard) {
    int depth = 0;
    for (size_t i = 0; i < table->scope_count && guard > 0; i++) {
        const struct scope_clause *clause = &table->scope[i];
        if (clause->kind != SCOPE_CLAUSE_FOLLOWS) {
            continue;
        }
        for (size_t c = 0; c < clause->column_count; c++) {
            const struct table *parent = clause->columns[c]->ref;
            int below = parent == table ? 1 : 1 + follow_depth(parent, guard - 1);
            depth = below > depth ? below : depth;
        }
    }
    return depth;
}

static bool decides_scopes(const struct column *column, const struct table *table) {
    for (size_t i = 0; i < table->scope_count; i++) {
        for (size_t c = 0; c < table->scope[i].column_count; c++) {
            if (table->scope[i].columns[c] == column) {
                return true;
            }
        }
    }
    return column->brings;
}

/* Most edits move no row between scopes: only those of columns that say who sees it. */
static int mark_moved(struct work *work, struct error *error) {
    for (size_t i = 0; i < work->changed_count; i++) {
        const struct changed_cell *cell = &work->changed[i];
        if (!decides_scopes(cell->column, cell->table)) {
            continue;
        }
        struct row_work *row = work_row(work, cell->table, cell->key, error);
        if (row == NULL) {
            return -1;
        }
        row->replace = true;
    }
    return 0;
}

static int enqueue_written(struct work *work, struct row_list *queue,
                           struct error *error) {
    enum { DEEPEST = 6 };
    size_t count = work->row_count;
    if (mark_moved(work, error) != 0) {
        return -1;
    }
    for (int depth = 0; depth <= DEEPEST; depth++) {
        for (size_t i = 0; i < count; i++) {
            struct row_work *row = work->rows[i];
            int own = (row->inserted || row->changed) && !row->queued
                          ? follow_depth(row->table, DEEPEST)
                          : -1;
            if (own == depth && enqueue(work, queue, row, error) != 0) {
                return -1;
            }
        }
    }
    return enqueue_released(work, queue, error);
}

int placing_run(struct work *work, struct error *error) {
    struct row_list queue = {0};
    struct error scratch = {0}; /* target_of tells absence from failure by it */
    error = error ? error : &scratch;
    if (enqueue_written(work, &queue, error) != 0) {
        return -1;
    }
    for (size_t i = 0; i < queue.count; i++) {
        if (queue.count > QUEUE_MAXIMUM) {
            return error_set(error, "scope.limit", "",
                             "too many rows move with this change");
        }
        struct row_work *row = queue.rows[i];
        row->queued = false;
        if ((row->existed || row->inserted) && place_row(work, &queue, row, error) != 0) {
            return -1;
        }
    }
    return 0;
}
