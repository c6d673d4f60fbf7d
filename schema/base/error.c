/*
 * Errors: filling the caller's error object, from a sentence or from what SQLite says.
 */
#include "schema/base/error.h"

#include <assert.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "schema/base/utf8.h"

/* Drops what is no UTF-8: characters that were cut in the middle, bytes that somebody sent as a name. A message goes into
 * JSON and over the wire. */
static void drop_broken(char *text) {
    struct bytes all = bytes_of_text(text);
    size_t kept = 0;
    for (size_t at = 0; at < all.size;) {
        uint32_t code_point = 0;
        size_t size = utf8_decode(all, at, &code_point);
        memmove(text + kept, text + at, size);
        kept += size;
        at += size > 0 ? size : 1;
    }
    text[kept] = '\0';
}

static void copy_word(char *target, size_t capacity, const char *word) {
    snprintf(target, capacity, "%s", word);
    drop_broken(target);
}

void error_fill(struct error *error, const char *code, const char *field,
                const char *format, ...) {
    assert(code && format);
    if (!error)
        return;
    struct error made = {0}; /* the arguments may point into *error */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(made.message, sizeof made.message, format, arguments);
    va_end(arguments);
    drop_broken(made.message);
    copy_word(made.code, sizeof made.code, code);
    copy_word(made.field, sizeof made.field, field ? field : "");
    *error = made;
}

static const char *code_of_sqlite(int rc) {
    switch (rc & 0xff) {
    case SQLITE_FULL:
        return "database.full";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return "database.busy";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return "database.corrupt";
    case SQLITE_READONLY:
        return "database.readonly";
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        return "database.open";
    case SQLITE_IOERR:
        return "database.io";
    case SQLITE_NOMEM:
        return "database.memory";
    case SQLITE_CONSTRAINT:
        return "database.constraint";
    default:
        return "database.failed";
    }
}

void error_fill_sqlite(struct error *error, struct sqlite3 *db, const char *doing) {
    assert(doing);
    int rc = db ? sqlite3_extended_errcode(db) : SQLITE_NOMEM;
    const char *what = db ? sqlite3_errmsg(db) : "out of memory";
    error_fill(error, code_of_sqlite(rc), NULL, "%s: %s (%d)", doing, what, rc);
}

int error_from_system(struct error *error, const char *code, const char *full,
                      const char *field, int number, const char *doing,
                      const char *path) {
    char reason[128];
    if (strerror_r(number, reason, sizeof reason) != 0)
        snprintf(reason, sizeof reason, "error %d", number);
    return error_set(error, number == ENOSPC && full ? full : code, field,
                     "%s %.300s: %s", doing, path, reason);
}

void error_clear(struct error *error) {
    if (error)
        memset(error, 0, sizeof *error);
}

bool error_is_failure(const struct error *error) {
    bool database = strncmp(error->code, "database.", 9) == 0 &&
                    !error_is(error, "database.constraint");
    return database || strcmp(error->code, "memory") == 0 ||
           strncmp(error->code, "journal.", 8) == 0;
}

bool error_is(const struct error *error, const char *code) {
    return error && strcmp(error->code, code) == 0;
}
