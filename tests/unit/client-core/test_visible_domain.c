/*
 * The whole domain over covered tables: whatever the catalogue says can be prepared there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "client-core/command_cache.h"
#include "client-core/visible.h"
#include "schema/base/env.h"
#include "schema/database.h"
#include "schema/embedded.h"

struct domain {
    char folder[64];
    char path[96];
    struct catalogue *catalogue;
    struct replica *writer;
    struct replica *reader;
};

static void must(int failed, const struct error *error) {
    if (failed)
        fail_msg("%s: %s (%s)", error->code, error->message, error->field);
}

static int domain_setup(void **state) {
    struct error error = {0};
    struct domain *domain = calloc(1, sizeof *domain);
    assert_non_null(domain);
    snprintf(domain->folder, sizeof domain->folder, "/tmp/satchel-test-XXXXXX");
    assert_non_null(mkdtemp(domain->folder));
    snprintf(domain->path, sizeof domain->path, "%s/replica.db", domain->folder);
    must(catalogue_load(embedded_files, embedded_file_count, &domain->catalogue, &error),
         &error);
    must(replica_open(domain->path, true, domain->catalogue, env_system(),
                      &domain->writer, &error),
         &error);
    must(replica_open_reader(domain->path, domain->catalogue, env_system(),
                             &domain->reader, &error),
         &error);
    must(visible_open(domain->writer, ROLE_SET_ALL, true, &error), &error);
    must(visible_open(domain->reader, ROLE_SET_ALL, false, &error), &error);
    *state = domain;
    return 0;
}

static int domain_teardown(void **state) {
    struct domain *domain = *state;
    char command[128];
    replica_close(domain->reader);
    replica_close(domain->writer);
    catalogue_free(domain->catalogue);
    unlink(domain->path);
    snprintf(command, sizeof command, "%s-wal", domain->path);
    unlink(command);
    snprintf(command, sizeof command, "%s-shm", domain->path);
    unlink(command);
    rmdir(domain->folder);
    free(domain);
    return 0;
}

/* A table whose rows follow or bring each other in a circle would fail here. */
static void every_table_is_covered(void **state) {
    struct domain *domain = *state;
    struct error error = {0};
    bool all = true;
    struct id nobody = {{1}};
    uint8_t key[LIMIT_KEY_COLUMNS * ID_SIZE] = {2};
    must(visible_for(domain->reader->visible, &nobody, &all, &error), &error);
    assert_false(all);
    for (size_t i = 0; i < domain->catalogue->table_count; i++) {
        const struct table *table = &domain->catalogue->tables[i];
        bool there = true;
        must(visible_row(domain->reader->visible, table,
                         (struct bytes){key, table->key_count * ID_SIZE}, &there, &error),
             &error);
        assert_false(there);
    }
}

static void every_query_stays_within(void **state) {
    struct domain *domain = *state;
    struct error error = {0};
    assert_true(domain->catalogue->query_count > 0);
    visible_guard(domain->reader->visible, true);
    for (size_t i = 0; i < domain->catalogue->query_count; i++) {
        const struct operation *query = &domain->catalogue->queries[i];
        sqlite3_stmt *statement = NULL;
        if (database_statement(domain->reader->db, query->statements[0], &statement,
                               &error) != 0)
            fail_msg("%s: %s", query->name, error.message);
        sqlite3_finalize(statement);
    }
    visible_guard(domain->reader->visible, false);
}

static void every_command_stays_within(void **state) {
    struct domain *domain = *state;
    struct error error = {0};
    struct rule_runner *rules = NULL;
    struct command_cache *commands = NULL;
    must(rules_open(domain->writer->db, domain->catalogue, &rules, &error), &error);
    must(command_cache_open(domain->writer, &commands, &error), &error);
    assert_true(domain->catalogue->command_count > 0);
    for (size_t i = 0; i < domain->catalogue->command_count; i++) {
        const struct operation *command = &domain->catalogue->commands[i];
        if (!command_cache_get(commands, command, &error))
            fail_msg("%s: %s", command->name, error.message);
    }
    for (size_t i = 0; i < domain->catalogue->rule_count; i++) {
        const struct operation *rule = &domain->catalogue->rules[i];
        sqlite3_stmt *statement = NULL;
        if (database_statement(domain->writer->db, rule->statements[0], &statement,
                               &error) != 0)
            fail_msg("%s: %s", rule->name, error.message);
        sqlite3_finalize(statement);
    }
    command_cache_close(commands);
    rules_close(rules);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, domain_setup, domain_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(every_table_is_covered),
        TEST(every_query_stays_within),
        TEST(every_command_stays_within),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
