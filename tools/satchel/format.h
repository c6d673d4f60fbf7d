/*
 * How a value looks to people: the suffix of its column's name decides (schema/README.md).
 *
 *   amount_minor  1,234.00 (decimals by currency)    win_rate_bp  63.15 %
 *   closed_at     2026-03-01 14:30, local time       closed_on    2026-03-01
 *   line_qty      2.5 (thousandths)                  id, x_id     …6f1c02ab
 */
#ifndef SATCHEL_TOOLS_FORMAT_H
#define SATCHEL_TOOLS_FORMAT_H

#include <stdbool.h>

#include "schema/base/bytes.h"
#include "tools/satchel/json.h"

enum column_kind {
    COLUMN_KIND_TEXT, /* as it is, numbers too */
    COLUMN_KIND_MONEY,
    COLUMN_KIND_RATE,
    COLUMN_KIND_TIME,
    COLUMN_KIND_QUANTITY,
    COLUMN_KIND_ID
};

enum format_style {
    FORMAT_PEOPLE, /* thousands grouped, ids short */
    FORMAT_SHEET   /* for a spreadsheet: plain decimals, ids whole */
};

enum column_kind format_kind(const char *column);

/* Appends the value as text; null appends nothing. `currency` may be NULL. */
void format_value(struct buffer *text, enum column_kind kind, const struct node *value,
                  const char *currency, enum format_style style);

/* The column's name without the suffix that only says how to show it, blanks for underscores. */
void format_title(struct buffer *text, const char *column);

/* The same for a spreadsheet: won_amount_minor becomes won_amount, since it is no longer in minor units. */
void format_sheet_title(struct buffer *text, const char *column);

/* Single values, for messages. */
void format_money(struct buffer *text, int64_t minor, const char *currency,
                  enum format_style style);
void format_time(struct buffer *text, int64_t utc_ms);
void format_moment(struct buffer *text, int64_t utc_ms); /* with seconds */
void format_size(struct buffer *text, int64_t bytes);    /* 1.2 MB */
void format_count(struct buffer *text, int64_t count);   /* 8,800 */

#endif
