/*
 * What went wrong, for programs (code), for people (message) and for forms (field).
 *
 * Every function that can fail returns int: 0 is success, anything else is failure and the
 * caller's error object says why. Codes are stable words with dots, "bundle.signature";
 * they are part of the product's interface and are never reused for something else.
 */
#ifndef SATCHEL_SCHEMA_BASE_ERROR_H
#define SATCHEL_SCHEMA_BASE_ERROR_H

#include <stdbool.h>

struct sqlite3;

struct error {
    char code[64];     /* stable, e.g. "parameter.unknown"; empty: no error */
    char field[64];    /* the parameter, column or header it is about; may be empty */
    char message[512]; /* one plain sentence: what was wrong and what is accepted */
};

/* Fills `error`, which may be NULL. */
void error_fill(struct error *error, const char *code, const char *field,
                const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Fills `error` and is -1, so that callers can return it. A macro and inline functions, so that
 * who reads a caller alone (a compiler, an analyser) sees that it fails. */
static inline int error_failed(void) {
    return -1;
}
#define error_set(...) (error_fill(__VA_ARGS__), error_failed())

/* Fills `error` from the last failure of `db`, saying what was being done. Returns -1.
 * Codes: database.full, database.busy, database.corrupt, database.readonly, database.open, database.io,
 * database.memory, database.constraint, database.failed. */
void error_fill_sqlite(struct error *error, struct sqlite3 *db, const char *doing);
static inline int error_from_sqlite(struct error *error, struct sqlite3 *db,
                                    const char *doing) {
    error_fill_sqlite(error, db, doing);
    return -1;
}

/* Fills `error` from errno's `number`: "<doing> <path>: <the system's reason>"; a full disk gets the code
 * `full` instead of `code` (NULL: the same). Returns -1. */
int error_from_system(struct error *error, const char *code, const char *full,
                      const char *field, int number, const char *doing, const char *path);

/* Out of memory, the one failure that has no room for details. Returns -1. */
static inline int error_out_of_memory(struct error *error) {
    return error_set(error, "memory", (const char *)0, "Out of memory.");
}

void error_clear(struct error *error);

/* The world failed (database, memory, a journal that does not hold) and not somebody's work: what is going on must
 * stop and be undone, instead of refusing the work. A broken constraint is the work's fault. */
bool error_is_failure(const struct error *error);

/* True when `error` carries `code`. */
bool error_is(const struct error *error, const char *code);

#endif
