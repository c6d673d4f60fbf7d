/*
 * How the station stands, as JSON.
 */
#include "client-core/describe.h"
#include "client-core/file_store.h"
#include "client-core/json.h"
#include "client-core/outbox.h"
#include "client-core/people.h"
#include "client-core/state.h"
#include "client-core/tally.h"

static void put_text(struct buffer *json, const char *name, const char *text) {
    json_put_name(json, name);
    json_put_string(json, text);
}

static void put_id(struct buffer *json, const char *name, struct id id) {
    json_put_name(json, name);
    json_put_id(json, id);
}

static void put_integer(struct buffer *json, const char *name, int64_t integer) {
    json_put_name(json, name);
    json_put_integer(json, integer);
}

static int put_text_setting(struct replica *replica, const char *json_name,
                            const char *name, struct buffer *json, struct error *error) {
    struct buffer text = buffer_make(1024);
    int failed = setting_bytes(replica, name, &text, error);
    put_text(json, json_name, text.size ? buffer_text(&text) : NULL);
    buffer_free(&text);
    return failed;
}

/* 0 is null: it never happened. */
static int put_time_setting(struct replica *replica, const char *name,
                            struct buffer *json, struct error *error) {
    int64_t at = 0;
    if (setting_integer(replica, name, &at, error) != 0)
        return -1;
    json_put_name(json, name);
    json_put_value(json, at ? value_integer(at) : value_null());
    return 0;
}

static int put_actors(struct replica *replica, const struct certificate *certificate,
                      struct buffer *json, struct error *error) {
    json_put_name(json, "actors");
    buffer_append_byte(json, '[');
    for (size_t i = 0; i < certificate->actor_count; i++) {
        struct buffer name = buffer_make(LIMIT_TEXT);
        int failed = people_label(replica, &certificate->actors[i], &name, error);
        json_put_comma(json);
        buffer_append_byte(json, '{');
        put_id(json, "id", certificate->actors[i]);
        put_text(json, "name", name.size ? buffer_text(&name) : NULL);
        buffer_append_byte(json, '}');
        buffer_free(&name);
        if (failed)
            return -1;
    }
    buffer_append_byte(json, ']');
    return 0;
}

static void put_identity(const char *home, const struct identity *identity,
                         struct buffer *json) {
    const struct certificate *certificate = &identity->certificate;
    put_text(json, "home", home);
    put_id(json, "org", certificate->org);
    put_text(json, "org_name", identity->org_name);
    put_id(json, "device", certificate->device);
    put_text(json, "device_code", certificate->code);
    put_text(json, "device_name", certificate->name);
    put_text(json, "ceiling", certificate->ceiling);
}

static void put_flag(struct buffer *json, const char *name, bool value) {
    json_put_name(json, name);
    buffer_printf(json, "%s", value ? "true" : "false");
}

static int put_flag_setting(struct replica *replica, const char *name,
                            struct buffer *json, struct error *error) {
    int64_t value = 0;
    if (setting_integer(replica, name, &value, error) != 0)
        return -1;
    put_flag(json, name, value != 0);
    return 0;
}

/* What a line that is always in sight tells. */
static int put_reach(struct replica *replica, const struct status_request *request,
                     struct buffer *json, struct error *error) {
    static const char conflicts[] =
        "select count(*) from conflict where settlement is null";
    sqlite3_stmt *statement = replica_statement(replica, conflicts, error);
    int64_t synced_at = 0;
    int64_t offline_since = 0;
    int64_t revoked = 0;
    int64_t wiped_at = 0;
    int64_t count = 0;
    if (!statement || replica_integer(replica, statement, &count, error) != 0 ||
        setting_integer(replica, "last_sync_at", &synced_at, error) != 0 ||
        setting_integer(replica, "offline_since", &offline_since, error) != 0 ||
        setting_integer(replica, "revoked", &revoked, error) != 0 ||
        setting_integer(replica, "revoked_at", &wiped_at, error) != 0)
        return -1;
    put_flag(json, "online", synced_at != 0 && offline_since == 0);
    if (put_time_setting(replica, "offline_since", json, error) != 0 ||
        put_flag_setting(replica, "fork", json, error) != 0)
        return -1;
    put_flag(json, "revoked", revoked != 0 || wiped_at != 0);
    if (put_time_setting(replica, "revoked_at", json, error) != 0)
        return -1;
    put_flag(json, "syncing", request->syncing);
    put_flag(json, "shared", identity_is_shared(request->identity));
    put_integer(json, "conflicts", count);
    return 0;
}

static int put_healing(struct replica *replica, struct buffer *json,
                       struct error *error) {
    int64_t rebuilds = 0;
    if (put_flag_setting(replica, "differs", json, error) != 0 ||
        put_text_setting(replica, "rebuilding", "rebuild", json, error) != 0 ||
        setting_integer(replica, "rebuilds", &rebuilds, error) != 0)
        return -1;
    put_integer(json, "rebuilds", rebuilds);
    return 0;
}

static int put_progress(struct replica *replica, struct buffer *json,
                        struct error *error) {
    struct file_counts files = {0};
    struct progress progress;
    struct outbox_counts counts;
    struct clock_reading now = clock_read(replica->env);
    int64_t differences = 0;
    int64_t repeats = 0;
    if (progress_read(replica, &progress, error) != 0 ||
        outbox_count(replica, &counts, error) != 0 ||
        file_store_count(replica, &files, error) != 0 ||
        tally_repeats(replica, &repeats, error) != 0 ||
        setting_integer(replica, "digest_differences", &differences, error) != 0)
        return -1;
    put_integer(json, "cursor", progress.cursor);
    put_integer(json, "waiting", counts.waiting);
    put_integer(json, "attention", counts.attention);
    put_integer(json, "refused", counts.refused);
    put_integer(json, "rows", progress.digest_rows - repeats);
    put_integer(json, "clock_offset_ms",
                clock_correct(&progress.anchor, &now) - now.wall_ms);
    put_integer(json, "digest_differences", differences);
    put_integer(json, "files_waiting", files.waiting);
    put_integer(json, "file_bytes_waiting", files.waiting_bytes);
    return put_healing(replica, json, error);
}

int status_put(struct replica *replica, const struct status_request *request,
               struct buffer *ret_json, struct error *error) {
    const struct identity *identity = request->identity;
    buffer_append_byte(ret_json, '{');
    put_identity(request->home, identity, ret_json);
    if (put_text_setting(replica, "server", "address", ret_json, error) != 0 ||
        put_actors(replica, &identity->certificate, ret_json, error) != 0)
        return -1;
    json_put_name(ret_json, "everyone");
    buffer_printf(ret_json, "%s", identity->certificate.everyone ? "true" : "false");
    put_integer(ret_json, "schema_version", SCHEMA_VERSION);
    if (put_time_setting(replica, "last_sync_at", ret_json, error) != 0 ||
        put_text_setting(replica, "last_error", "last_error", ret_json, error) != 0 ||
        put_time_setting(replica, "last_error_at", ret_json, error) != 0 ||
        put_reach(replica, request, ret_json, error) != 0 ||
        put_progress(replica, ret_json, error) != 0)
        return -1;
    buffer_append_byte(ret_json, '}');
    return 0;
}
