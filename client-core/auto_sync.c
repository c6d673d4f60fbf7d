/*
 * Auto-sync.
 *
 *            change, or SYNC_POLL_MS
 *   ONLINE ---------------------------> sync --success--> ONLINE
 *   OFFLINE --backoff, or the server can be reached again--> sync --failure--> OFFLINE
 *
 * The wait after a failure doubles from SYNC_BACKOFF_MS to SYNC_EVERY_MS, with jitter, so that the
 * stations of a company do not come back all at once. Changes of other processes show in SQLite's data
 * version.
 */
#include "client-core/auto_sync.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client-core/json.h"
#include "client-core/station.h"

enum {
    TICK_MS = 250,         /* how often other processes' changes are looked for */
    PROBE_EVERY_MS = 2000, /* and the network, while it was gone */
    LIMIT_EVENT = 4096
};

struct auto_sync {
    struct satchel *station;
    struct replica *watch; /* sees what others commit */
    pthread_t thread;
    int bell[2]; /* a pipe: one byte wakes the thread, whatever any clock says */
    pthread_mutex_t lock;
    bool stop;
    /* The thread's own: */
    int64_t data_version;
    bool online;
    bool known; /* `online` was told */
    int64_t wait_ms;
    char failure[64];
};

/* --- what happened to the replica ------------------------------------------------------------------------ */

static int64_t watch_integer(struct auto_sync *self, const char *sql) {
    sqlite3_stmt *statement = replica_statement(self->watch, sql, NULL);
    int64_t value = 0;
    if (!statement || replica_integer(self->watch, statement, &value, NULL) != 0)
        return -1;
    return value;
}

/* Somebody committed something since the last look. */
static bool data_changed(struct auto_sync *self) {
    static const char sql[] = "pragma data_version";
    int64_t version = watch_integer(self, sql);
    bool changed = version != self->data_version;
    self->data_version = version;
    return changed;
}

static bool work_waits(struct auto_sync *self) {
    static const char sql[] =
        "select exists (select 1 from station_outbox where bundle is null)"
        " or exists (select 1 from station_bundle"
        " where answered_at is null)";
    return watch_integer(self, sql) > 0;
}

/* --- waiting ----------------------------------------------------------------------------------------------- */

/* Sleeps, or is wakened. True: somebody rang. */
static bool doze(struct auto_sync *self, int ms) {
    struct pollfd bell = {.fd = self->bell[0], .events = POLLIN};
    char rung[64];
    if (poll(&bell, 1, ms) <= 0)
        return false;
    while (read(self->bell[0], rung, sizeof rung) > 0)
        ;
    return true;
}

static bool must_stop(struct auto_sync *self) {
    pthread_mutex_lock(&self->lock);
    bool stop = self->stop;
    pthread_mutex_unlock(&self->lock);
    return stop;
}

/* Is it time to leave the wait? */
static bool something_to_do(struct auto_sync *self, int64_t waited_ms) {
    if (data_changed(self) && self->online && work_waits(self))
        return true;
    if (waited_ms >= self->wait_ms)
        return true;
    if (self->online || waited_ms % PROBE_EVERY_MS != 0 || waited_ms == 0)
        return false;
    const struct transport *transport = &self->station->transport;
    return transport->reachable && strncmp(self->failure, "transport.", 10) == 0 &&
           transport->reachable(transport->context, self->station->identity.address);
}

/* False: stop. */
static bool wait_for_work(struct auto_sync *self) {
    for (int64_t waited = 0; !something_to_do(self, waited); waited += TICK_MS)
        if (doze(self, TICK_MS) && (self->online || must_stop(self)))
            break;
    return !must_stop(self);
}

/* --- syncing ------------------------------------------------------------------------------------------------- */

/* `why`: the failure that made it offline. */
static void set_online(struct auto_sync *self, bool online, const struct error *why) {
    if (self->known && self->online == online)
        return;
    struct buffer json = buffer_make(LIMIT_EVENT);
    self->known = true;
    self->online = online;
    buffer_append_byte(&json, '{');
    if (why) {
        json_put_name(&json, "code");
        json_put_string(&json, why->code);
        json_put_name(&json, "message");
        json_put_string(&json, why->message);
    }
    buffer_append_byte(&json, '}');
    station_tell(self->station, online ? "online" : "offline", buffer_text(&json));
    buffer_free(&json);
}

struct event_count {
    const char *name;
    int64_t value;
};

static void tell_counts(struct auto_sync *self, const char *event,
                        const struct event_count counts[2]) {
    struct buffer json = buffer_make(LIMIT_EVENT);
    buffer_append_byte(&json, '{');
    for (size_t i = 0; i < 2 && counts[i].name; i++) {
        json_put_name(&json, counts[i].name);
        json_put_integer(&json, counts[i].value);
    }
    buffer_append_byte(&json, '}');
    station_tell(self->station, event, buffer_text(&json));
    buffer_free(&json);
}

static void tell_report(struct auto_sync *self, const satchel_sync_report *report) {
    const struct event_count changed[] = {{"received", report->rows_received},
                                          {"forgotten", report->rows_forgotten}};
    const struct event_count refused[] = {{"count", report->refused}, {NULL, 0}};
    const struct event_count conflict[] = {{"count", report->conflicts}, {NULL, 0}};
    const struct event_count files[] = {{"count", report->files_sent}, {NULL, 0}};
    const struct event_count differences[] = {{"count", report->differences}, {NULL, 0}};
    const struct event_count healed[] = {{"count", report->healed}, {NULL, 0}};
    const struct event_count synced[] = {{"sent", report->transactions_sent},
                                         {"waiting", report->waiting}};
    if (report->rows_received + report->rows_forgotten > 0)
        tell_counts(self, "changed", changed);
    if (report->refused > 0)
        tell_counts(self, "refused", refused);
    if (report->conflicts > 0)
        tell_counts(self, "conflict", conflict);
    if (report->files_sent > 0)
        tell_counts(self, "files", files);
    if (report->differences > 0)
        tell_counts(self, "difference", differences);
    if (report->healed > 0)
        tell_counts(self, "healed", healed);
    tell_counts(self, "synced", synced);
}

/* Between half and the whole of `ms`. */
static int64_t jitter(struct auto_sync *self, int64_t ms) {
    const struct env *env = self->station->env;
    uint32_t dice = 0;
    env->random(env->context, &dice, sizeof dice);
    return ms / 2 + (int64_t)(dice % (uint32_t)(ms / 2 + 1));
}

static int stop_asked(void *context, const satchel_progress *progress) {
    (void)progress;
    return must_stop(context);
}

static void sync_once(struct auto_sync *self, int64_t *backoff_ms) {
    satchel_sync_report report = {0};
    struct error why = {0};
    bool more = false;
    if (station_sync_slice(self->station, stop_asked, self, &report, &more, &why) == 0) {
        *backoff_ms = SYNC_BACKOFF_MS;
        self->wait_ms = more ? 0 : SYNC_POLL_MS;
        set_online(self, true, NULL);
        tell_report(self, &report);
        return;
    }
    if (error_is(&why, "sync.busy")) { /* somebody else does it */
        self->wait_ms = SYNC_POLL_MS;
        return;
    }
    home_explain(self->station->home, &why);
    memcpy(self->failure, why.code, sizeof self->failure);
    self->wait_ms = jitter(self, *backoff_ms);
    *backoff_ms = *backoff_ms * 2 < SYNC_EVERY_MS ? *backoff_ms * 2 : SYNC_EVERY_MS;
    set_online(self, false, &why);
}

static void *auto_sync_main(void *context) {
    struct auto_sync *self = context;
    int64_t backoff_ms = SYNC_BACKOFF_MS;
    (void)data_changed(self);
    do
        sync_once(self, &backoff_ms);
    while (wait_for_work(self));
    return NULL;
}

/* --- life ---------------------------------------------------------------------------------------------------- */

static int make_bell(int bell[2]) {
    if (pipe(bell) != 0)
        return -1;
    for (int i = 0; i < 2; i++) {
        fcntl(bell[i], F_SETFD, FD_CLOEXEC);
        fcntl(bell[i], F_SETFL, O_NONBLOCK);
    }
    return 0;
}

static void auto_sync_free(struct auto_sync *self) {
    replica_close(self->watch);
    if (self->bell[0] >= 0) {
        close(self->bell[0]);
        close(self->bell[1]);
    }
    pthread_mutex_destroy(&self->lock);
    free(self);
}

int auto_sync_start(struct satchel *station, struct auto_sync **ret,
                    struct error *error) {
    char path[HOME_PATH];
    struct auto_sync *self = calloc(1, sizeof *self);
    if (!self)
        return error_out_of_memory(error);
    self->station = station;
    self->bell[0] = self->bell[1] = -1;
    pthread_mutex_init(&self->lock, NULL);
    if (home_file(station->home, "replica.db", path, error) != 0 ||
        replica_open_reader(path, station->catalogue, station->env, &self->watch,
                            error) != 0) {
        auto_sync_free(self);
        return -1;
    }
    if (make_bell(self->bell) != 0 ||
        pthread_create(&self->thread, NULL, auto_sync_main, self) != 0) {
        auto_sync_free(self);
        return error_out_of_memory(error);
    }
    *ret = self;
    return 0;
}

static void ring(struct auto_sync *self) {
    ssize_t written = write(self->bell[1], "!", 1); /* a full pipe rings anyway */
    (void)written;
}

void auto_sync_stop(struct auto_sync *self) {
    if (!self)
        return;
    pthread_mutex_lock(&self->lock);
    self->stop = true;
    pthread_mutex_unlock(&self->lock);
    ring(self);
    pthread_join(self->thread, NULL);
    auto_sync_free(self);
}

void auto_sync_wake(struct auto_sync *self) {
    if (self)
        ring(self);
}
