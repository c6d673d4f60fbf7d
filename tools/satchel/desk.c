/*
 * Opening, signing in, closing. A message that could be read several ways gets the words that help:
 * which folder, which people.
 */
#include "tools/satchel/desk.h"

#include <stdio.h>
#include <string.h>

#include "tools/satchel/json.h"

int desk_open_only(const struct invocation *invocation, struct desk *ret,
                   satchel_error *error) {
    memset(ret, 0, sizeof *ret);
    return satchel_open(&(satchel_options){.home = invocation->home}, &ret->handle,
                        error);
}

/* The first text in the first row of an answer, or "". */
static void first_text(const char *answer, const char *name, char *ret_text,
                       size_t size) {
    struct node *rows = node_read(answer, NULL, 0);
    snprintf(ret_text, size, "%s", node_member_text(node_at(rows, 0), name));
    node_release(rows);
}

static void learn_currency(struct desk *desk) {
    char *answer = NULL;
    if (satchel_ask(desk->session, "company.show", NULL, &answer, NULL) != 0)
        return;
    first_text(answer, "currency", desk->currency, sizeof desk->currency);
    satchel_free(answer);
}

int desk_open(const struct invocation *invocation, struct desk *ret,
              satchel_error *error) {
    int rc = desk_open_only(invocation, ret, error);
    if (rc == 0)
        rc = satchel_sign_in(ret->handle, invocation->actor, NULL, &ret->session, error);
    if (rc == 0 && !invocation->json)
        learn_currency(ret);
    return rc;
}

void desk_close(struct desk *desk) {
    satchel_sign_out(desk->session);
    satchel_close(desk->handle);
    memset(desk, 0, sizeof *desk);
}

const char *desk_currency(const struct desk *desk) {
    return desk->currency[0] != '\0' ? desk->currency : NULL;
}
