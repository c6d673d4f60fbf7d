/*
 * Folding, trimming, digits.
 */
#include "schema/text.h"

#include "schema/base/utf8.h"

static bool is_blank(uint32_t point) {
    return (point >= '\t' && point <= '\r') || point == ' ' || point == 0xa0 ||
           point == 0x3000;
}

/* The character at `at`; a byte that is no UTF-8 counts as one character of no meaning. */
static size_t next(struct bytes text, size_t at, uint32_t *ret_point) {
    size_t length = utf8_decode(text, at, ret_point);
    if (length > 0)
        return length;
    *ret_point = UINT32_MAX;
    return 1;
}

struct bytes text_trim(struct bytes text) {
    if (text.size == 0)
        return text; /* may have no data */
    size_t start = 0;
    size_t end = 0;
    bool started = false;
    for (size_t at = 0; at < text.size;) {
        uint32_t point;
        size_t length = next(text, at, &point);
        if (!is_blank(point)) {
            start = started ? start : at;
            started = true;
            end = at + length;
        }
        at += length;
    }
    return (struct bytes){text.data + start, end - start};
}

static uint32_t half_width(uint32_t point) {
    return point >= 0xff01 && point <= 0xff5e ? point - 0xff01 + '!' : point;
}

/* Pairs of Latin Extended-A: upper case is even in most of it, odd in two stretches. */
static uint32_t lower_latin_extended(uint32_t point) {
    if (point == 0x130) /* İ */
        return 'i';
    if (point == 0x178) /* Ÿ */
        return 0xff;
    bool odd = (point >= 0x139 && point <= 0x148) || (point >= 0x179 && point <= 0x17e);
    bool none = point == 0x131 || point == 0x138 || point == 0x149 || point == 0x17f;
    return !none && (point & 1) == (odd ? 1U : 0U) ? point + 1 : point;
}

static uint32_t lower(uint32_t point) {
    if ((point >= 'A' && point <= 'Z') ||
        (point >= 0xc0 && point <= 0xde && point != 0xd7))
        return point + 32;
    if (point >= 0x100 && point <= 0x17f)
        return lower_latin_extended(point);
    if (point >= 0x391 && point <= 0x3a9 && point != 0x3a2)
        return point + 32;
    if (point >= 0x410 && point <= 0x42f)
        return point + 32;
    if (point >= 0x400 && point <= 0x40f)
        return point + 80;
    return point;
}

void text_fold(struct bytes text, struct buffer *folded) {
    text = text_trim(text);
    bool after_blank = false;
    for (size_t at = 0; at < text.size;) {
        uint32_t point;
        size_t length = next(text, at, &point);
        bool blank = is_blank(point);
        if (blank && !after_blank)
            buffer_append_byte(folded, ' ');
        else if (point == UINT32_MAX)
            buffer_append_byte(folded, text.data[at]);
        else if (!blank)
            utf8_append(folded, lower(half_width(point)));
        after_blank = blank;
        at += length;
    }
}

void text_digits(struct bytes text, struct buffer *digits) {
    for (size_t at = 0; at < text.size;) {
        uint32_t point;
        at += next(text, at, &point);
        point = half_width(point);
        if (point >= '0' && point <= '9')
            buffer_append_byte(digits, (uint8_t)point);
    }
}
