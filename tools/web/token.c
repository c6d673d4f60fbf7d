/*
 * BLAKE2b over the process's own secret, then the id.
 */
#include "tools/web/token.h"

#include <stdio.h>
#include <string.h>

#include "sync/seal.h"

void token_of(const struct web *web, const char *id, char ret_token[TOKEN + 1]) {
    struct hash hash;
    uint8_t bytes[HASH_SIZE];
    struct buffer text = buffer_make(4 * TOKEN);
    hash_begin(&hash);
    hash_add(&hash, (struct bytes){web->pepper, sizeof web->pepper});
    hash_add(&hash, bytes_of_text(id));
    hash_end(&hash, bytes);
    seal_base32((struct bytes){bytes, 20}, &text);
    snprintf(ret_token, TOKEN + 1, "%s", buffer_text(&text));
    buffer_free(&text);
}

bool token_matches(const struct web *web, const char *id, const char *token) {
    char expected[TOKEN + 1];
    token_of(web, id, expected);
    return token != NULL && id[0] != '\0' && strlen(token) == TOKEN &&
           seal_equal(expected, token, TOKEN);
}
