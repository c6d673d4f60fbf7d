/*
 * UTF-8: decoding without overlong forms, surrogates or anything above U+10FFFF.
 */
#include "schema/base/utf8.h"

size_t utf8_decode(struct bytes text, size_t at, uint32_t *ret_code_point) {
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (at >= text.size)
        return 0;
    uint8_t lead = text.data[at];
    if (lead < 0x80) {
        *ret_code_point = lead;
        return 1;
    }
    size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size - at < length)
        return 0;
    uint32_t point = lead & (0x7fU >> length);
    for (size_t i = 1; i < length; i++) {
        if ((text.data[at + i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (text.data[at + i] & 0x3fU);
    }
    if (point < smallest[length] || point > 0x10ffff ||
        (point >= 0xd800 && point <= 0xdfff))
        return 0;
    *ret_code_point = point;
    return length;
}

void utf8_append(struct buffer *buffer, uint32_t point) {
    static const uint8_t marks[] = {0, 0xc0, 0xe0, 0xf0};
    uint8_t bytes[4] = {(uint8_t)point};
    size_t more = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    if (more > 0)
        bytes[0] = (uint8_t)(marks[more] | (point >> (6 * more)));
    for (size_t i = 1; i <= more; i++)
        bytes[i] = (uint8_t)(0x80 | ((point >> (6 * (more - i))) & 0x3f));
    buffer_append(buffer, bytes, more + 1);
}

bool utf8_is_valid(struct bytes text) {
    uint32_t point;
    for (size_t at = 0; at < text.size;) {
        size_t length = utf8_decode(text, at, &point);
        if (length == 0 || point == 0)
            return false;
        at += length;
    }
    return true;
}

size_t utf8_count(struct bytes text) {
    size_t count = 0;
    for (size_t at = 0; at < text.size; at++)
        count += (text.data[at] & 0xc0) != 0x80;
    return count;
}
