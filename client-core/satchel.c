/*
 * The public API: takes the locks and hands on.
 */
#include "satchel.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "client-core/auto_sync.h"
#include "client-core/describe.h"
#include "client-core/enrol.h"
#include "client-core/marks.h"
#include "client-core/people.h"
#include "client-core/rebuild.h"
#include "client-core/roles.h"
#include "client-core/station.h"
#include "client-core/story.h"
#include "client-core/suggest.h"
#include "client-core/verify.h"

enum {
    RESULT_MAXIMUM = 512 * 1024 * 1024,
    SYNC_WAIT_MS = 10000,
    INBOX_MAXIMUM = 500,
    STORY_MAXIMUM = 10000
};

_Static_assert(sizeof(satchel_error) == sizeof(struct error), "one layout");
_Static_assert(offsetof(satchel_error, field) == offsetof(struct error, field),
               "one layout");
_Static_assert(offsetof(satchel_error, message) == offsetof(struct error, message),
               "one layout");

static struct error *inner(satchel_error *error) {
    return (struct error *)(void *)error;
}

/* Every outcome passes here: what fails on this station's disk is told in words. */
static int outcome(const char *home, int failed, satchel_error *error) {
    if (failed)
        home_explain(home, inner(error));
    return failed ? -1 : 0;
}

/* --- a station's life ------------------------------------------------------------------------------------- */

int satchel_enrol(const satchel_enrol_options *options, satchel_error *error) {
    struct catalogue *catalogue = NULL;
    struct transport transport = {0};
    if (catalogue_load(embedded_files, embedded_file_count, &catalogue, inner(error)) !=
        0)
        return -1;
    int failed = transport_curl_open(&transport, inner(error));
    if (!failed)
        failed = enrol(options, catalogue, env_system(), &transport, inner(error));
    if (transport.close)
        transport.close(transport.context);
    catalogue_free(catalogue);
    return outcome(options->home ? options->home : "", failed, error);
}

int satchel_open(const satchel_options *options, satchel **ret, satchel_error *error) {
    struct station_setup setup = {
        .home = options->home ? options->home : "",
        .env = options->env ? options->env : env_system(),
        .files = embedded_files,
        .file_count = embedded_file_count,
    };
    if (transport_curl_open(&setup.transport, inner(error)) != 0)
        return -1;
    return outcome(setup.home, station_open(&setup, ret, inner(error)), error);
}

void satchel_close(satchel *station) {
    station_close(station);
}

int satchel_move(satchel *station, const char *address, const char *ca_file,
                 satchel_error *error) {
    pthread_mutex_lock(&station->write_lock);
    int failed = replica_begin(station->writer, inner(error));
    if (!failed)
        failed = identity_move(station->writer, address, ca_file, inner(error)) != 0 ||
                 replica_commit(station->writer, inner(error)) != 0;
    replica_rollback(station->writer);
    pthread_mutex_unlock(&station->write_lock);
    return outcome(station->home, failed, error);
}

/* --- people ----------------------------------------------------------------------------------------------- */

/* Whose turn it is to compute a hash does not keep the station. */
static int prove(satchel *station, const char *user, const char *secret, struct id *ret,
                 uint8_t ret_mark[SECRET_SALT], struct error *error) {
    struct secret_try attempt;
    pthread_mutex_lock(&station->write_lock);
    int failed = people_find(station->writer, &station->identity.certificate, user, ret,
                             error) != 0 ||
                 secret_mark(station->writer, ret, ret_mark, error) != 0 ||
                 secret_begin(station->writer, ret, secret, &attempt, error) != 0;
    pthread_mutex_unlock(&station->write_lock);
    if (failed)
        return -1;
    bool right = secret_matches(&attempt, secret);
    pthread_mutex_lock(&station->write_lock);
    failed = secret_finish(station->writer, ret, &attempt, right, error);
    pthread_mutex_unlock(&station->write_lock);
    seal_wipe(&attempt, sizeof attempt);
    return failed;
}

int satchel_sign_in(satchel *station, const char *user, const char *secret,
                    satchel_session **ret, satchel_error *error) {
    struct id id;
    uint8_t mark[SECRET_SALT];
    if (prove(station, user, secret, &id, mark, inner(error)) != 0)
        return outcome(station->home, 1, error);
    satchel_session *session = calloc(1, sizeof *session);
    if (!session)
        return error_out_of_memory(inner(error));
    session->station = station;
    session->user = id;
    memcpy(session->mark, mark, sizeof mark);
    pthread_mutex_lock(&station->session_lock);
    session->next = station->sessions;
    station->sessions = session;
    pthread_mutex_unlock(&station->session_lock);
    *ret = session;
    return 0;
}

void satchel_sign_out(satchel_session *session) {
    if (!session)
        return;
    struct satchel *station = session->station;
    pthread_mutex_lock(&station->session_lock);
    struct satchel_session **link = &station->sessions;
    while (*link && *link != session)
        link = &(*link)->next;
    if (*link)
        *link = session->next;
    pthread_mutex_unlock(&station->session_lock);
    free(session);
}

static int check_session(satchel_session *session, struct error *error) {
    struct satchel *station = session->station;
    char user[ID_TEXT_SIZE];
    uint8_t mark[SECRET_SALT];
    struct id id;
    id_format(session->user, user);
    if (people_find(station->writer, &station->identity.certificate, user, &id, error) !=
            0 ||
        secret_mark(station->writer, &id, mark, error) != 0)
        return -1;
    return memcmp(mark, session->mark, sizeof mark) == 0
               ? 0
               : error_set(error, "sign_in.secret", "secret",
                           "the secret was changed; sign in again");
}

int satchel_session_check(satchel_session *session, satchel_error *error) {
    struct satchel *station = session->station;
    pthread_mutex_lock(&station->write_lock);
    int failed = check_session(session, inner(error));
    pthread_mutex_unlock(&station->write_lock);
    return outcome(station->home, failed, error);
}

int satchel_set_secret(satchel_session *session, const char *secret,
                       satchel_error *error) {
    struct satchel *station = session->station;
    pthread_mutex_lock(&station->write_lock);
    int failed =
        secret_set(station->writer, &session->user, secret, inner(error)) != 0 ||
        secret_mark(station->writer, &session->user, session->mark, inner(error)) != 0;
    pthread_mutex_unlock(&station->write_lock);
    return outcome(station->home, failed, error);
}

int satchel_set_secret_for(satchel *station, const char *user, const char *secret,
                           satchel_error *error) {
    struct id id;
    pthread_mutex_lock(&station->write_lock);
    int failed = people_find(station->writer, &station->identity.certificate, user, &id,
                             inner(error)) != 0 ||
                 secret_set(station->writer, &id, secret, inner(error)) != 0;
    pthread_mutex_unlock(&station->write_lock);
    return outcome(station->home, failed, error);
}

int satchel_has_secret(satchel *station, const char *user, bool *ret,
                       satchel_error *error) {
    struct id id;
    pthread_mutex_lock(&station->write_lock);
    int failed = people_find(station->writer, &station->identity.certificate, user, &id,
                             inner(error)) != 0 ||
                 secret_exists(station->writer, &id, ret, inner(error)) != 0;
    pthread_mutex_unlock(&station->write_lock);
    return outcome(station->home, failed, error);
}

static int user_into(const struct satchel_session *session, struct buffer *json,
                     struct error *error) {
    const struct satchel *station = session->station;
    role_set roles = 0;
    bool secret = false;
    buffer_append_byte(json, '{');
    if (people_put_card(station->writer, &session->user, json, error) != 0 ||
        roles_of(station->writer, &session->user, station->identity.ceiling, &roles,
                 error) != 0 ||
        secret_exists(station->writer, &session->user, &secret, error) != 0)
        return -1;
    json_put_name(json, "roles");
    roles_put_json(station->catalogue, roles, json);
    json_put_name(json, "secret");
    buffer_printf(json, "%s}", secret ? "true" : "false");
    return 0;
}

int satchel_session_user(satchel_session *session, char **ret_json,
                         satchel_error *error) {
    struct buffer json = buffer_make(LIMIT_JSON);
    pthread_mutex_lock(&session->station->write_lock);
    int failed = user_into(session, &json, inner(error));
    pthread_mutex_unlock(&session->station->write_lock);
    if (!failed)
        failed = json_take(&json, ret_json, inner(error));
    buffer_free(&json);
    return outcome(session->station->home, failed, error);
}

int satchel_people(satchel *station, char **ret_json, satchel_error *error) {
    struct buffer json = buffer_make(RESULT_MAXIMUM);
    pthread_mutex_lock(&station->write_lock);
    int failed = people_put_all(station->writer, &station->identity.certificate, &json,
                                inner(error));
    pthread_mutex_unlock(&station->write_lock);
    if (!failed)
        failed = json_take(&json, ret_json, inner(error));
    buffer_free(&json);
    return outcome(station->home, failed, error);
}

/* --- work ------------------------------------------------------------------------------------------------- */

static const struct operation *find_command(const struct satchel *station,
                                            const char *name, struct error *error) {
    const struct catalogue *catalogue = station->catalogue;
    const struct operation *command = catalogue_command(catalogue, name);
    if (!command)
        suggest_unknown("command.unknown", "command", name, catalogue->commands,
                        catalogue->command_count, error);
    return command;
}

static const struct operation *find_query(const struct satchel *station, const char *name,
                                          struct error *error) {
    const struct catalogue *catalogue = station->catalogue;
    const struct operation *query = catalogue_query(catalogue, name);
    if (!query)
        suggest_unknown("query.unknown", "query", name, catalogue->queries,
                        catalogue->query_count, error);
    return query;
}

/* Wakes auto-sync; the lock keeps it from ending meanwhile. */
static void work_was_done(struct satchel *station) {
    pthread_mutex_lock(&station->session_lock);
    auto_sync_wake(station->auto_sync);
    pthread_mutex_unlock(&station->session_lock);
}

static int execute(satchel_session *session, const struct execution *execution,
                   char **ret_json, size_t *ret_failed, struct error *error) {
    struct satchel *station = session->station;
    struct buffer json = buffer_make(RESULT_MAXIMUM);
    pthread_mutex_lock(&station->write_lock);
    struct executor *executor =
        station->covered_executor ? station->covered_executor : station->executor;
    int failed = executor_do(executor, execution, &json, ret_failed, error);
    pthread_mutex_unlock(&station->write_lock);
    if (!failed) {
        work_was_done(station);
        if (ret_json)
            failed = json_take(&json, ret_json, error);
    }
    buffer_free(&json);
    return failed;
}

int satchel_do(satchel_session *session, const char *command, const char *json,
               char **ret_json, satchel_error *error) {
    struct arena arena = arena_make(4 * LIMIT_JSON);
    struct argument_list list;
    struct execution execution = {
        .user = session->user,
        .operation = find_command(session->station, command, inner(error)),
        .lists = &list,
        .count = 1,
    };
    int failed = !execution.operation ||
                 json_read_arguments(json, &arena, &list, inner(error)) != 0 ||
                 execute(session, &execution, ret_json, NULL, inner(error)) != 0;
    arena_free(&arena);
    return outcome(session->station->home, failed, error);
}

int satchel_do_all(satchel_session *session, const char *command, const char *json_array,
                   char **ret_json, size_t *ret_failed, satchel_error *error) {
    struct arena arena = arena_make(4 * LIMIT_JSON);
    struct argument_list *lists = NULL;
    struct execution execution = {
        .user = session->user,
        .operation = find_command(session->station, command, inner(error)),
        .batch = true,
    };
    int failed =
        !execution.operation ||
        json_read_batch(json_array, &arena, &lists, &execution.count, inner(error)) != 0;
    execution.lists = lists;
    if (!failed)
        failed = execute(session, &execution, ret_json, ret_failed, inner(error));
    arena_free(&arena);
    return outcome(session->station->home, failed, error);
}

static int redo(satchel_session *session, const char *transaction, const char *json,
                bool give_up, struct error *error) {
    struct satchel *station = session->station;
    struct arena arena = arena_make(4 * LIMIT_JSON);
    struct argument_list edits;
    struct redoing redoing = {.user = session->user, .edits = &edits, .give_up = give_up};
    int failed = -1;
    if (!id_parse(transaction ? transaction : "", &redoing.transaction)) {
        error_set(error, "parameter.invalid", "transaction",
                  "this is no transaction's id");
        goto out;
    }
    if (json_read_arguments(json, &arena, &edits, error) != 0)
        goto out;
    pthread_mutex_lock(&station->write_lock);
    struct executor *executor =
        station->covered_executor ? station->covered_executor : station->executor;
    failed = executor_redo(executor, &redoing, error);
    pthread_mutex_unlock(&station->write_lock);
    if (!failed)
        work_was_done(station);
out:
    arena_free(&arena);
    return failed;
}

int satchel_resubmit(satchel_session *session, const char *transaction,
                     const char *json_edits, satchel_error *error) {
    int failed = redo(session, transaction, json_edits, false, inner(error));
    return outcome(session->station->home, failed, error);
}

int satchel_discard(satchel_session *session, const char *transaction,
                    satchel_error *error) {
    int failed = redo(session, transaction, NULL, true, inner(error));
    return outcome(session->station->home, failed, error);
}

/* Who answers people: on a shared station each sees what is his. */
static struct asker *asker_of(const struct satchel *station) {
    return station->covered_asker ? station->covered_asker : station->asker;
}

static int ask_into(satchel_session *session, const struct operation *query,
                    const char *json, struct buffer *ret_json, struct error *error) {
    struct satchel *station = session->station;
    struct arena arena = arena_make(4 * LIMIT_JSON);
    struct argument_list list;
    int failed = json_read_arguments(json, &arena, &list, error);
    if (!failed) {
        pthread_mutex_lock(&station->read_lock);
        failed =
            asker_ask(asker_of(station), &session->user, query, &list, ret_json, error);
        pthread_mutex_unlock(&station->read_lock);
    }
    arena_free(&arena);
    return failed;
}

int satchel_ask(satchel_session *session, const char *query, const char *json,
                char **ret_json, satchel_error *error) {
    const struct operation *operation = find_query(session->station, query, inner(error));
    struct buffer result = buffer_make(RESULT_MAXIMUM);
    int failed = !operation ||
                 ask_into(session, operation, json, &result, inner(error)) != 0 ||
                 json_take(&result, ret_json, inner(error)) != 0;
    buffer_free(&result);
    return outcome(session->station->home, failed, error);
}

/* --- headquarters ------------------------------------------------------------------------------------------- */

int satchel_sync(satchel *station, satchel_progress_function progress, void *context,
                 satchel_sync_report *ret, satchel_error *error) {
    int failed =
        station_sync(station, SYNC_WAIT_MS, progress, context, ret, inner(error));
    return outcome(station->home, failed, error);
}

int satchel_rotate_key(satchel *station, satchel_error *error) {
    return outcome(station->home, station_rotate_key(station, SYNC_WAIT_MS, inner(error)),
                   error);
}

int satchel_bundle_export(satchel *station, void **ret_data, size_t *ret_size,
                          satchel_parcel_report *ret, satchel_error *error) {
    struct buffer parcel = buffer_make(LIMIT_PARCEL);
    satchel_parcel_report report;
    int failed = station_export(station, SYNC_WAIT_MS, &parcel, &report, inner(error));
    if (failed) {
        buffer_free(&parcel);
        return outcome(station->home, failed, error);
    }
    *ret_data = parcel.data;
    *ret_size = parcel.size;
    if (ret)
        *ret = report;
    return 0;
}

int satchel_bundle_import(satchel *station, const satchel_parcel *parcel,
                          satchel_progress_function progress, void *context,
                          satchel_sync_report *ret, satchel_error *error) {
    const struct parcel_taking taking = {
        .parcel = {parcel->data, parcel->size},
        .wait_ms = SYNC_WAIT_MS,
        .progress = progress,
        .context = context,
    };
    return outcome(station->home, station_import(station, &taking, ret, inner(error)),
                   error);
}

int satchel_auto_sync(satchel *station, int on, satchel_error *error) {
    struct auto_sync *fresh = NULL;
    pthread_mutex_lock(&station->session_lock);
    struct auto_sync *former = station->auto_sync;
    if (!on)
        station->auto_sync = NULL;
    pthread_mutex_unlock(&station->session_lock);
    if (!on)
        auto_sync_stop(former);
    if (!on || former)
        return 0;
    if (auto_sync_start(station, &fresh, inner(error)) != 0)
        return -1;
    pthread_mutex_lock(&station->session_lock);
    station->auto_sync = fresh;
    pthread_mutex_unlock(&station->session_lock);
    return 0;
}

int satchel_listen(satchel *station, satchel_event_function listener, void *context,
                   satchel_error *error) {
    (void)error;
    pthread_mutex_lock(&station->session_lock);
    station->listener = listener;
    station->listener_context = context;
    pthread_mutex_unlock(&station->session_lock);
    return 0;
}

/* --- looking -------------------------------------------------------------------------------------------------- */

int satchel_status(satchel *station, char **ret_json, satchel_error *error) {
    struct buffer json = buffer_make(LIMIT_JSON);
    pthread_mutex_lock(&station->write_lock);
    const struct status_request request = {
        .home = station->home,
        .identity = &station->identity,
        .syncing = atomic_load(&station->syncing),
    };
    int failed = status_put(station->writer, &request, &json, inner(error));
    pthread_mutex_unlock(&station->write_lock);
    if (!failed)
        failed = json_take(&json, ret_json, inner(error));
    buffer_free(&json);
    return outcome(station->home, failed, error);
}

/* On a shared station everybody has his own story. `request` says what is wanted of it. */
static int story_into(satchel_session *session, struct story_request *request,
                      struct buffer *json, struct error *error) {
    struct satchel *station = session->station;
    bool own = request->kind != STORY_ALL || station->covered_asker;
    request->user = own ? &session->user : NULL;
    request->reader = asker_reader(station->asker);
    pthread_mutex_lock(&station->read_lock);
    request->device = station->identity.certificate.device;
    int failed = asker_view(asker_of(station), &session->user, &request->visible, error);
    if (!failed)
        failed = story_put(request, json, error);
    pthread_mutex_unlock(&station->read_lock);
    return failed;
}

static int inbox_story(satchel_session *session, enum story_kind kind,
                       struct buffer *json, struct error *error) {
    struct story_request request = {.kind = kind, .limit = INBOX_MAXIMUM};
    return story_into(session, &request, json, error);
}

/* A query of the domain, if it has it and takes no argument; else an empty list. */
static int query_into(satchel_session *session, const char *name, struct buffer *json,
                      struct error *error) {
    const struct operation *query = catalogue_query(session->station->catalogue, name);
    if (query)
        return ask_into(session, query, NULL, json, error);
    buffer_printf(json, "[]");
    return 0;
}

static int inbox_into(satchel_session *session, struct buffer *json,
                      struct error *error) {
    buffer_append_byte(json, '{');
    json_put_name(json, "notices");
    if (query_into(session, "notice.list", json, error) != 0)
        return -1;
    json_put_name(json, "conflicts");
    if (query_into(session, "conflict.list", json, error) != 0)
        return -1;
    json_put_name(json, "refusals");
    if (inbox_story(session, STORY_REFUSED, json, error) != 0)
        return -1;
    json_put_name(json, "attention");
    if (inbox_story(session, STORY_ATTENTION, json, error) != 0)
        return -1;
    buffer_append_byte(json, '}');
    return 0;
}

int satchel_inbox(satchel_session *session, char **ret_json, satchel_error *error) {
    struct buffer json = buffer_make(RESULT_MAXIMUM);
    int failed = inbox_into(session, &json, inner(error)) != 0 ||
                 json_take(&json, ret_json, inner(error)) != 0;
    buffer_free(&json);
    return outcome(session->station->home, failed, error);
}

static int tell_story(satchel_session *session, struct story_request *request,
                      char **ret_json, struct error *error) {
    struct buffer json = buffer_make(RESULT_MAXIMUM);
    if (request->limit < 1 || request->limit > STORY_MAXIMUM)
        request->limit = STORY_MAXIMUM;
    int failed = story_into(session, request, &json, error) != 0 ||
                 json_take(&json, ret_json, error) != 0;
    buffer_free(&json);
    return failed;
}

int satchel_story(satchel_session *session, int64_t limit, char **ret_json,
                  satchel_error *error) {
    struct story_request request = {.limit = limit};
    return outcome(session->station->home,
                   tell_story(session, &request, ret_json, inner(error)), error);
}

int satchel_story_of(satchel_session *session, const char *table, const char *id,
                     int64_t limit, char **ret_json, satchel_error *error) {
    struct id key;
    struct story_request request = {
        .limit = limit,
        .table = catalogue_table(session->station->catalogue, table),
        .key = {key.bytes, ID_SIZE},
    };
    if (!request.table || request.table->key_count != 1)
        return error_set(inner(error), "table.unknown", "table",
                         "there are no records called %.60s", table);
    if (!id_parse(id, &key))
        return error_set(inner(error), "parameter.invalid", "id",
                         "the id of a record is a UUID");
    return outcome(session->station->home,
                   tell_story(session, &request, ret_json, inner(error)), error);
}

int satchel_marks(satchel_session *session, char **ret_json, satchel_error *error) {
    struct satchel *station = session->station;
    struct buffer json = buffer_make(RESULT_MAXIMUM);
    pthread_mutex_lock(&station->read_lock);
    struct marks_for whose = {.user = station->covered_asker ? &session->user : NULL};
    int failed =
        asker_view(asker_of(station), &session->user, &whose.visible, inner(error));
    if (!failed)
        failed = marks_put(asker_reader(station->asker), &whose, &json, inner(error));
    pthread_mutex_unlock(&station->read_lock);
    if (!failed)
        failed = json_take(&json, ret_json, inner(error));
    buffer_free(&json);
    return outcome(station->home, failed, error);
}

/* Without a station: the catalogue that this program brings along. */
static int describe_built_in(struct buffer *json, struct error *error) {
    struct catalogue *catalogue = NULL;
    if (catalogue_load(embedded_files, embedded_file_count, &catalogue, error) != 0)
        return -1;
    describe_put(catalogue, json);
    catalogue_free(catalogue);
    return 0;
}

int satchel_describe(satchel *station, char **ret_json, satchel_error *error) {
    struct buffer json = buffer_make(LIMIT_JSON);
    int failed = 0;
    if (station)
        describe_put(station->catalogue, &json);
    else
        failed = describe_built_in(&json, inner(error));
    if (!failed)
        failed = json_take(&json, ret_json, inner(error));
    buffer_free(&json);
    return failed;
}

int satchel_verify(satchel *station, satchel_error *error) {
    pthread_mutex_lock(&station->write_lock);
    int failed = verify_replica(station->writer, inner(error));
    pthread_mutex_unlock(&station->write_lock);
    return outcome(station->home, failed, error);
}

static int begin_rebuild(struct replica *replica, struct error *error) {
    if (replica_begin(replica, error) != 0)
        return -1;
    if (rebuild_begin(replica, "asked", error) != 0 ||
        replica_commit(replica, error) != 0) {
        replica_rollback(replica);
        return -1;
    }
    return 0;
}

int satchel_rebuild(satchel *station, satchel_error *error) {
    pthread_mutex_lock(&station->write_lock);
    int failed = begin_rebuild(station->writer, inner(error));
    pthread_mutex_unlock(&station->write_lock);
    if (!failed)
        work_was_done(station);
    return outcome(station->home, failed, error);
}

void satchel_free(void *result) {
    free(result);
}

const char *satchel_version(void) {
#ifdef SATCHEL_VERSION
    return SATCHEL_VERSION;
#else
    return "0";
#endif
}
