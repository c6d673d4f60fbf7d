/*
 * The people of a station. Which table holds them follows from the catalogue: the one that a kept
 * conflict's loser refers to.
 */
#include "client-core/people.h"

#include <string.h>

#include "client-core/json.h"
#include "schema/database.h"

enum { SQL_SIZE = 4096 };

static const struct table *people_table(const struct catalogue *catalogue) {
    const struct table *conflict = catalogue_table(catalogue, "conflict");
    const struct column *loser =
        conflict ? table_column(conflict, "loser_user_id") : NULL;
    return loser ? loser->ref : NULL;
}

/* "(0 or fold(name) = fold(?2) …)": who is called so. */
static void put_called(const struct table *people, struct buffer *sql) {
    buffer_printf(sql, "(0");
    if (people->label)
        buffer_printf(sql, " or fold(\"%s\") = fold(?2)", people->label->name);
    for (size_t i = 0; i < people->lookup_count; i++)
        buffer_printf(sql, " or fold(\"%s\") = fold(?2)", people->lookup[i]->name);
    buffer_printf(sql, ")");
}

/* Is the actor `id` called `name`? Prepared for each use: signing in is rare. */
static int is_called(struct replica *replica, const struct table *people,
                     const struct id *id, const char *name, bool *ret,
                     struct error *error) {
    struct buffer sql = buffer_make(SQL_SIZE);
    sqlite3_stmt *statement = NULL;
    int64_t found = 0;
    buffer_printf(&sql, "select 1 from \"%s\" where \"%s\" = ?1 and ", people->name,
                  people->key[0]->name);
    put_called(people, &sql);
    int failed = database_statement(replica->db, buffer_text(&sql), &statement, error);
    buffer_free(&sql);
    if (failed)
        return -1;
    bind_id(statement, 1, id);
    bind_text(statement, 2, name);
    failed = replica_integer(replica, statement, &found, error);
    sqlite3_finalize(statement);
    *ret = found != 0;
    return failed;
}

/* One text column of a person; nothing where the person is not here yet. */
static int append_text(struct replica *replica, const struct id *user,
                       const struct column *column, struct buffer *ret,
                       struct error *error) {
    const struct table *people = people_table(replica->catalogue);
    struct buffer sql = buffer_make(SQL_SIZE);
    sqlite3_stmt *statement = NULL;
    bool row = false;
    if (!column)
        return 0;
    buffer_printf(&sql, "select \"%s\" from \"%s\" where \"%s\" = ?1", column->name,
                  people->name, people->key[0]->name);
    int failed = database_statement(replica->db, buffer_text(&sql), &statement, error);
    buffer_free(&sql);
    if (failed)
        return -1;
    bind_id(statement, 1, user);
    failed = replica_step(replica, statement, &row, error);
    if (!failed && row) {
        struct bytes text = column_bytes(statement, 0);
        buffer_append(ret, text.data, text.size);
    }
    sqlite3_finalize(statement);
    return failed;
}

/* --- a station for everyone ---------------------------------------------------------------------- */

/* Nobody is named: whoever tries names here must not learn any. */
static int fail_quietly(const char *code, const char *what, struct error *error) {
    return error_set(error, code, "user", "%s; give your name, code or id", what);
}

/* Any person of the replica whose id, label or look-up value it is; those who left come last. */
static int find_anyone(struct replica *replica, const char *user, struct id *ret,
                       struct error *error) {
    const struct table *people = people_table(replica->catalogue);
    struct buffer sql = buffer_make(SQL_SIZE);
    sqlite3_stmt *statement = NULL;
    struct id id = {{0}};
    bool row = false;
    bool second = false;
    if (!user || !people)
        return fail_quietly("sign_in.ambiguous", "say who you are", error);
    bool by_id = id_parse(user, &id);
    buffer_printf(&sql,
                  "select p.\"%s\" from \"%s\" p join engine_user u on u.user_id = "
                  "p.\"%s\" where case when ?3 then p.\"%s\" = ?1 else ",
                  people->key[0]->name, people->name, people->key[0]->name,
                  people->key[0]->name);
    put_called(people, &sql);
    buffer_printf(&sql, " end order by u.active desc limit 2");
    int failed = database_statement(replica->db, buffer_text(&sql), &statement, error);
    buffer_free(&sql);
    if (failed)
        return -1;
    bind_id(statement, 1, &id);
    bind_text(statement, 2, user);
    sqlite3_bind_int(statement, 3, by_id);
    failed = replica_step(replica, statement, &row, error);
    struct bytes found = !failed && row ? column_bytes(statement, 0) : (struct bytes){0};
    if (found.size == ID_SIZE)
        memcpy(ret->bytes, found.data, ID_SIZE);
    if (!failed && row)
        failed = replica_step(replica, statement, &second, error);
    sqlite3_finalize(statement);
    if (failed)
        return -1;
    if (!row || found.size != ID_SIZE)
        return fail_quietly("sign_in.unknown", "nobody here has this name", error);
    return second
               ? fail_quietly("sign_in.ambiguous", "several people have this name", error)
               : 0;
}

int people_label(struct replica *replica, const struct id *user, struct buffer *ret,
                 struct error *error) {
    const struct table *people = people_table(replica->catalogue);
    return people ? append_text(replica, user, people->label, ret, error) : 0;
}

static int put_text(struct replica *replica, const struct id *user, const char *name,
                    const struct column *column, struct buffer *json,
                    struct error *error) {
    struct buffer text = buffer_make(LIMIT_TEXT);
    int failed = append_text(replica, user, column, &text, error);
    json_put_name(json, name);
    json_put_string(json, text.size ? buffer_text(&text) : NULL);
    buffer_free(&text);
    return failed;
}

int people_put_card(struct replica *replica, const struct id *user, struct buffer *json,
                    struct error *error) {
    const struct table *people = people_table(replica->catalogue);
    const struct column *code = people && people->lookup_count ? people->lookup[0] : NULL;
    json_put_name(json, "id");
    json_put_id(json, *user);
    return put_text(replica, user, "name", people ? people->label : NULL, json, error) !=
                       0 ||
                   put_text(replica, user, "code", code, json, error) != 0
               ? -1
               : 0;
}

/* Fails with the names of those who could be meant. */
static int fail_with_names(struct replica *replica, const struct certificate *certificate,
                           const char *code, const char *what, struct error *error) {
    struct buffer names = buffer_make(300);
    for (size_t i = 0; i < certificate->actor_count; i++) {
        size_t before = names.size;
        char text[ID_TEXT_SIZE];
        buffer_printf(&names, "%s", i ? ", " : "");
        if (people_label(replica, &certificate->actors[i], &names, NULL) != 0 ||
            names.size <= before + 2) {
            id_format(certificate->actors[i], text);
            buffer_printf(&names, "%s", text);
        }
    }
    error_set(error, code, "user", "%s; this station is for %s", what,
              buffer_text(&names));
    buffer_free(&names);
    return -1;
}

static int find_by_name(struct replica *replica, const struct certificate *certificate,
                        const char *name, struct id *ret, struct error *error) {
    const struct table *people = people_table(replica->catalogue);
    size_t found = 0;
    for (size_t i = 0; people && i < certificate->actor_count; i++) {
        bool called = false;
        if (is_called(replica, people, &certificate->actors[i], name, &called, error) !=
            0)
            return -1;
        if (called) {
            *ret = certificate->actors[i];
            found++;
        }
    }
    if (found == 1)
        return 0;
    return fail_with_names(
        replica, certificate, found ? "sign_in.ambiguous" : "sign_in.unknown",
        found ? "several people have this name" : "nobody here has this name", error);
}

static int find(struct replica *replica, const struct certificate *certificate,
                const char *user, struct id *ret, struct error *error) {
    struct id id;
    if (certificate->everyone)
        return find_anyone(replica, user, ret, error);
    if (!user && certificate->actor_count == 1) {
        *ret = certificate->actors[0];
        return 0;
    }
    if (!user)
        return fail_with_names(replica, certificate, "sign_in.ambiguous",
                               "say who you are", error);
    if (!id_parse(user, &id))
        return find_by_name(replica, certificate, user, ret, error);
    for (size_t i = 0; i < certificate->actor_count; i++) {
        if (id_equal(certificate->actors[i], id)) {
            *ret = id;
            return 0;
        }
    }
    return fail_with_names(replica, certificate, "sign_in.unknown",
                           "nobody here has this id", error);
}

/* Nobody says before the first sync that somebody is inactive. */
static int is_inactive(struct replica *replica, const struct id *user, bool *ret,
                       struct error *error) {
    static const char sql[] =
        "select case when active then 0 else 1 end from engine_user where user_id = ?1";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    int64_t inactive = 0;
    if (!statement)
        return -1;
    bind_id(statement, 1, user);
    if (replica_integer(replica, statement, &inactive, error) != 0)
        return -1;
    *ret = inactive != 0;
    return 0;
}

int people_find(struct replica *replica, const struct certificate *certificate,
                const char *user, struct id *ret, struct error *error) {
    struct id id;
    bool inactive = false;
    if (find(replica, certificate, user, &id, error) != 0 ||
        is_inactive(replica, &id, &inactive, error) != 0)
        return -1;
    if (inactive)
        return error_set(error, "sign_in.inactive", "user",
                         "this person does not work here any more");
    *ret = id;
    return 0;
}

static int put_person(struct replica *replica, const struct id *user, struct buffer *json,
                      struct error *error) {
    bool secret = false;
    bool inactive = false;
    const struct table *people = people_table(replica->catalogue);
    if (is_inactive(replica, user, &inactive, error) != 0 ||
        secret_exists(replica, user, &secret, error) != 0)
        return -1;
    if (inactive)
        return 0;
    json_put_comma(json);
    buffer_append_byte(json, '{');
    json_put_name(json, "id");
    json_put_id(json, *user);
    if (put_text(replica, user, "name", people ? people->label : NULL, json, error) != 0)
        return -1;
    json_put_name(json, "secret");
    buffer_printf(json, "%s}", secret ? "true" : "false");
    return 0;
}

int people_put_all(struct replica *replica, const struct certificate *certificate,
                   struct buffer *json, struct error *error) {
    buffer_append_byte(json, '[');
    for (size_t i = 0; i < certificate->actor_count; i++)
        if (put_person(replica, &certificate->actors[i], json, error) != 0)
            return -1;
    buffer_append_byte(json, ']');
    return 0;
}
