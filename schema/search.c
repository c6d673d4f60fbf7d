/*
 * A needle is found in a text
 *   - literally, both folded;
 *   - as digits, when it consists of digits and what stands between them;
 *   - by pinyin: as its items (letters, digits, characters) are walked along the text, where a Chinese
 *     character takes as many letters as are the beginning of one of its readings, at least one.
 *
 * The walk keeps the set of all numbers of items that the text so far can have taken, as bits: it takes time in
 * proportion to the text whatever the needle.
 */
#include "schema/search.h"

#include <stdlib.h>
#include <string.h>

#include "schema/base/limits.h"
#include "schema/base/utf8.h"
#include "schema/pinyin.h"
#include "schema/text.h"

struct search {
    struct pinyin *pinyin;
    struct buffer given;  /* the needle as it came */
    struct buffer needle; /* folded */
    struct buffer digits; /* those of the needle when it has no more than digits */
    uint32_t items[LIMIT_SEARCH_ITEMS];
    size_t item_count; /* 0: not to be read as pinyin */
    uint64_t
        breaks; /* bit i: a blank stood before item i, so no syllable goes on there */
    struct buffer text;   /* folded */
    struct buffer number; /* digits of the text */
};

_Static_assert(LIMIT_SEARCH_ITEMS < 64, "sets of items are 64 bits");

struct search *search_open(void) {
    struct search *search = calloc(1, sizeof *search);
    if (!search)
        return NULL;
    search->pinyin = pinyin_open();
    struct buffer *const buffers[] = {&search->given, &search->needle, &search->digits,
                                      &search->text, &search->number};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        *buffers[i] = buffer_make(0);
    if (search->pinyin)
        return search;
    free(search);
    return NULL;
}

void search_close(struct search *search) {
    if (!search)
        return;
    pinyin_close(search->pinyin);
    buffer_free(&search->given);
    buffer_free(&search->needle);
    buffer_free(&search->digits);
    buffer_free(&search->text);
    buffer_free(&search->number);
    free(search);
}

/* Empties a buffer that is to take what is made of `size` bytes, and never more than these. */
static struct buffer *room(struct buffer *buffer, size_t size) {
    buffer->maximum = buffer->maximum < size ? size : buffer->maximum;
    buffer_reset(buffer);
    return buffer;
}

/* --- the needle --------------------------------------------------------------------------- */

static bool is_letter(uint32_t point) {
    return (point >= 'a' && point <= 'z') || point == 0xfc; /* ü */
}

static bool is_digit(uint32_t point) {
    return point >= '0' && point <= '9';
}

/* What a text may have between the characters that are walked over. */
static bool is_between(uint32_t point) {
    return (point < 0x80 && !is_letter(point) && !is_digit(point)) || point == 0xb7 ||
           (point >= 0x2010 && point <= 0x2027) || (point >= 0x3000 && point <= 0x3020);
}

/* What people put between syllables, and between digits. */
static bool is_one_of(const char *characters, uint32_t point) {
    return point > 0 && point < 0x80 && strchr(characters, (int)point) != NULL;
}

static void read_items(struct search *search, struct bytes needle) {
    bool pinyin = false;
    bool fits = true;
    bool number = true;
    search->item_count = 0;
    search->breaks = 0;
    for (size_t at = 0; at < needle.size;) {
        uint32_t point = 0;
        size_t length = utf8_decode(needle, at, &point);
        at += length ? length : 1;
        number = number && (is_digit(point) || is_one_of(" +-()./", point));
        pinyin = pinyin || is_letter(point);
        if (is_one_of(" '-.", point))
            search->breaks |= (uint64_t)1 << search->item_count;
        else if (is_between(point) || search->item_count == LIMIT_SEARCH_ITEMS)
            fits = false; /* nobody types that: literally only */
        else
            search->items[search->item_count++] = point == 0xfc ? 'v' : point;
    }
    if (!pinyin || !fits)
        search->item_count = 0;
    if (!number)
        buffer_reset(&search->digits);
}

int search_for(struct search *search, struct bytes needle) {
    if (search->given.size == needle.size && !search->given.failed &&
        (needle.size == 0 || memcmp(search->given.data, needle.data, needle.size) == 0))
        return 0;
    buffer_append(room(&search->given, needle.size), needle.data, needle.size);
    text_fold(needle, room(&search->needle, needle.size));
    text_digits(needle, room(&search->digits, needle.size));
    if (search->given.failed || search->needle.failed || search->digits.failed) {
        search->given.failed = true; /* the next one is not the same */
        return -1;
    }
    read_items(search, buffer_bytes(&search->needle));
    return 0;
}

/* --- the text ----------------------------------------------------------------------------- */

static bool holds(struct bytes text, struct bytes part) {
    if (part.size == 0 || part.size > text.size)
        return part.size == 0;
    const uint8_t *end = text.data + (text.size - part.size) + 1;
    for (const uint8_t *at = text.data; at < end; at++) {
        at = memchr(at, part.data[0], (size_t)(end - at));
        if (!at)
            return false;
        if (memcmp(at, part.data, part.size) == 0)
            return true;
    }
    return false;
}

static uint64_t bit(size_t number) {
    return (uint64_t)1 << number;
}

/* Which items may be taken after a character with these readings, `before` being those that were. */
static uint64_t take_reading(const struct search *search, uint64_t before,
                             const char *reading) {
    uint64_t after = 0;
    for (size_t i = 0; before >> i; i++) {
        if (!(before & bit(i)))
            continue;
        for (size_t k = 0; reading[k] && i + k < search->item_count; k++) {
            uint32_t item = search->items[i + k];
            bool same =
                item == (uint32_t)reading[k] || (reading[k] == 'v' && item == 'u');
            if (!same || (k > 0 && (search->breaks & bit(i + k))))
                break;
            after |= bit(i + k + 1);
        }
    }
    return after;
}

static uint64_t take_character(struct search *search, uint64_t before, uint32_t point) {
    uint64_t after = 0;
    const char *readings[PINYIN_READINGS];
    for (size_t i = 0; i < search->item_count && before >> i; i++)
        if ((before & bit(i)) && search->items[i] == point)
            after |= bit(i + 1);
    size_t count = point >= 0x80 ? pinyin_readings(search->pinyin, point, readings) : 0;
    for (size_t i = 0; i < count; i++)
        after |= take_reading(search, before, readings[i]);
    return after;
}

static bool walk(struct search *search, struct bytes text) {
    uint64_t taken = 1;
    for (size_t at = 0; at < text.size;) {
        uint32_t point;
        size_t length = utf8_decode(text, at, &point);
        at += length ? length : 1;
        if (length && is_between(point))
            continue;
        taken = length ? take_character(search, taken, point) : 0;
        if (taken & bit(search->item_count))
            return true;
        taken |= 1; /* it may begin at any character */
    }
    return false;
}

int search_in(struct search *search, struct bytes text) {
    struct bytes needle = buffer_bytes(&search->needle);
    struct bytes digits = buffer_bytes(&search->digits);
    if (needle.size == 0)
        return 1;
    text_fold(text, room(&search->text, text.size));
    if (search->text.failed)
        return -1;
    struct bytes folded = buffer_bytes(&search->text);
    if (holds(folded, needle))
        return 1;
    if (digits.size > 0) {
        text_digits(text, room(&search->number, text.size));
        if (search->number.failed)
            return -1;
        return holds(buffer_bytes(&search->number), digits);
    }
    return search->item_count > 0 && walk(search, folded);
}

/* --- in SQL ------------------------------------------------------------------------------- */

static struct bytes text_of(sqlite3_value *value) {
    const uint8_t *data = sqlite3_value_text(value);
    return (struct bytes){data, data ? (size_t)sqlite3_value_bytes(value) : 0};
}

static void sql_search_matches(sqlite3_context *sql, int count, sqlite3_value **values) {
    struct search *search = sqlite3_user_data(sql);
    int found = 0;
    if (count < 2) {
        sqlite3_result_error(sql, "search_matches wants (needle, text, ...)", -1);
        return;
    }
    if (sqlite3_value_type(values[0]) == SQLITE_NULL) {
        sqlite3_result_int(sql, 1);
        return;
    }
    if (search_for(search, text_of(values[0])) != 0)
        found = -1;
    for (int i = 1; i < count && found == 0; i++)
        if (sqlite3_value_type(values[i]) != SQLITE_NULL)
            found = search_in(search, text_of(values[i]));
    if (found < 0)
        sqlite3_result_error_nomem(sql);
    else
        sqlite3_result_int(sql, found);
}

static void forget(void *search) {
    search_close(search);
}

int search_register(sqlite3 *db, struct error *error) {
    struct search *search = search_open();
    if (!search)
        return error_out_of_memory(error);
    /* SQLite calls `forget` also when this fails. */
    if (sqlite3_create_function_v2(db, "search_matches", -1,
                                   SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY,
                                   search, sql_search_matches, NULL, NULL,
                                   forget) != SQLITE_OK)
        return error_from_sqlite(error, db, "registering the search");
    return 0;
}
