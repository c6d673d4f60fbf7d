/*
 * The Gregorian calendar over UTC milliseconds: dates as YYYY-MM-DD, times as people write
 * them. Time zones are a fixed number of minutes. Pure; years 0001–9999.
 */
#ifndef SATCHEL_SCHEMA_CALENDAR_H
#define SATCHEL_SCHEMA_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/base/bytes.h"

enum { CALENDAR_DATE_SIZE = 11 };

/* The local day (days since 1970-01-01) of a time. */
int64_t calendar_day(int64_t utc_ms, int64_t offset_minutes);
/* "2026-11-23", NUL-terminated. Days out of range are clamped. */
void calendar_format_date(int64_t day, char ret_text[CALENDAR_DATE_SIZE]);
/* Exactly YYYY-MM-DD of a day that exists. */
bool calendar_parse_date(struct bytes text, int64_t *ret_day);
/* YYYY-MM-DD, then blank or T, HH:MM, :SS, .mmm, and Z or ±HH:MM; each part may be left out from the right. Without
 * a zone it is local time. */
bool calendar_parse_time(struct bytes text, int64_t offset_minutes, int64_t *ret_utc_ms);

#endif
