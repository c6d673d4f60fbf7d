/*
 * Reads the whole file, then cuts its lines in place: the texts point into what was read.
 */
#include "tools/satcheld/config.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "schema/base/limits.h"
#include "schema/base/utf8.h"

struct config_reader {
    const char *path;
    const struct config_key *keys;
    size_t count;
    size_t line;
    size_t lines[LIMIT_CONFIG_KEYS]; /* where each key was given; 0: nowhere yet */
};

static bool is_blank(char character) {
    return character == ' ' || character == '\t' || character == '\r';
}

/* Cuts blanks off both ends, in place. */
static char *trimmed(char *text) {
    size_t size = strlen(text);
    while (size > 0 && is_blank(text[size - 1])) {
        text[--size] = '\0';
    }
    while (is_blank(*text)) {
        text++;
    }
    return text;
}

static int read_file(const char *path, struct buffer *ret, struct error *error) {
    FILE *file = fopen(path, "rb");
    size_t got = 0;
    int result = -1;
    if (file == NULL) {
        return error_from_system(error, "config.read", NULL, "--config", errno,
                                 "Cannot read", path);
    }
    do {
        uint8_t part[4096];
        got = fread(part, 1, sizeof part, file);
        buffer_append(ret, part, got);
    } while (got > 0 && !ret->failed);
    if (ferror(file)) {
        error_from_system(error, "config.read", NULL, "--config", errno, "Cannot read",
                          path);
        goto out;
    }
    if (ret->failed || ret->size > LIMIT_CONFIG) {
        error_set(error, "config.size", "--config", "%s has more than %d bytes.", path,
                  LIMIT_CONFIG);
        goto out;
    }
    if (!utf8_is_valid(buffer_bytes(ret))) {
        error_set(error, "config.text", "--config", "%s is no UTF-8 text.", path);
        goto out;
    }
    buffer_append_byte(ret, '\0');
    result = ret->failed ? error_out_of_memory(error) : 0;
out:
    (void)fclose(file);
    return result;
}

static int unknown_key(const struct config_reader *reader, const char *name,
                       struct error *error) {
    struct buffer known = buffer_make(LIMIT_TEXT);
    for (size_t i = 0; i < reader->count; i++) {
        buffer_printf(&known, "%s%s", i > 0 ? ", " : "", reader->keys[i].name);
    }
    error_set(error, "config.key", "--config",
              "%s, line %zu: there is no key \"%.60s\"; there are: %s.", reader->path,
              reader->line, name, buffer_text(&known));
    buffer_free(&known);
    return -1;
}

static int set_value(const struct config_reader *reader, const struct config_key *key,
                     const char *value, struct error *error) {
    bool yes = strcmp(value, "yes") == 0;
    if (value[0] == '\0') {
        return error_set(error, "config.value", key->name,
                         "%s, line %zu: %s has no value; put # before a line that is to "
                         "have no effect.",
                         reader->path, reader->line, key->name);
    }
    if (key->flag != NULL && !yes && strcmp(value, "no") != 0) {
        return error_set(error, "config.value", key->name,
                         "%s, line %zu: %s is yes or no, not \"%.60s\".", reader->path,
                         reader->line, key->name, value);
    }
    if (key->flag != NULL) {
        *key->flag = yes;
    } else {
        *key->text = value;
    }
    return 0;
}

static int read_line(struct config_reader *reader, char *line, struct error *error) {
    char *name = trimmed(line);
    if (name[0] == '\0' || name[0] == '#') {
        return 0;
    }
    char *equals = strchr(name, '=');
    if (equals == NULL || equals == name) {
        return error_set(error, "config.line", "--config",
                         "%s, line %zu: this is not of the form key = value.",
                         reader->path, reader->line);
    }
    *equals = '\0';
    name = trimmed(name);
    for (size_t i = 0; i < reader->count; i++) {
        if (strcmp(reader->keys[i].name, name) != 0) {
            continue;
        }
        if (reader->lines[i] != 0) {
            return error_set(error, "config.twice", name,
                             "%s, line %zu: %s was given in line %zu already.",
                             reader->path, reader->line, name, reader->lines[i]);
        }
        reader->lines[i] = reader->line;
        return set_value(reader, &reader->keys[i], trimmed(equals + 1), error);
    }
    return unknown_key(reader, name, error);
}

int config_read(const char *path, const struct config_key *keys, size_t count,
                struct buffer *ret_storage, struct error *error) {
    struct config_reader reader = {.path = path, .keys = keys, .count = count};
    *ret_storage = buffer_make(LIMIT_CONFIG + 1);
    assert(count <= LIMIT_CONFIG_KEYS);
    int result = read_file(path, ret_storage, error);
    char *next = result == 0 ? (char *)ret_storage->data : NULL;
    while (result == 0 && next != NULL) {
        char *line = next;
        next = strchr(line, '\n');
        if (next != NULL) {
            *next++ = '\0';
        }
        reader.line++;
        result = read_line(&reader, line, error);
    }
    return result;
}
