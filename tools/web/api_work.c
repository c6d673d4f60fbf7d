/*
 * Working and looking: what goes to the station as it came, and comes back as it is.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/satchel/json.h"
#include "tools/web/internal.h"

enum { EVENTS_WAIT_MS = 25000, STORY_DEFAULT = 100, LIMIT_EVENTS = 8 * 1024 * 1024 };

/* Takes `json`. */
static void hand_back(const struct visit *visit, int failed, char *json,
                      const struct error *error) {
    if (failed)
        visit_fail(visit, error);
    else
        visit_answer(visit, json);
    satchel_free(json);
}

/* For the other pages of this station: auto-sync tells only what came from headquarters. */
static void tell_worked(const struct visit *visit) {
    events_add(visit->web->events, "worked", "{}");
}

void api_do(struct visit *visit) {
    struct error error = {0};
    char *json = NULL;
    int failed = satchel_do(visit->session->handle, visit->rest, visit->json, &json,
                            outer(&error));
    if (!failed)
        tell_worked(visit);
    hand_back(visit, failed, json, &error);
}

void api_do_all(struct visit *visit) {
    enum { NONE = LIMIT_BATCH + 1 };
    struct error error = {0};
    size_t index = NONE;
    char *json = NULL;
    if (satchel_do_all(visit->session->handle, visit->rest, visit->json, &json, &index,
                       outer(&error)) != 0)
        visit_fail_with(visit, &error, index == NONE ? NULL : "index", (int64_t)index);
    else {
        tell_worked(visit);
        visit_answer(visit, json);
    }
    satchel_free(json);
}

void api_ask(struct visit *visit) {
    struct error error = {0};
    char *json = NULL;
    int failed = satchel_ask(visit->session->handle, visit->rest, visit->json, &json,
                             outer(&error));
    hand_back(visit, failed, json, &error);
}

void api_status(struct visit *visit) {
    struct error error = {0};
    char *json = NULL;
    int failed = satchel_status(visit->station, &json, outer(&error));
    hand_back(visit, failed, json, &error);
}

void api_inbox(struct visit *visit) {
    struct error error = {0};
    char *json = NULL;
    int failed = satchel_inbox(visit->session->handle, &json, outer(&error));
    hand_back(visit, failed, json, &error);
}

/* {"transaction": id, "values": {…}}: refused work, done again or given up. */
static void work_again(struct visit *visit, bool give_up) {
    struct error error = {0};
    struct node *body = node_read(visit->json, NULL, 0);
    const char *transaction = node_member_text(body, "transaction");
    char *values = node_kind(node_member(body, "values")) == NODE_OBJECT
                       ? node_write(node_member(body, "values"))
                       : NULL;
    int failed = give_up
                     ? satchel_discard(visit->session->handle, transaction, outer(&error))
                     : satchel_resubmit(visit->session->handle, transaction, values,
                                        outer(&error));
    if (failed)
        visit_fail(visit, &error);
    else {
        tell_worked(visit);
        visit_answer(visit, "{}");
    }
    node_free_text(values);
    node_release(body);
}

void api_resubmit(struct visit *visit) {
    work_again(visit, false);
}

void api_discard(struct visit *visit) {
    work_again(visit, true);
}

/* A number in the query; `missing` when it is not there. Negative: not a number. */
static int64_t query_number(const struct visit *visit, const char *name,
                            int64_t missing) {
    char text[24];
    if (!guard_parameter(visit->request->query, name, text, sizeof text))
        return missing;
    size_t size = strspn(text, "0123456789");
    return size > 0 && size < 19 && text[size] == '\0' ? strtoll(text, NULL, 10) : -1;
}

void api_story(struct visit *visit) {
    struct error error = {0};
    char *json = NULL;
    int64_t limit = query_number(visit, "limit", STORY_DEFAULT);
    satchel_session *session = visit->session->handle;
    const char *query = visit->request->query;
    char table[64];
    char id[64];
    int failed = 0;
    if (limit < 1)
        failed = error_set(&error, "parameter.invalid", "limit", "limit is a number");
    else if (!guard_parameter(query, "table", table, sizeof table))
        failed = satchel_story(session, limit, &json, outer(&error));
    else if (!guard_parameter(query, "id", id, sizeof id))
        failed = error_set(&error, "parameter.missing", "id", "say which record");
    else
        failed = satchel_story_of(session, table, id, limit, &json, outer(&error));
    hand_back(visit, failed, json, &error);
}

void api_marks(struct visit *visit) {
    struct error error = {0};
    char *json = NULL;
    int failed = satchel_marks(visit->session->handle, &json, outer(&error));
    hand_back(visit, failed, json, &error);
}

void api_describe(struct visit *visit) {
    struct error error = {0};
    char *json = NULL;
    int failed = satchel_describe(visit->station, &json, outer(&error));
    hand_back(visit, failed, json, &error);
}

void api_events(struct visit *visit) {
    struct error error = {0};
    struct buffer json = buffer_make(LIMIT_EVENTS);
    int64_t after = query_number(visit, "after", EVENTS_FROM_NOW);
    char text[24];
    int failed = 0;
    if (after < 0 && guard_parameter(visit->request->query, "after", text, sizeof text))
        failed =
            error_set(&error, "parameter.invalid", "after", "after is an event's number");
    if (!failed)
        failed = events_wait(visit->web->events, after, EVENTS_WAIT_MS, visit->session,
                             &json, &error);
    if (failed) {
        visit_fail(visit, &error);
    } else {
        sessions_told(visit->web->sessions, visit->session);
        visit_answer_buffer(visit, &json);
    }
    buffer_free(&json);
}
