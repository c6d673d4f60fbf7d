/*
 * Numbers into text, by the suffix of a column's name. Integers only: nothing is rounded but
 * times (to the minute) and sizes.
 */
#include "tools/satchel/format.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct suffix {
    const char *text;
    enum column_kind kind;
};

static const struct suffix suffixes[] = {
    {"_minor", COLUMN_KIND_MONEY},  {"_bp", COLUMN_KIND_RATE}, {"_at", COLUMN_KIND_TIME},
    {"_qty", COLUMN_KIND_QUANTITY}, {"_id", COLUMN_KIND_ID},   {"_on", COLUMN_KIND_TEXT},
};

static const struct suffix *suffix_of(const char *column) {
    size_t length = strlen(column);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        size_t size = strlen(suffixes[i].text);
        if (length > size && strcmp(column + length - size, suffixes[i].text) == 0)
            return &suffixes[i];
    }
    return NULL;
}

enum column_kind format_kind(const char *column) {
    if (strcmp(column, "id") == 0)
        return COLUMN_KIND_ID;
    const struct suffix *suffix = suffix_of(column);
    return suffix != NULL ? suffix->kind : COLUMN_KIND_TEXT;
}

void format_title(struct buffer *text, const char *column) {
    const struct suffix *suffix = suffix_of(column);
    size_t length = strlen(column);
    if (suffix != NULL && suffix->kind != COLUMN_KIND_ID)
        length -= strlen(suffix->text);
    for (size_t i = 0; i < length; i++)
        buffer_append_byte(text, column[i] == '_' ? ' ' : (uint8_t)column[i]);
}

void format_sheet_title(struct buffer *text, const char *column) {
    enum column_kind kind = format_kind(column);
    size_t length = strlen(column);
    if (kind == COLUMN_KIND_MONEY || kind == COLUMN_KIND_RATE ||
        kind == COLUMN_KIND_QUANTITY)
        length -= strlen(suffix_of(column)->text);
    buffer_append(text, column, length);
}

static void append_grouped(struct buffer *text, uint64_t number) {
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, number);
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            buffer_append_byte(text, ',');
        buffer_append_byte(text, (uint8_t)digits[i]);
    }
}

/* number / 10^decimals; trailing zeros go when `trim`. */
static void append_scaled(struct buffer *text, int64_t number, int decimals, bool trim,
                          bool grouped) {
    uint64_t magnitude = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    uint64_t scale = 1;
    for (int i = 0; i < decimals; i++)
        scale *= 10;
    uint64_t fraction = magnitude % scale;
    while (trim && decimals > 0 && fraction % 10 == 0) {
        fraction /= 10;
        decimals--;
    }
    if (number < 0)
        buffer_append_byte(text, '-');
    if (grouped)
        append_grouped(text, magnitude / scale);
    else
        buffer_printf(text, "%" PRIu64, magnitude / scale);
    if (decimals > 0)
        buffer_printf(text, ".%0*" PRIu64, decimals, fraction);
}

/* ISO 4217: most currencies have two decimals; these have none or three. */
static int currency_decimals(const char *currency) {
    static const char none[] =
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
    static const char three[] = "BHD IQD JOD KWD LYD OMR TND";
    if (currency == NULL || strlen(currency) != 3)
        return 2;
    if (strstr(none, currency) != NULL)
        return 0;
    return strstr(three, currency) != NULL ? 3 : 2;
}

void format_money(struct buffer *text, int64_t minor, const char *currency,
                  enum format_style style) {
    append_scaled(text, minor, currency_decimals(currency), false,
                  style == FORMAT_PEOPLE);
}

void format_time(struct buffer *text, int64_t utc_ms) {
    time_t seconds = (time_t)(utc_ms / 1000);
    if (utc_ms % 1000 < 0)
        seconds--;
    struct tm local;
    char line[64];
    if (localtime_r(&seconds, &local) != NULL &&
        strftime(line, sizeof line, "%Y-%m-%d %H:%M", &local) > 0)
        buffer_printf(text, "%s", line);
    else
        buffer_printf(text, "%" PRId64, utc_ms);
}

void format_size(struct buffer *text, int64_t bytes) {
    if (bytes < 1024)
        buffer_printf(text, "%" PRId64 " B", bytes);
    else if (bytes < 1024 * 1024)
        buffer_printf(text, "%.1f KB", (double)bytes / 1024);
    else
        buffer_printf(text, "%.1f MB", (double)bytes / (1024 * 1024));
}

void format_count(struct buffer *text, int64_t count) {
    append_scaled(text, count, 0, false, true);
}

static void append_id(struct buffer *text, const char *id, enum format_style style) {
    size_t length = strlen(id);
    if (style == FORMAT_PEOPLE && length == 36)
        buffer_printf(text, "…%s", id + length - 8);
    else
        buffer_printf(text, "%s", id);
}

static void format_integer(struct buffer *text, enum column_kind kind, int64_t number,
                           const char *currency, enum format_style style) {
    switch (kind) {
    case COLUMN_KIND_MONEY:
        format_money(text, number, currency, style);
        break;
    case COLUMN_KIND_RATE:
        append_scaled(text, number, 2, false, style == FORMAT_PEOPLE);
        buffer_printf(text, style == FORMAT_PEOPLE ? " %%" : "%%");
        break;
    case COLUMN_KIND_TIME:
        format_time(text, number);
        break;
    case COLUMN_KIND_QUANTITY:
        append_scaled(text, number, 3, true, style == FORMAT_PEOPLE);
        break;
    default:
        buffer_printf(text, "%" PRId64, number);
    }
}

static void append_json(struct buffer *text, const struct node *value) {
    char *written = node_write(value);
    buffer_printf(text, "%s", written != NULL ? written : "");
    node_free_text(written);
}

void format_value(struct buffer *text, enum column_kind kind, const struct node *value,
                  const char *currency, enum format_style style) {
    switch (node_kind(value)) {
    case NODE_NULL:
        break;
    case NODE_FALSE:
        buffer_printf(text, "no");
        break;
    case NODE_TRUE:
        buffer_printf(text, "yes");
        break;
    case NODE_INTEGER:
        format_integer(text, kind, node_integer(value), currency, style);
        break;
    case NODE_TEXT:
        if (kind == COLUMN_KIND_ID)
            append_id(text, node_text(value), style);
        else
            buffer_printf(text, "%s", node_text(value));
        break;
    default:
        append_json(text, value);
    }
}
