/*
 * Texts as JSON strings.
 */
#include "schema/base/json_text.h"

#include <stdio.h>
#include <string.h>

static void put_escaped(struct buffer *buffer, uint8_t c) {
    static const char short_form[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    char text[8];
    for (size_t i = 0; short_form[i]; i += 2) {
        if ((uint8_t)short_form[i] == c) {
            buffer_append_byte(buffer, '\\');
            buffer_append_byte(buffer, (uint8_t)short_form[i + 1]);
            return;
        }
    }
    snprintf(text, sizeof text, "\\u%04x", c);
    buffer_append(buffer, text, strlen(text));
}

void json_put_text(struct buffer *buffer, struct bytes text) {
    size_t from = 0;
    buffer_append_byte(buffer, '"');
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buffer_append(buffer, text.data + from, i - from);
        put_escaped(buffer, c);
        from = i + 1;
    }
    if (text.size > from)
        buffer_append(buffer, text.data + from, text.size - from);
    buffer_append_byte(buffer, '"');
}
