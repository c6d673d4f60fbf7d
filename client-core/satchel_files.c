/*
 * The public API, files: takes the locks and hands on. A fetch holds none while the network is at work, and does not wait for a
 * sync that is.
 */
#include <stdlib.h>
#include <string.h>

#include "client-core/file_link.h"
#include "client-core/json.h"
#include "client-core/state.h"
#include "client-core/station.h"
#include "satchel.h"
#include "schema/base/file_folder.h"

_Static_assert((int)SATCHEL_FILE_TEXT == (int)HASH_TEXT_SIZE, "one name of a file");

static struct error *inner(satchel_error *error) {
    return (struct error *)(void *)error;
}

static int outcome(const struct satchel *station, int failed, satchel_error *error) {
    if (failed)
        home_explain(station->home, inner(error));
    return failed ? -1 : 0;
}

int satchel_file_add(satchel_session *session, const void *data, size_t size,
                     char ret_file[SATCHEL_FILE_TEXT], satchel_error *error) {
    struct satchel *station = session->station;
    char folder[FILE_FOLDER_PATH];
    uint8_t hash[HASH_SIZE];
    file_store_folder(station->home, folder);
    pthread_mutex_lock(&station->write_lock);
    int failed = file_store_add(station->writer, folder, &session->user,
                                (struct bytes){data, size}, hash, inner(error));
    pthread_mutex_unlock(&station->write_lock);
    if (!failed)
        hash_format(hash, ret_file);
    return outcome(station, failed, error);
}

/* --- reading ------------------------------------------------------------------------------------------- */

/* Whether a row names it that the person may see; on a shared station that is asked past his covers. */
static int may_read(satchel_session *session, const uint8_t hash[HASH_SIZE],
                    struct error *error) {
    struct satchel *station = session->station;
    struct visible *view = NULL;
    bool named = false;
    pthread_mutex_lock(&station->read_lock);
    struct asker *asker =
        station->covered_asker ? station->covered_asker : station->asker;
    int failed = asker_view(asker, &session->user, &view, error);
    if (!failed)
        failed = file_store_is_named(asker_reader(view ? asker : station->asker), hash,
                                     &named, error);
    pthread_mutex_unlock(&station->read_lock);
    if (failed || named)
        return failed;
    return error_set(error, "file.unknown", "file", "no record here names such a file");
}

/* Who this station is and where headquarters is, as they are now: a sync may have changed both, in another process too. */
struct way {
    struct identity identity;
    char address[IDENTITY_ADDRESS];
    char ca_file[IDENTITY_FILE];
    struct tls_pin pin;
};

static int read_identity(struct satchel *station, struct identity *ret,
                         struct error *error) {
    bool enrolled = false;
    if (identity_load(station->writer, ret, &enrolled, error) != 0)
        return -1;
    return enrolled ? home_keys_of(station->home, &ret->certificate.device_key,
                                   &ret->keys, error)
                    : error_set(error, "station.not_enrolled", "home",
                                "the station was not enrolled to the end");
}

static int read_way(struct satchel *station, struct way *ret, struct error *error) {
    struct buffer address = buffer_make(IDENTITY_ADDRESS - 1);
    struct buffer ca_file = buffer_make(IDENTITY_FILE - 1);
    pthread_mutex_lock(&station->write_lock);
    int failed = read_identity(station, &ret->identity, error) != 0 ||
                 setting_bytes(station->writer, "address", &address, error) != 0 ||
                 setting_bytes(station->writer, "ca_file", &ca_file, error) != 0 ||
                 identity_read_pin(station->writer, &ret->pin, error) != 0;
    pthread_mutex_unlock(&station->write_lock);
    if (!failed) {
        memcpy(ret->address, buffer_text(&address), address.size + 1);
        memcpy(ret->ca_file, buffer_text(&ca_file), ca_file.size + 1);
    }
    buffer_free(&address);
    buffer_free(&ca_file);
    return failed;
}

static int fetch_over(struct satchel *station, const struct way *way, const char *folder,
                      const uint8_t hash[HASH_SIZE], struct error *error) {
    struct piece_size piece = {0};
    struct file_link link = {
        .transport = &station->transport,
        .identity = &way->identity,
        .env = station->env,
        .address = way->address,
        .ca_file = way->ca_file,
        .pin = way->pin,
        .folder = folder,
        .piece = &piece,
    };
    int64_t size = 0;
    if (file_link_fetch(&link, hash, &size, error) != 0)
        return -1;
    pthread_mutex_lock(&station->write_lock);
    int failed = file_store_note_fetched(station->writer, hash, size, error) != 0 ||
                 file_store_tidy(station->writer, folder, FILES_STATION, error) != 0;
    pthread_mutex_unlock(&station->write_lock);
    return failed ? -1 : 0;
}

static int fetch(struct satchel *station, const char *folder,
                 const uint8_t hash[HASH_SIZE], struct error *error) {
    struct way way = {.pin = {.known = false}};
    int failed = read_way(station, &way, error) != 0 ||
                 fetch_over(station, &way, folder, hash, error) != 0;
    seal_wipe(&way.identity.keys, sizeof way.identity.keys);
    return failed ? -1 : 0;
}

static int touch(struct satchel *station, const uint8_t hash[HASH_SIZE],
                 struct error *error) {
    pthread_mutex_lock(&station->write_lock);
    int failed = file_store_touch(station->writer, hash, error);
    pthread_mutex_unlock(&station->write_lock);
    return failed;
}

/* A damaged file is as good as none: it is fetched again. */
static int read_file(struct satchel *station, const uint8_t hash[HASH_SIZE],
                     struct buffer *ret, struct error *error) {
    char folder[FILE_FOLDER_PATH];
    struct error why = {0};
    file_store_folder(station->home, folder);
    if (file_folder_read(folder, hash, ret, &why) == 0)
        return touch(station, hash, error);
    bool fetched = error_is(&why, "file.absent") || error_is(&why, "file.corrupt");
    buffer_reset(ret);
    if (fetched)
        return fetch(station, folder, hash, error) != 0
                   ? -1
                   : file_folder_read(folder, hash, ret, error);
    if (error)
        *error = why;
    return -1;
}

int satchel_file_read(satchel_session *session, const char *file, char **ret_data,
                      size_t *ret_size, satchel_error *error) {
    uint8_t hash[HASH_SIZE];
    struct buffer bytes = buffer_make((size_t)LIMIT_FILE);
    if (!file || !hash_parse(bytes_of_text(file), hash))
        return error_set(inner(error), "file.name", "file",
                         "a file is named by 64 hexadecimal digits");
    int failed = may_read(session, hash, inner(error)) != 0 ||
                 read_file(session->station, hash, &bytes, inner(error)) != 0;
    if (!failed) {
        *ret_data = (char *)bytes.data; /* the buffer's memory goes to the caller */
        *ret_size = bytes.size;
        return 0;
    }
    buffer_free(&bytes);
    return outcome(session->station, failed, error);
}

/* --- looking --------------------------------------------------------------------------------------------- */

static void put_count(struct buffer *json, const char *name, int64_t value) {
    json_put_name(json, name);
    json_put_integer(json, value);
}

static int files_into(satchel_session *session, struct buffer *json,
                      struct error *error) {
    struct satchel *station = session->station;
    struct file_counts counts = {0};
    buffer_append_byte(json, '{');
    json_put_name(json, "waiting");
    if (file_store_put_waiting(station->writer, &session->user, json, error) != 0 ||
        file_store_count(station->writer, &counts, error) != 0)
        return -1;
    put_count(json, "waiting_count", counts.waiting);
    put_count(json, "waiting_bytes", counts.waiting_bytes);
    put_count(json, "kept_count", counts.kept);
    put_count(json, "kept_bytes", counts.kept_bytes);
    put_count(json, "limit_bytes", FILES_STATION);
    buffer_append_byte(json, '}');
    return 0;
}

int satchel_files(satchel_session *session, char **ret_json, satchel_error *error) {
    struct satchel *station = session->station;
    struct buffer json = buffer_make(LIMIT_JSON);
    pthread_mutex_lock(&station->write_lock);
    int failed = files_into(session, &json, inner(error));
    pthread_mutex_unlock(&station->write_lock);
    if (!failed)
        failed = json_take(&json, ret_json, inner(error));
    buffer_free(&json);
    return outcome(station, failed, error);
}
