/*
 * Finds out the encoding. A file that is not UTF-8 may be GB18030, the usual one of Chinese
 * spreadsheets; but GB18030 accepts nearly anything, so it is believed only when most of its
 * two-byte characters lie where Chinese text has them (both bytes from A1 up, as in GB 2312).
 */
#include "tools/satchel/csv_text.h"

#include <assert.h>
#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/limits.h"
#include "tools/satchel/problem.h"

/* Bytes of the UTF-8 character at `text`, 0 when it is none (RFC 3629: no surrogates, no long forms). */
static size_t utf8_size(const uint8_t *text, size_t left) {
    uint8_t first = text[0];
    if (first < 0x80)
        return 1;
    size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || size > left)
        return 0;
    uint8_t low = 0x80, high = 0xBF;
    if (first == 0xE0)
        low = 0xA0;
    else if (first == 0xED)
        high = 0x9F;
    else if (first == 0xF0)
        low = 0x90;
    else if (first == 0xF4)
        high = 0x8F;
    if (text[1] < low || text[1] > high)
        return 0;
    for (size_t i = 2; i < size; i++)
        if ((text[i] & 0xC0) != 0x80)
            return 0;
    return size;
}

/* The offset of the first byte that is not UTF-8, `size` when all is. */
static size_t utf8_until(const uint8_t *text, size_t size) {
    size_t i = 0;
    while (i < size) {
        size_t step = utf8_size(text + i, size - i);
        if (step == 0)
            return i;
        i += step;
    }
    return size;
}

static bool looks_chinese(const uint8_t *text, size_t size) {
    size_t usual = 0, unusual = 0;
    for (size_t i = 0; i + 1 < size; i++) {
        if (text[i] < 0x81)
            continue;
        if (text[i] >= 0xA1 && text[i] <= 0xF7 && text[i + 1] >= 0xA1)
            usual++;
        else
            unusual++;
        i++;
    }
    return usual > 2 * unusual;
}

static int encoding_error(const char *path, const char *text, size_t offset,
                          satchel_error *error) {
    size_t line = 1, column = 1;
    for (size_t i = 0; i < offset; i++) {
        column = text[i] == '\n' ? 1 : column + 1;
        line += text[i] == '\n';
    }
    return problem_set(
        error, "csv.encoding", path,
        "%s, line %zu, byte %zu: 0x%02X is neither UTF-8 nor GB18030 text; save the "
        "file as UTF-8.",
        path, line, column, (unsigned)(unsigned char)text[offset]);
}

/* Replaces *text by its UTF-8. */
static int from_gb18030(const char *path, char **text, size_t *size,
                        satchel_error *error) {
    size_t bad = utf8_until((const uint8_t *)*text, *size);
    size_t left = *size, capacity = 2 * *size + 4, room = capacity;
    char *converted = malloc(capacity + 1), *in = *text, *out = converted;
    iconv_t converter = iconv_open("UTF-8", "GB18030");
    int rc = 0;
    if (converted == NULL)
        rc = problem_out_of_memory(error);
    else if (converter == (iconv_t)-1 || !looks_chinese((const uint8_t *)*text, *size))
        rc = encoding_error(path, *text, bad, error);
    else if (iconv(converter, &in, &left, &out, &room) == (size_t)-1)
        rc = encoding_error(path, *text, (size_t)(in - *text), error);
    if (converter != (iconv_t)-1)
        iconv_close(converter);
    if (rc != 0) {
        free(converted);
        return rc;
    }
    free(*text);
    *text = converted;
    *size = capacity - room;
    converted[*size] = '\0';
    return 0;
}

static int load(FILE *file, const char *path, char **ret_text, size_t *ret_size,
                satchel_error *error) {
    long length = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    if (length < 0 || fseek(file, 0, SEEK_SET) != 0)
        return problem_set(error, "csv.read", path, "%s cannot be read as a file.", path);
    if (length > LIMIT_CSV_FILE)
        return problem_set(error, "csv.size", path, "%s is larger than %lld bytes.", path,
                           LIMIT_CSV_FILE);
    char *text = malloc((size_t)length + 1);
    if (text == NULL)
        return problem_out_of_memory(error);
    size_t size = fread(text, 1, (size_t)length, file);
    if (ferror(file)) {
        free(text);
        return problem_set(error, "csv.read", path, "%s cannot be read to its end.",
                           path);
    }
    text[size] = '\0';
    *ret_text = text;
    *ret_size = size;
    return 0;
}

/* Zero bytes mean another encoding (UTF-16) or no text at all. */
static int check_plain(const char *path, const char *text, size_t size,
                       satchel_error *error) {
    assert(text != NULL);
    if (memchr(text, '\0', size) == NULL)
        return 0;
    return problem_set(
        error, "csv.encoding", path,
        "%s holds zero bytes: it is UTF-16 or no text; save the file as UTF-8 CSV.",
        path);
}

static void drop_mark(char *text, size_t *size) {
    if (*size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        *size -= 3;
        memmove(text, text + 3, *size + 1);
    }
}

int csv_text_read(const char *path, char **ret_text, size_t *ret_size, bool *ret_gb18030,
                  satchel_error *error) {
    char *text = NULL;
    size_t size = 0;
    bool gb18030 = false;
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return problem_set(error, "csv.missing", path, "%s cannot be opened%s.", path,
                           errno == ENOENT ? ": there is no such file" : "");
    int rc = load(file, path, &text, &size, error);
    fclose(file);
    if (rc == 0)
        rc = check_plain(path, text, size, error);
    if (rc == 0 && utf8_until((const uint8_t *)text, size) != size) {
        gb18030 = true;
        rc = from_gb18030(path, &text, &size, error);
    }
    if (rc != 0) {
        free(text);
        return rc;
    }
    drop_mark(text, &size);
    *ret_text = text;
    *ret_size = size;
    *ret_gb18030 = gb18030;
    return 0;
}
