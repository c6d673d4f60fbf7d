/*
 * Dates and times of the Gregorian calendar. The day arithmetic is Howard Hinnant's
 * ("chrono-compatible low-level date algorithms").
 */
#include "schema/calendar.h"

#include <stdio.h>

enum { MINUTE_MS = 60000, HOUR_MS = 3600000, DAY_MS = 86400000 };
enum { FIRST_DAY = -719162, LAST_DAY = 2932896 }; /* 0001-01-01, 9999-12-31 */

int64_t calendar_day(int64_t utc_ms, int64_t offset_minutes) {
    int64_t local = utc_ms + offset_minutes * MINUTE_MS;
    return local >= 0 ? local / DAY_MS : -((-local + DAY_MS - 1) / DAY_MS);
}

static int64_t day_of(int64_t year, int64_t month, int64_t day) {
    year -= month <= 2;
    int64_t era = year / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

void calendar_format_date(int64_t day, char ret_text[CALENDAR_DATE_SIZE]) {
    day = day < FIRST_DAY ? FIRST_DAY : day > LAST_DAY ? LAST_DAY : day;
    int64_t shifted = day + 719468; /* since 0000-03-01, not negative */
    int64_t era = shifted / 146097;
    int64_t in_era = shifted - era * 146097;
    int64_t year_of_era =
        (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int64_t in_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted_month = (5 * in_year + 2) / 153;
    unsigned month =
        (unsigned)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
    unsigned date = (unsigned)(in_year - (153 * shifted_month + 2) / 5 + 1);
    unsigned year = (unsigned)(year_of_era + era * 400 + (month <= 2));
    snprintf(ret_text, CALENDAR_DATE_SIZE, "%04u-%02u-%02u", year % 10000, month % 100,
             date % 100);
}

/* Reads exactly `width` digits within limits. */
static bool read_number(struct bytes *text, size_t width, int64_t low, int64_t high,
                        int64_t *ret) {
    int64_t number = 0;
    if (text->size < width)
        return false;
    for (size_t i = 0; i < width; i++) {
        if (text->data[i] < '0' || text->data[i] > '9')
            return false;
        number = number * 10 + (text->data[i] - '0');
    }
    text->data += width;
    text->size -= width;
    *ret = number;
    return number >= low && number <= high;
}

static bool skip(struct bytes *text, char c) {
    if (text->size == 0 || text->data[0] != (uint8_t)c)
        return false;
    text->data++;
    text->size--;
    return true;
}

static bool read_date(struct bytes *text, int64_t *ret_day) {
    static const int64_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t year;
    int64_t month;
    int64_t day;
    if (!read_number(text, 4, 1, 9999, &year) || !skip(text, '-') ||
        !read_number(text, 2, 1, 12, &month) || !skip(text, '-') ||
        !read_number(text, 2, 1, 31, &day))
        return false;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (day > lengths[month - 1] + (month == 2 && leap))
        return false;
    *ret_day = day_of(year, month, day);
    return true;
}

bool calendar_parse_date(struct bytes text, int64_t *ret_day) {
    int64_t day;
    if (!read_date(&text, &day) || text.size != 0)
        return false;
    *ret_day = day;
    return true;
}

static bool read_clock(struct bytes *text, int64_t *ret_ms) {
    int64_t hours;
    int64_t minutes;
    int64_t seconds = 0;
    int64_t ms = 0;
    if (!read_number(text, 2, 0, 23, &hours) || !skip(text, ':') ||
        !read_number(text, 2, 0, 59, &minutes))
        return false;
    if (skip(text, ':') && !read_number(text, 2, 0, 59, &seconds))
        return false;
    if (skip(text, '.') && !read_number(text, 3, 0, 999, &ms))
        return false;
    *ret_ms = hours * HOUR_MS + minutes * MINUTE_MS + seconds * 1000 + ms;
    return true;
}

static bool read_zone(struct bytes *text, int64_t *minutes) {
    if (skip(text, 'Z')) {
        *minutes = 0;
        return true;
    }
    bool minus = skip(text, '-');
    if (!minus && !skip(text, '+'))
        return true;
    int64_t hours;
    int64_t rest;
    if (!read_number(text, 2, 0, 14, &hours) || !skip(text, ':') ||
        !read_number(text, 2, 0, 59, &rest))
        return false;
    *minutes = (minus ? -1 : 1) * (hours * 60 + rest);
    return true;
}

bool calendar_parse_time(struct bytes text, int64_t offset_minutes, int64_t *ret_utc_ms) {
    int64_t day;
    int64_t ms = 0;
    if (!read_date(&text, &day))
        return false;
    if ((skip(&text, 'T') || skip(&text, ' ')) &&
        (!read_clock(&text, &ms) || !read_zone(&text, &offset_minutes)))
        return false;
    if (text.size != 0)
        return false;
    *ret_utc_ms = day * DAY_MS + ms - offset_minutes * MINUTE_MS;
    return true;
}
