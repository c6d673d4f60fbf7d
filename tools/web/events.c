/*
 * A ring of texts. Whoever waits sleeps on a pipe of its own, so that no clock that is set meanwhile matters.
 */
#include "tools/web/events.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client-core/json.h"

enum { LIMIT_EVENT = 4096 };

struct waiter {
    int bell[2];
    const void *session;
    struct waiter *next; /* the one that came before */
};

struct events {
    pthread_mutex_t lock;
    char *texts[EVENTS_KEPT]; /* event n is at n % EVENTS_KEPT */
    int64_t first;            /* the oldest that is kept */
    int64_t next;             /* the number that the next one gets */
    struct waiter *waiters;   /* newest first */
    size_t waiting;
    bool closed;
};

int events_make(const struct env *env, struct events **ret, struct error *error) {
    struct events *events = calloc(1, sizeof *events);
    if (events == NULL)
        return error_out_of_memory(error);
    pthread_mutex_init(&events->lock, NULL);
    events->first = events->next = env->wall_ms(env->context) + 1;
    *ret = events;
    return 0;
}

void events_free(struct events *events) {
    if (events == NULL)
        return;
    for (size_t i = 0; i < EVENTS_KEPT; i++)
        free(events->texts[i]);
    pthread_mutex_destroy(&events->lock);
    free(events);
}

static void ring(const struct waiter *waiter) {
    ssize_t written = write(waiter->bell[1], "!", 1); /* a full pipe rings anyway */
    (void)written;
}

/* {"event":"changed","received":5} */
static char *compose(const char *event, const char *json) {
    struct buffer text = buffer_make(LIMIT_EVENT);
    char *composed = NULL;
    const char *members = json != NULL ? strchr(json, '{') : NULL;
    buffer_append_byte(&text, '{');
    json_put_name(&text, "event");
    json_put_string(&text, event);
    buffer_printf(&text, "%s%s",
                  members != NULL && members[1 + strspn(members + 1, " ")] != '}' ? ","
                                                                                  : "",
                  members != NULL ? members + 1 : "}");
    (void)json_take(&text, &composed, NULL);
    buffer_free(&text);
    return composed;
}

void events_add(struct events *events, const char *event, const char *json) {
    char *text = compose(event, json);
    if (text == NULL)
        return; /* the page notices by the next one's number, or at its next look */
    pthread_mutex_lock(&events->lock);
    char **place = &events->texts[events->next % EVENTS_KEPT];
    free(*place);
    *place = text;
    events->next++;
    if (events->next - events->first > EVENTS_KEPT)
        events->first++;
    for (struct waiter *waiter = events->waiters; waiter != NULL; waiter = waiter->next)
        ring(waiter);
    pthread_mutex_unlock(&events->lock);
}

void events_release(struct events *events, const void *session) {
    pthread_mutex_lock(&events->lock);
    events->closed = events->closed || session == NULL;
    for (struct waiter *waiter = events->waiters; waiter != NULL; waiter = waiter->next)
        if (session == NULL || waiter->session == session)
            ring(waiter);
    pthread_mutex_unlock(&events->lock);
}

/* --- waiting -------------------------------------------------------------------------------- */

/* A page that was loaded again left its last request behind: it gives way. */
static void let_first_go(struct events *events, const void *session) {
    struct waiter *first = NULL;
    size_t count = 0;
    for (struct waiter *waiter = events->waiters; waiter != NULL; waiter = waiter->next) {
        if (waiter->session == session) {
            first = waiter;
            count++;
        }
    }
    if (count >= EVENTS_WAITING_OF_SESSION)
        ring(first);
}

static int join(struct events *events, struct waiter *waiter, struct error *error) {
    if (events->waiting >= EVENTS_WAITING)
        return error_set(error, "events.many", NULL,
                         "%d pages wait for events already; try again in a while",
                         EVENTS_WAITING);
    if (pipe(waiter->bell) != 0)
        return error_out_of_memory(error);
    for (int i = 0; i < 2; i++) {
        fcntl(waiter->bell[i], F_SETFD, FD_CLOEXEC);
        fcntl(waiter->bell[i], F_SETFL, O_NONBLOCK);
    }
    let_first_go(events, waiter->session);
    waiter->next = events->waiters;
    events->waiters = waiter;
    events->waiting++;
    return 0;
}

static void leave(struct events *events, struct waiter *waiter) {
    struct waiter **link = &events->waiters;
    while (*link != waiter)
        link = &(*link)->next;
    *link = waiter->next;
    events->waiting--;
    close(waiter->bell[0]);
    close(waiter->bell[1]);
}

static void put_events(const struct events *events, int64_t after,
                       struct buffer *ret_json) {
    bool missed = after < events->first - 1 || after >= events->next;
    buffer_append_byte(ret_json, '{');
    json_put_name(ret_json, "next");
    json_put_integer(ret_json, events->next - 1);
    json_put_name(ret_json, "events");
    buffer_append_byte(ret_json, '[');
    if (missed)
        buffer_printf(ret_json, "{\"event\":\"missed\"}");
    for (int64_t i = missed ? events->first : after + 1; i < events->next; i++) {
        json_put_comma(ret_json);
        buffer_printf(ret_json, "%s", events->texts[i % EVENTS_KEPT]);
    }
    buffer_printf(ret_json, "]}");
}

int events_wait(struct events *events, int64_t after, int timeout_ms, const void *session,
                struct buffer *ret_json, struct error *error) {
    struct waiter waiter = {.session = session};
    int failed = 0;
    pthread_mutex_lock(&events->lock);
    if (after == EVENTS_FROM_NOW)
        after = events->next - 1;
    if (after == events->next - 1 && !events->closed) {
        failed = join(events, &waiter, error);
        if (!failed) {
            struct pollfd bell = {.fd = waiter.bell[0], .events = POLLIN};
            pthread_mutex_unlock(&events->lock);
            (void)poll(&bell, 1, timeout_ms);
            pthread_mutex_lock(&events->lock);
            leave(events, &waiter);
        }
    }
    if (!failed)
        put_events(events, after, ret_json);
    pthread_mutex_unlock(&events->lock);
    return failed;
}
