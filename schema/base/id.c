/*
 * 16-byte identifiers: making UUIDs and reading and writing their text.
 */
#include "schema/base/id.h"

#include <string.h>

static void mark(struct id *id, uint8_t version) {
    id->bytes[6] = (uint8_t)((id->bytes[6] & 0x0f) | (version << 4));
    id->bytes[8] = (uint8_t)((id->bytes[8] & 0x3f) | 0x80);
}

struct id id_v7(int64_t unix_ms, const uint8_t random[10]) {
    struct id id;
    uint64_t ms = unix_ms < 0 ? 0 : (uint64_t)unix_ms;
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(ms >> (8 * (5 - i)));
    memcpy(id.bytes + 6, random, 10);
    mark(&id, 7);
    return id;
}

struct id id_v8(const uint8_t hash[16]) {
    struct id id;
    memcpy(id.bytes, hash, ID_SIZE);
    mark(&id, 8);
    return id;
}

bool id_equal(struct id a, struct id b) {
    return memcmp(a.bytes, b.bytes, ID_SIZE) == 0;
}

bool id_is_zero(struct id id) {
    return id_equal(id, (struct id){{0}});
}

int id_compare(struct id a, struct id b) {
    int order = memcmp(a.bytes, b.bytes, ID_SIZE);
    return (order > 0) - (order < 0);
}

void id_format(struct id id, char ret_text[ID_TEXT_SIZE]) {
    static const char digits[] = "0123456789abcdef";
    char *out = ret_text;
    for (int i = 0; i < ID_SIZE; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = digits[id.bytes[i] >> 4];
        *out++ = digits[id.bytes[i] & 15];
    }
    *out = '\0';
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool id_parse(const char *text, struct id *ret_id) {
    size_t length = strlen(text);
    if (length != 32 && length != 36)
        return false;
    struct id id;
    for (int i = 0; i < ID_SIZE; i++) {
        if (length == 36 && (i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-')
            return false;
        int high = hex_digit(text[0]);
        int low = high < 0 ? -1 : hex_digit(text[1]);
        if (low < 0)
            return false;
        id.bytes[i] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    *ret_id = id;
    return true;
}
