/*
 * A list under a lock. A session that ended is forgotten at once, and freed when the last request that holds it
 * is done.
 */
#include "tools/web/sessions.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/seal.h"

#define LONG_AGO_MS (INT64_MIN / 2)

struct entry {
    struct session session; /* first: a held session is its entry */
    uint8_t hash[HASH_SIZE];
    int64_t used_ms;
    int64_t checked_ms;
    int64_t quiet_until_ms; /* what it looks at before is an echo of an event */
    int holders;
    bool ended; /* off the list */
    struct entry *next;
};

struct sessions {
    pthread_mutex_t lock;
    const struct env *env;
    int64_t idle_ms;
    size_t most;
    size_t count;
    struct entry *first;
};

int sessions_make(size_t most, int64_t idle_ms, const struct env *env,
                  struct sessions **ret, struct error *error) {
    struct sessions *sessions = calloc(1, sizeof *sessions);
    if (sessions == NULL)
        return error_out_of_memory(error);
    pthread_mutex_init(&sessions->lock, NULL);
    sessions->env = env;
    sessions->idle_ms = idle_ms;
    sessions->most = most;
    *ret = sessions;
    return 0;
}

static void entry_free(struct entry *entry) {
    satchel_sign_out(entry->session.handle);
    free(entry);
}

/* Under the lock, as all below that take an entry. */
static void unlink_entry(struct sessions *sessions, struct entry *entry) {
    struct entry **link = &sessions->first;
    while (*link != entry)
        link = &(*link)->next;
    *link = entry->next;
    sessions->count--;
    entry->ended = true;
    if (entry->holders == 0)
        entry_free(entry);
}

void sessions_free(struct sessions *sessions) {
    if (sessions == NULL)
        return;
    while (sessions->first != NULL)
        unlink_entry(sessions, sessions->first);
    pthread_mutex_destroy(&sessions->lock);
    free(sessions);
}

static int64_t now_ms(const struct sessions *sessions) {
    return sessions->env->boot_ms(sessions->env->context);
}

static void drop_idle(struct sessions *sessions) {
    int64_t now = now_ms(sessions);
    struct entry *next = NULL;
    for (struct entry *entry = sessions->first; sessions->idle_ms > 0 && entry != NULL;
         entry = next) {
        next = entry->next;
        if (now - entry->used_ms >= sessions->idle_ms)
            unlink_entry(sessions, entry);
    }
}

/* So that nobody's browsers crowd the others out. */
static void drop_oldest_of(struct sessions *sessions, const char *user) {
    struct entry *oldest = NULL;
    size_t count = 0;
    for (struct entry *entry = sessions->first; entry != NULL; entry = entry->next) {
        if (strcmp(entry->session.user, user) != 0)
            continue;
        count++;
        if (oldest == NULL || entry->used_ms <= oldest->used_ms)
            oldest = entry;
    }
    if (count >= SESSIONS_OF_PERSON)
        unlink_entry(sessions, oldest);
}

static struct entry *find(struct sessions *sessions, const char *id) {
    uint8_t hash[HASH_SIZE];
    hash_blake2b(bytes_of_text(id), hash);
    for (struct entry *entry = sessions->first; entry != NULL; entry = entry->next)
        if (seal_equal(entry->hash, hash, HASH_SIZE))
            return entry;
    return NULL;
}

void sessions_id(const struct env *env, char ret_id[SESSION_ID + 1]) {
    uint8_t random[32];
    struct buffer text = buffer_make(2 * SESSION_ID);
    env->random(env->context, random, sizeof random);
    seal_base32((struct bytes){random, sizeof random}, &text);
    snprintf(ret_id, SESSION_ID + 1, "%s", buffer_text(&text));
    seal_wipe(text.data, text.size);
    buffer_free(&text);
}

int sessions_add(struct sessions *sessions, const char *id, satchel_session *handle,
                 const char *user, struct error *error) {
    struct entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL) {
        satchel_sign_out(handle);
        return error_out_of_memory(error);
    }
    entry->session.handle = handle;
    snprintf(entry->session.user, sizeof entry->session.user, "%s", user);
    hash_blake2b(bytes_of_text(id), entry->hash);
    pthread_mutex_lock(&sessions->lock);
    drop_idle(sessions);
    drop_oldest_of(sessions, user);
    bool room = sessions->count < sessions->most;
    if (room) {
        entry->used_ms = entry->checked_ms = now_ms(sessions);
        entry->next = sessions->first;
        sessions->first = entry;
        sessions->count++;
    }
    pthread_mutex_unlock(&sessions->lock);
    if (room)
        return 0;
    entry_free(entry);
    return error_set(error, "session.many", NULL,
                     "%zu people are signed in here already; try again later",
                     sessions->most);
}

struct session *sessions_hold(struct sessions *sessions, const char *id,
                              enum session_use use) {
    pthread_mutex_lock(&sessions->lock);
    drop_idle(sessions);
    struct entry *entry = find(sessions, id);
    if (entry != NULL) {
        entry->holders++;
        int64_t now = now_ms(sessions);
        if (use == SESSION_WORKS ||
            (use == SESSION_LOOKS && now >= entry->quiet_until_ms))
            entry->used_ms = now;
    }
    pthread_mutex_unlock(&sessions->lock);
    return entry != NULL ? &entry->session : NULL;
}

void sessions_release(struct sessions *sessions, struct session *session) {
    struct entry *entry = (struct entry *)session;
    if (entry == NULL)
        return;
    pthread_mutex_lock(&sessions->lock);
    bool last = --entry->holders == 0 && entry->ended;
    pthread_mutex_unlock(&sessions->lock);
    if (last)
        entry_free(entry);
}

bool sessions_due(struct sessions *sessions, struct session *session, int64_t every_ms) {
    struct entry *entry = (struct entry *)session;
    pthread_mutex_lock(&sessions->lock);
    int64_t now = now_ms(sessions);
    bool due = now - entry->checked_ms >= every_ms;
    if (due)
        entry->checked_ms = now;
    pthread_mutex_unlock(&sessions->lock);
    return due;
}

void sessions_look_again(struct sessions *sessions) {
    pthread_mutex_lock(&sessions->lock);
    for (struct entry *entry = sessions->first; entry != NULL; entry = entry->next)
        entry->checked_ms = LONG_AGO_MS;
    pthread_mutex_unlock(&sessions->lock);
}

void sessions_told(struct sessions *sessions, struct session *session) {
    struct entry *entry = (struct entry *)session;
    pthread_mutex_lock(&sessions->lock);
    entry->quiet_until_ms = now_ms(sessions) + SESSION_ECHO_MS;
    pthread_mutex_unlock(&sessions->lock);
}

void sessions_end(struct sessions *sessions, const char *id) {
    pthread_mutex_lock(&sessions->lock);
    struct entry *entry = find(sessions, id);
    if (entry != NULL)
        unlink_entry(sessions, entry);
    pthread_mutex_unlock(&sessions->lock);
}

void sessions_end_person(struct sessions *sessions, const char *user,
                         const struct session *except) {
    struct entry *next = NULL;
    pthread_mutex_lock(&sessions->lock);
    for (struct entry *entry = sessions->first; entry != NULL; entry = next) {
        next = entry->next;
        if (&entry->session != except && strcmp(entry->session.user, user) == 0)
            unlink_entry(sessions, entry);
    }
    pthread_mutex_unlock(&sessions->lock);
}
