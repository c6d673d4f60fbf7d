/*
 * Strict readers. No floating point: 1100.04 is 1100040000 millionths, exactly.
 */
#include "tools/satchel/import_text.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static int two_digits(const char *text) {
    return (text[0] - '0') * 10 + (text[1] - '0');
}

bool import_text_is_date(const char *text) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (strlen(text) != 10 || text[4] != '-' || text[7] != '-')
        return false;
    for (int i = 0; i < 10; i++)
        if (i != 4 && i != 7 && !is_digit(text[i]))
            return false;
    int year = two_digits(text) * 100 + two_digits(text + 2);
    int month = two_digits(text + 5), day = two_digits(text + 8);
    if (year < 1900 || month < 1 || month > 12 || day < 1)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day <= days[month - 1] + (month == 2 && leap);
}

/* Reads the digits before the point, skipping commas that group them in threes. */
static const char *read_whole(const char *text, int64_t *ret) {
    const char *start = text;
    size_t digits = 0, since_comma = 0;
    bool grouped = false;
    *ret = 0;
    for (; is_digit(*text) || *text == ','; text++) {
        if (*text == ',') {
            if (grouped ? since_comma != 3 : since_comma < 1 || since_comma > 3)
                return NULL;
            grouped = true;
            since_comma = 0;
            continue;
        }
        *ret = *ret * 10 + (*text - '0');
        since_comma++;
        if (++digits > 12)
            return NULL;
    }
    return text == start || (grouped && since_comma != 3) ? NULL : text;
}

bool import_text_number(const char *text, int decimals, int64_t *ret) {
    int64_t number;
    text = read_whole(text, &number);
    if (text == NULL)
        return false;
    int64_t scale = 1000000;
    number *= scale;
    if (*text == '.') {
        text++;
        for (int i = 0; is_digit(*text); text++, i++) {
            if (i >= decimals && *text != '0')
                return false;
            scale /= 10;
            number += i < decimals ? (*text - '0') * scale : 0;
        }
    }
    if (*text != '\0')
        return false;
    *ret = number;
    return true;
}

bool import_text_integer(const char *text, int64_t least, int64_t most, int64_t *ret) {
    int64_t number;
    if (!import_text_number(text, 0, &number))
        return false;
    number /= 1000000;
    if (number < least || number > most)
        return false;
    *ret = number;
    return true;
}
