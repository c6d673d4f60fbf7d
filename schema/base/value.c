/*
 * Neutral values: making and comparing them, and carrying them into and out of SQLite.
 */
#include "schema/base/value.h"

#include <sqlite3.h>
#include <string.h>

struct value value_null(void) {
    return (struct value){.type = VALUE_NULL};
}

struct value value_integer(int64_t integer) {
    return (struct value){.type = VALUE_INTEGER, .integer = integer};
}

struct value value_text(const char *text) {
    return value_text_bytes(bytes_of_text(text));
}

struct value value_text_bytes(struct bytes bytes) {
    return (struct value){.type = VALUE_TEXT, .bytes = bytes};
}

struct value value_blob(struct bytes bytes) {
    return (struct value){.type = VALUE_BLOB, .bytes = bytes};
}

bool value_equal(struct value a, struct value b) {
    return value_compare(a, b) == 0;
}

int value_compare(struct value a, struct value b) {
    if (a.type != b.type)
        return a.type < b.type ? -1 : 1;
    switch (a.type) {
    case VALUE_INTEGER:
        return (a.integer > b.integer) - (a.integer < b.integer);
    case VALUE_TEXT:
    case VALUE_BLOB:
        return bytes_compare(a.bytes, b.bytes);
    case VALUE_NULL:
        break;
    }
    return 0;
}

int value_bind(struct sqlite3_stmt *statement, int index, struct value value) {
    /* SQLite takes a NULL pointer for NULL, not for empty. */
    const void *data = value.bytes.data ? (const void *)value.bytes.data : "";
    switch (value.type) {
    case VALUE_INTEGER:
        return sqlite3_bind_int64(statement, index, value.integer);
    case VALUE_TEXT:
        return sqlite3_bind_text64(statement, index, data, value.bytes.size,
                                   SQLITE_STATIC, SQLITE_UTF8);
    case VALUE_BLOB:
        return sqlite3_bind_blob64(statement, index, data, value.bytes.size,
                                   SQLITE_STATIC);
    case VALUE_NULL:
        break;
    }
    return sqlite3_bind_null(statement, index);
}

static struct bytes borrowed(const void *data, int size) {
    return (struct bytes){data ? data : "", data ? (size_t)size : 0};
}

/* Texts are read as blobs, the same bytes in a UTF-8 database: asking for text makes SQLite end it with a
 * NUL, in new memory, and without memory a text would silently read as empty. */
struct value value_of_column(struct sqlite3_stmt *statement, int column) {
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
        return value_integer(sqlite3_column_int64(statement, column));
    case SQLITE_TEXT: {
        const void *text = sqlite3_column_blob(statement, column); /* see above */
        return value_text_bytes(borrowed(text, sqlite3_column_bytes(statement, column)));
    }
    case SQLITE_BLOB: {
        const void *blob = sqlite3_column_blob(statement, column);
        return value_blob(borrowed(blob, sqlite3_column_bytes(statement, column)));
    }
    default:
        return value_null();
    }
}

struct value value_of_sqlite(struct sqlite3_value *value) {
    switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
        return value_integer(sqlite3_value_int64(value));
    case SQLITE_TEXT: {
        const void *text = sqlite3_value_blob(value);
        return value_text_bytes(borrowed(text, sqlite3_value_bytes(value)));
    }
    case SQLITE_BLOB: {
        const void *blob = sqlite3_value_blob(value);
        return value_blob(borrowed(blob, sqlite3_value_bytes(value)));
    }
    default:
        return value_null();
    }
}
