/*
 * Opening, signing in, closing. A message that could be read several ways gets the words that help:
 * which folder, which people.
 */
#include "tools/satchel/station.h"

#include <stdio.h>
#include <string.h>

#include "tools/satchel/json.h"

int station_open_only(const struct invocation *invocation, struct station *ret,
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

static void learn_currency(struct station *station) {
    char *answer = NULL;
    if (satchel_ask(station->session, "company.show", NULL, &answer, NULL) != 0)
        return;
    first_text(answer, "currency", station->currency, sizeof station->currency);
    satchel_free(answer);
}

int cli_station_open(const struct invocation *invocation, struct station *ret,
                 satchel_error *error) {
    int rc = station_open_only(invocation, ret, error);
    if (rc == 0)
        rc = satchel_sign_in(ret->handle, invocation->actor, NULL, &ret->session, error);
    if (rc == 0 && !invocation->json)
        learn_currency(ret);
    return rc;
}

void cli_station_close(struct station *station) {
    satchel_sign_out(station->session);
    satchel_close(station->handle);
    memset(station, 0, sizeof *station);
}

const char *station_currency(const struct station *station) {
    return station->currency[0] != '\0' ? station->currency : NULL;
}
