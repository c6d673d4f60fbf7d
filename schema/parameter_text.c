/*
 * Numbers, amounts, rates, dates and times as people write them. Pure.
 */
#include <string.h>

#include "schema/calendar.h"
#include "schema/parameter_parts.h"
#include "schema/text.h"

enum { MINUTE_MS = 60000, DAY_MS = 86400000 };

static bool is(struct bytes text, const char *word) {
    return bytes_equal(text, bytes_of_text(word));
}

static bool skip(struct bytes *text, const char *prefix) {
    size_t length = strlen(prefix);
    if (text->size < length || memcmp(text->data, prefix, length) != 0)
        return false;
    text->data += length;
    text->size -= length;
    return true;
}

static bool drop(struct bytes *text, const char *suffix) {
    size_t length = strlen(suffix);
    if (text->size < length ||
        memcmp(text->data + text->size - length, suffix, length) != 0)
        return false;
    text->size -= length;
    return true;
}

/* A comma groups thousands: digits before it, exactly three behind it. */
static bool comma_fits(struct bytes text, size_t at) {
    size_t run = 0;
    for (size_t i = at + 1; i < text.size && text.data[i] >= '0' && text.data[i] <= '9';
         i++)
        run++;
    return at > 0 && run == 3;
}

static bool add_digit(uint8_t digit, int64_t *number) {
    return !__builtin_mul_overflow(*number, 10, number) &&
           !__builtin_add_overflow(*number, digit - '0', number);
}

/* A decimal with at most two digits behind the point, times 100. */
static bool read_hundredths(struct bytes text, int64_t *ret) {
    int64_t number = 0;
    size_t digits = 0;
    int decimals = -1; /* no point yet */
    bool minus = skip(&text, "-");
    if (!minus)
        skip(&text, "+");
    if (!skip(&text, "¥"))
        skip(&text, "￥");
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (c == '.' && decimals < 0) {
            decimals = 0;
        } else if (c >= '0' && c <= '9' && decimals < 2) {
            decimals += decimals >= 0;
            digits++;
            if (!add_digit(c, &number))
                return false;
        } else if (c != ',' || decimals >= 0 || !comma_fits(text, i)) {
            return false;
        }
    }
    for (decimals = decimals < 0 ? 0 : decimals; decimals < 2; decimals++)
        if (!add_digit('0', &number))
            return false;
    *ret = minus ? -number : number;
    return digits > 0;
}

bool parameter_text_money(struct bytes text, int64_t *ret_minor) {
    return read_hundredths(text, ret_minor);
}

bool parameter_text_bp(struct bytes text, int64_t *ret_bp) {
    if (!drop(&text, "%") && !drop(&text, "％"))
        return parameter_text_integer(text, ret_bp);
    return read_hundredths(text_trim(text), ret_bp);
}

bool parameter_text_integer(struct bytes text, int64_t *ret) {
    int64_t number = 0;
    bool minus = skip(&text, "-");
    if (!minus)
        skip(&text, "+");
    if (text.size == 0)
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < '0' || text.data[i] > '9' || !add_digit(text.data[i], &number))
            return false;
    *ret = minus ? -number : number;
    return true;
}

bool parameter_text_bool(struct bytes text, int64_t *ret) {
    static const char *const words[][2] = {{"no", "yes"}, {"false", "true"}, {"0", "1"},
                                           {"off", "on"}, {"否", "是"},      {"n", "y"}};
    struct buffer folded = buffer_make(16);
    bool known = false;
    text_fold(text, &folded);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        for (int64_t truth = 0; truth < 2; truth++) {
            if (folded.failed || !is(buffer_bytes(&folded), words[i][truth]))
                continue;
            *ret = truth;
            known = true;
        }
    buffer_free(&folded);
    return known;
}

bool parameter_text_date(struct bytes text, const struct function_context *context,
                         int64_t *ret_day) {
    static const char *const words[] = {"yesterday", "today", "tomorrow"};
    for (int i = 0; i < 3; i++) {
        if (!is(text, words[i]))
            continue;
        *ret_day = calendar_day(context->now_ms, context->utc_offset_minutes) + i - 1;
        return true;
    }
    return calendar_parse_date(text, ret_day);
}

bool parameter_text_time(struct bytes text, const struct function_context *context,
                         int64_t *ret_utc_ms) {
    if (is(text, "now")) {
        *ret_utc_ms = context->now_ms;
        return true;
    }
    if (is(text, "today")) {
        int64_t day = calendar_day(context->now_ms, context->utc_offset_minutes);
        *ret_utc_ms = day * DAY_MS - context->utc_offset_minutes * MINUTE_MS;
        return true;
    }
    if (text.size >= 12 && text.size <= 15 && parameter_text_integer(text, ret_utc_ms))
        return true;
    return calendar_parse_time(text, context->utc_offset_minutes, ret_utc_ms);
}
