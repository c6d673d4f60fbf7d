/* The company's first journal entry. */
#include "server/genesis.h"

#include <stdlib.h>
#include <string.h>

#include "schema/base/hash.h"
#include "schema/parameters.h"
#include "server/journal.h"
#include "server/placing.h"
#include "server/verdicts.h"
#include "sync/bundle.h"
#include "sync/clock.h"
#include "sync/wire.h"

enum { GENESIS_ARGUMENTS = 8, GENESIS_MEMORY = 64 * 1024 * 1024 };

/* A scratch database in memory, where seeds and the first commands run as on a station. */
struct scratch {
    sqlite3 *db;
    struct function_context functions;
    struct arena arena;
};

static int scratch_open(struct scratch *scratch, struct master *master,
                        struct error *error) {
    bool created = false;
    memset(scratch, 0, sizeof *scratch);
    scratch->arena = arena_make(GENESIS_MEMORY);
    scratch->functions = (struct function_context){.env = master->env,
                                                   .catalogue = master->catalogue,
                                                   .roles = ROLE_SET_ALL,
                                                   .now_ms = master_now(master)};
    return database_open(":memory:", true, false, &scratch->db, error) != 0 ||
                   functions_register(scratch->db, &scratch->functions, error) != 0
               ? -1
               : database_prepare(scratch->db, master->catalogue, DATABASE_STATION, "",
                                  &created, error);
}

static void scratch_close(struct scratch *scratch) {
    sqlite3_close(scratch->db);
    arena_free(&scratch->arena);
}

static int run_statement(struct scratch *scratch, const struct operation *command,
                         const char *sql, const struct value *values,
                         struct error *error) {
    sqlite3_stmt *statement = NULL;
    if (database_statement(scratch->db, sql, &statement, error) != 0) {
        return -1;
    }
    int result = parameters_bind(statement, command, values, error);
    int rc = SQLITE_DONE;
    while (result == 0 && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
    }
    if (result == 0 && rc != SQLITE_DONE) {
        bool refused = scratch->functions.refusal.code[0] != '\0';
        result = error_from_sqlite(error, scratch->db, "making the company");
        if (refused && error != NULL) {
            *error = scratch->functions.refusal;
        }
    }
    sqlite3_finalize(statement);
    return result;
}

static int run_command(struct scratch *scratch, const char *name,
                       const struct argument *arguments, size_t count,
                       struct error *error) {
    const struct operation *command =
        catalogue_command(scratch->functions.catalogue, name);
    struct value values[LIMIT_PARAMETERS];
    if (command == NULL) {
        return error_set(error, "catalogue.invalid", name, "the schema has no command %s",
                         name);
    }
    int result = parameters_read(scratch->db, &scratch->functions, command, arguments,
                                 count, &scratch->arena, values, error);
    for (size_t i = 0; i < command->statement_count && result == 0; i++) {
        result = run_statement(scratch, command, command->statements[i], values, error);
    }
    return result;
}

static struct argument given(const char *name, const char *text) {
    return (struct argument){name, value_text(text), false};
}

static int set_up(struct scratch *scratch, const struct genesis_options *options,
                  struct id admin, struct error *error) {
    const struct catalogue *catalogue = scratch->functions.catalogue;
    char admin_text[ID_TEXT_SIZE];
    id_format(admin, admin_text);
    struct argument name[] = {given("name", "company.name"),
                              given("value", options->org_name)};
    struct argument currency[] = {given("name", "company.currency"),
                                  given("value", options->currency)};
    struct argument person[] = {given("id", admin_text),
                                given("name", options->admin_name),
                                given("roles", "[\"hq\",\"admin\"]")};
    for (size_t i = 0; i < catalogue->seed_count; i++) {
        if (database_run(scratch->db, catalogue->seed[i], error) != 0) {
            return -1;
        }
    }
    return run_command(scratch, "setting.set", name, 2, error) != 0 ||
                   run_command(scratch, "setting.set", currency, 2, error) != 0 ||
                   run_command(scratch, "person.register", person, 3, error) != 0
               ? -1
               : 0;
}

/* --- the scratch database's rows as changes --------------------------------------------------------- */

struct change_list {
    struct change *changes;
    size_t count;
};

static int copy_value(struct arena *arena, struct value *value, struct error *error) {
    if (value->type == VALUE_TEXT || value->type == VALUE_BLOB) {
        value->bytes = arena_copy(arena, value->bytes);
    }
    return value->type >= VALUE_TEXT && value->bytes.data == NULL
               ? error_out_of_memory(error)
               : 0;
}

static int read_row(struct scratch *scratch, const struct table *table,
                    sqlite3_stmt *statement, struct change *ret, struct error *error) {
    struct arena *arena = &scratch->arena;
    uint8_t *key = arena_alloc(arena, table->key_count * ID_SIZE);
    ret->cells = arena_alloc_array(arena, table->data_count, sizeof *ret->cells);
    if (key == NULL || ret->cells == NULL) {
        return error_out_of_memory(error);
    }
    ret->table = table->number;
    ret->operation = ROW_INSERT;
    ret->key = (struct bytes){key, table->key_count * ID_SIZE};
    for (size_t i = 0; i < table->data_count; i++) {
        const struct column *column = &table->columns[i];
        struct value value = value_of_column(statement, (int)i);
        if (column->key_position != 0) {
            memcpy(key + (size_t)(column->key_position - 1) * ID_SIZE, value.bytes.data,
                   ID_SIZE);
        } else if (value.type != VALUE_NULL) {
            if (copy_value(arena, &value, error) != 0) {
                return -1;
            }
            ret->cells[ret->cell_count++] = (struct cell){column->number, value};
        }
    }
    return 0;
}

static int compare_cells(const void *a, const void *b) {
    return ((const struct cell *)a)->column - ((const struct cell *)b)->column;
}

static int read_table(struct scratch *scratch, const struct table *table,
                      struct change_list *list, struct error *error) {
    struct buffer sql = buffer_make(LIMIT_TEXT);
    sqlite3_stmt *statement = NULL;
    buffer_printf(&sql, "select ");
    for (size_t i = 0; i < table->data_count; i++) {
        buffer_printf(&sql, "%s%s", i ? ", " : "", table->columns[i].name);
    }
    buffer_printf(&sql, " from %s", table->name);
    int result = sql.failed ? error_out_of_memory(error)
                            : database_statement(scratch->db, buffer_text(&sql),
                                                 &statement, error);
    int rc = SQLITE_DONE;
    while (result == 0 && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        struct change *change = &list->changes[list->count];
        if (list->count++ == LIMIT_CHANGES) {
            result = error_set(error, "transaction.size", "", "too many seed rows");
            break;
        }
        result = read_row(scratch, table, statement, change, error);
        qsort(change->cells, change->cell_count, sizeof *change->cells, compare_cells);
    }
    if (result == 0 && rc != SQLITE_DONE) {
        result = error_from_sqlite(error, scratch->db, "reading seeds");
    }
    sqlite3_finalize(statement);
    buffer_free(&sql);
    return result;
}

static int read_changes(struct scratch *scratch, struct change_list *list,
                        struct error *error) {
    const struct catalogue *catalogue = scratch->functions.catalogue;
    list->count = 0;
    list->changes =
        arena_alloc_array(&scratch->arena, LIMIT_CHANGES + 1, sizeof *list->changes);
    if (list->changes == NULL) {
        return error_out_of_memory(error);
    }
    for (size_t i = 0; i < catalogue->table_count; i++) {
        if (read_table(scratch, &catalogue->tables[i], list, error) != 0) {
            return -1;
        }
    }
    return 0;
}

/* --- the entry: [org, epoch, server key, org name, changes] --------------------------------------------- */

int genesis_make(struct master *master, struct work *work,
                 const struct genesis_options *options, struct id *ret_admin,
                 struct error *error) {
    struct scratch scratch;
    struct change_list list = {0};
    struct buffer changes = buffer_make(LIMIT_TRANSACTION);
    struct buffer content = buffer_make(LIMIT_TRANSACTION);
    struct id admin = env_new_id(master->env);
    int result = -1;
    if (scratch_open(&scratch, master, error) != 0 ||
        set_up(&scratch, options, admin, error) != 0 ||
        read_changes(&scratch, &list, error) != 0 ||
        changes_encode(list.changes, list.count, &changes, error) != 0) {
        goto out;
    }
    wire_put_array(&content, 5);
    wire_put_id(&content, env_new_id(master->env));
    wire_put_integer(&content, 1);
    wire_put_bytes(&content, (struct bytes){master->keys.public_key, SIGN_PUBLIC});
    wire_put_text(&content, options->org_name);
    wire_put_bytes(&content, buffer_bytes(&changes));
    struct journal_entry entry = {.kind = ENTRY_GENESIS,
                                  .at = master_now(master),
                                  .content = buffer_bytes(&content)};
    if (content.failed) {
        error_out_of_memory(error);
        goto out;
    }
    if (genesis_apply(master, work, entry.content, entry.at, error) != 0 ||
        journal_put(master, &entry, error) != 0) {
        goto out;
    }
    *ret_admin = admin;
    result = 0;
out:
    scratch_close(&scratch);
    buffer_free(&changes);
    buffer_free(&content);
    return result;
}

static int put_state(struct master *master, const char *name, struct value value,
                     struct error *error) {
    sqlite3_stmt *statement = master_statement(master, SQL_STATE_PUT, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    value_bind(statement, 2, value);
    return master_run(master, statement, "keeping the company", error);
}

struct genesis_content {
    struct bytes org;
    struct bytes key;
    struct bytes name;
    struct bytes changes;
    int64_t epoch;
};

static int read_content(const struct wire_node *root, struct genesis_content *ret,
                        struct error *error) {
    size_t count = 0;
    return wire_array(root, "genesis", 5, 5, &count, error) != 0 ||
                   wire_bytes(wire_item(root, 0), "org", ID_SIZE, ID_SIZE, &ret->org,
                              error) != 0 ||
                   wire_integer(wire_item(root, 1), "epoch", 1, INT64_MAX, &ret->epoch,
                                error) != 0 ||
                   wire_bytes(wire_item(root, 2), "key", SIGN_PUBLIC, SIGN_PUBLIC,
                              &ret->key, error) != 0 ||
                   wire_text(wire_item(root, 3), "name", 127, &ret->name, error) != 0 ||
                   wire_bytes(wire_item(root, 4), "changes", 1, LIMIT_TRANSACTION,
                              &ret->changes, error) != 0
               ? -1
               : 0;
}

int genesis_key(struct bytes content, struct sign_public *ret, struct error *error) {
    struct wire_document *document = NULL;
    struct genesis_content parts = {0};
    if (wire_open(content, &document, error) != 0) {
        return -1;
    }
    int result = read_content(wire_root(document), &parts, error);
    if (result == 0) {
        memcpy(ret->bytes, parts.key.data, SIGN_PUBLIC);
    }
    wire_close(document);
    return result;
}

static int merge_seeds(struct master *master, struct work *work,
                       const struct genesis_content *content, int64_t at,
                       struct error *error) {
    struct arena arena = arena_make(GENESIS_MEMORY);
    struct transaction transaction = {.command = "genesis", .time = clock_pack(at, 0)};
    struct origin origin = {.received_at = at,
                            .entry = master->entry + 1,
                            .schema_version = master->catalogue->version,
                            .trusted = true};
    struct verdict verdict = {0};
    memcpy(transaction.id.bytes, content->org.data, ID_SIZE);
    int result = changes_decode(content->changes, &arena, &transaction.changes,
                                &transaction.change_count, error);
    if (result == 0) {
        result = apply_transaction(master, work, &origin, &transaction, NULL, &arena,
                                   &verdict, error);
    }
    if (result == 0 && verdict.kind == VERDICT_REFUSED) {
        result = error_set(error, verdict.code, verdict.field, "%s", verdict.message);
    }
    arena_free(&arena);
    return result;
}

int genesis_apply(struct master *master, struct work *work, struct bytes content,
                  int64_t at, struct error *error) {
    struct wire_document *document = NULL;
    struct genesis_content parts = {0};
    if (wire_open(content, &document, error) != 0) {
        return -1;
    }
    int result = read_content(wire_root(document), &parts, error);
    if (result == 0 &&
        (put_state(master, "org", value_blob(parts.org), error) != 0 ||
         put_state(master, "key", value_blob(parts.key), error) != 0 ||
         put_state(master, "org_name", value_blob(parts.name), error) != 0 ||
         put_state(master, "epoch", value_blob((struct bytes){(uint8_t[]){1}, 1}),
                   error) != 0)) {
        result = -1;
    }
    if (result == 0) {
        memcpy(master->org.bytes, parts.org.data, ID_SIZE);
        master->epoch = parts.epoch;
        result = merge_seeds(master, work, &parts, at, error);
    }
    wire_close(document);
    return result;
}

static int get_state(sqlite3 *db, const char *name, void *ret, size_t minimum,
                     size_t maximum, size_t *ret_size, struct error *error) {
    sqlite3_stmt *statement = NULL;
    if (database_statement(db, "select value from server_state where name = ?",
                           &statement, error) != 0) {
        return -1;
    }
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    int result = -1;
    int rc = sqlite3_step(statement);
    struct bytes value =
        rc == SQLITE_ROW ? value_of_column(statement, 0).bytes : (struct bytes){NULL, 0};
    if (rc == SQLITE_ROW && value.size >= minimum && value.size <= maximum) {
        memcpy(ret, value.data, value.size);
        *ret_size = value.size;
        result = 0;
    } else {
        error_set(error, "server.empty", "data",
                  "this folder holds no company yet; run satcheld init");
    }
    sqlite3_finalize(statement);
    return result;
}

int genesis_read(sqlite3 *db, struct id *ret_org, int64_t *ret_epoch,
                 struct sign_public *ret_key, char ret_name[128], struct error *error) {
    size_t size = 0;
    uint8_t epoch = 0;
    if (get_state(db, "org", ret_org->bytes, ID_SIZE, ID_SIZE, &size, error) != 0 ||
        get_state(db, "key", ret_key->bytes, SIGN_PUBLIC, SIGN_PUBLIC, &size, error) !=
            0 ||
        get_state(db, "epoch", &epoch, 1, 1, &size, error) != 0 ||
        get_state(db, "org_name", ret_name, 1, 127, &size, error) != 0) {
        return -1;
    }
    ret_name[size] = '\0';
    *ret_epoch = epoch;
    return 0;
}
