/* A running server: start, stop, health, figures, log. */
#include "server/server.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/history.h"
#include "server/internal.h"
#include "server/place.h"
#include "server/seen.h"
#include "server/server_key.h"
#include "server/tls.h"

/* --- log ----------------------------------------------------------------------------------------- */

void server_log(struct server *server, const char *level, const char *event,
                const char *format, ...) {
    char line[1024];
    if (server->options.log == NULL) {
        return;
    }
    int size =
        snprintf(line, sizeof line, "{\"at\":%lld,\"level\":\"%s\",\"event\":\"%s\"",
                 (long long)server->env->wall_ms(server->env->context), level, event);
    if (format[0] != '\0' && strcmp(format, "%s") != 0) {
        va_list arguments;
        va_start(arguments, format);
        size += snprintf(line + size, sizeof line - (size_t)size, ",");
        size += vsnprintf(line + size, sizeof line - (size_t)size, format, arguments);
        va_end(arguments);
    }
    if (size > 0 && (size_t)size < sizeof line - 1) {
        line[size] = '}';
        line[size + 1] = '\0';
        server->options.log(server->options.log_context, line);
    }
}

/* --- where it listens --------------------------------------------------------------------------------- */

/* "http://127.0.0.1:8787" → "127.0.0.1:8787" */
static int listen_of_address(struct reader *reader, char *ret, size_t size,
                             struct error *error) {
    char *address = NULL;
    if (master_setting(reader->db, "listen", &address, error) != 0 ||
        (address == NULL &&
         master_setting(reader->db, "address", &address, error) != 0)) {
        return -1;
    }
    const char *host = address ? strstr(address, "://") : NULL;
    host = host ? host + 3 : address;
    int result = host != NULL && strlen(host) < size
                     ? 0
                     : error_set(error, "server.listen", "listen",
                                 "say where to listen: --listen 127.0.0.1:8787");
    if (result == 0) {
        snprintf(ret, size, "%.*s", (int)strcspn(host, "/"), host);
    }
    free(address);
    return result;
}

static int choose_listen(struct server *server, char *ret, size_t size,
                         struct error *error) {
    if (server->options.listen != NULL) {
        snprintf(ret, size, "%s", server->options.listen);
    } else {
        struct reader *reader = reader_take(server->readers, error);
        int result = reader ? listen_of_address(reader, ret, size, error) : -1;
        reader_give(server->readers, reader);
        if (result != 0) {
            return -1;
        }
    }
    if (strchr(ret, ':') == NULL) {
        return error_set(error, "server.listen", "listen",
                         "\"%.100s\" is not an address and port such as 127.0.0.1:8787",
                         ret);
    }
    bool plain = server->options.certificate == NULL;
    return plain && !http_is_loopback(ret) && !server->options.allow_plain
               ? error_set(error, "server.plain", "listen",
                           "plain HTTP beyond this machine needs a certificate (satcheld "
                           "tls self-signed, tls import, or --certificate FILE), or "
                           "--allow-plain when a proxy stands in front")
               : 0;
}

/* --- the certificate ----------------------------------------------------------------------------------- */

char *server_certificate(const struct server_options *options) {
    char *path = options->certificate ? strdup(options->certificate)
                                      : server_path(options->data, TLS_FILE);
    if (path != NULL && options->certificate == NULL && access(path, F_OK) != 0) {
        free(path);
        return NULL;
    }
    return path;
}

/* The one named, or DIR/tls.pem. Stations come the way that the stored address says. */
static int choose_certificate(struct server *server, struct error *error) {
    char *address = NULL;
    server->certificate = server_certificate(&server->options);
    server->options.certificate = server->certificate;
    if (server->certificate != NULL && access(server->certificate, R_OK) != 0) {
        return error_set(
            error, "server.certificate", "certificate",
            "%.300s cannot be read; name a PEM file with key and certificate",
            server->certificate);
    }
    struct reader *reader = reader_take(server->readers, error);
    int result = reader ? master_setting(reader->db, "address", &address, error) : -1;
    reader_give(server->readers, reader);
    bool secure = address == NULL || strncmp(address, "https://", 8) == 0;
    if (result == 0 && server->certificate != NULL && !secure) {
        result = error_set(error, "server.scheme", "address",
                           "there is a certificate, but stations are told %.100s; set it "
                           "right: satcheld address --data DIR --set https://HOST:PORT",
                           address);
    } else if (result == 0 && server->certificate == NULL && address != NULL && secure) {
        server_log(server, "warning", "no certificate",
                   "\"message\":\"stations use https; a proxy must stand in front\"");
    }
    free(address);
    return result;
}

/* --- start and stop ------------------------------------------------------------------------------------ */

static int load_ring(struct server *server, const struct master *master,
                     struct error *error) {
    server->ring = calloc(1, sizeof *server->ring);
    return server->ring == NULL
               ? error_out_of_memory(error)
               : key_ring_load(server->options.data, master->db, server->ring, error);
}

/* Goes on from a backup, when this is one, as another history. */
static int look_for_backup(struct server *server, struct master *master,
                           struct error *error) {
    struct work work;
    bool begun = false;
    work_begin(&work, master);
    int result = history_restored(master, &work, &begun, error);
    work_end(&work);
    if (result == 0 && begun) {
        server_log(server, "warning", "started from a backup", "\"epoch\":%lld",
                   (long long)master->epoch);
    }
    return result;
}

static int open_parts(struct server *server, struct error *error) {
    int64_t epoch = 0;
    struct master *master = NULL;
    char *path = server_path(server->options.data, "master.db");
    if (path == NULL) {
        return error_out_of_memory(error);
    }
    int result = server_open_master(&server->options, &master, error);
    if (result == 0) {
        server->keys = master->keys;
        result = load_ring(server, master, error);
    }
    if (result == 0) {
        struct sign_public key;
        result =
            genesis_read(master->db, &server->org, &epoch, &key, server->org_name, error);
    }
    if (result == 0) {
        result = look_for_backup(server, master, error) != 0
                     ? -1
                     : place_secret(master, server->place_secret, error);
    }
    if (result == 0) {
        result = reader_pool_make(path, server->catalogue, &server->readers, error);
    }
    if (result == 0) {
        result = server->options.embedded ? ingest_open(master, &server->ingest, error)
                                          : ingest_start(master, &server->ingest, error);
        master = result == 0 ? NULL : master;
    }
    master_close(master);
    free(path);
    return result;
}

static int start_listening(struct server *server, struct error *error) {
    char listen[128] = "";
    if (choose_certificate(server, error) != 0 ||
        choose_listen(server, listen, sizeof listen, error) != 0 ||
        routes_start(server, listen, server->certificate, &server->http, error) != 0) {
        return -1;
    }
    server_log(server, "info", "started", "\"listen\":\"%s\",\"tls\":%s",
               http_address(server->http), server->certificate ? "true" : "false");
    return 0;
}

static int make_server(const struct server_options *options, struct server **ret,
                       struct error *error) {
    if (seal_start(error) != 0 || access(options->data, F_OK) != 0) {
        return error_set(error, "server.empty", "data",
                         "%.300s holds no company yet; run satcheld init", options->data);
    }
    struct server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        return error_out_of_memory(error);
    }
    server->options = *options;
    server->env = options->env;
    server->catalogue = options->catalogue;
    server->lock = -1;
    pthread_mutex_init(&server->metrics_lock, NULL);
    server->started_at = options->env->wall_ms(options->env->context);
    *ret = server;
    return 0;
}

int server_open(const struct server_options *options, struct server **ret,
                struct error *error) {
    struct server *server = NULL;
    if (make_server(options, &server, error) != 0) {
        return -1;
    }
    if (open_parts(server, error) != 0 || seen_make(&server->seen, error) != 0) {
        server_stop(server);
        return -1;
    }
    *ret = server;
    return 0;
}

int server_start(const struct server_options *options, struct server **ret,
                 struct error *error) {
    struct server *server = NULL;
    if (make_server(options, &server, error) != 0) {
        return -1;
    }
    if (server_lock(options->data, &server->lock, error) != 0 ||
        open_parts(server, error) != 0 || seen_make(&server->seen, error) != 0 ||
        (!options->embedded && start_listening(server, error) != 0)) {
        server_stop(server);
        return -1;
    }
    *ret = server;
    return 0;
}

const char *server_address(const struct server *server) {
    return http_address(server->http);
}

void server_stop(struct server *server) {
    if (server == NULL) {
        return;
    }
    if (server->http != NULL) {
        server_log(server, "info", "stopping", "%s", "");
    }
    http_stop(server->http);
    if (server->seen != NULL && server->ingest != NULL) {
        seen_write(server->seen, server->ingest, 0, true);
    }
    seen_free(server->seen);
    ingest_stop(server->ingest);
    reader_pool_free(server->readers);
    seal_wipe(&server->keys, sizeof server->keys);
    if (server->ring != NULL) {
        key_ring_free(server->ring);
    }
    free(server->ring);
    seal_wipe(server->place_secret, sizeof server->place_secret);
    if (server->lock >= 0) {
        close(server->lock);
    }
    free(server->certificate);
    pthread_mutex_destroy(&server->metrics_lock);
    free(server);
}

/* --- health and figures ----------------------------------------------------------------------------------- */

struct server_head {
    int64_t gsn, entries, stations, epoch;
};

static int read_head(struct server *server, struct server_head *ret,
                     struct error *error) {
    struct reader *reader = reader_take(server->readers, error);
    if (reader == NULL) {
        return -1;
    }
    int result =
        database_integer(reader->db, "select max(gsn) from gsn_log", &ret->gsn, error) ||
                history_epoch(reader->db, &ret->epoch, error) ||
                database_integer(reader->db, "select max(entry) from journal",
                                 &ret->entries, error) ||
                database_integer(reader->db, "select count(*) from station",
                                 &ret->stations, error)
            ? -1
            : 0;
    reader_give(server->readers, reader);
    return result;
}

int server_health(struct server *server, struct buffer *ret) {
    struct error error = {0};
    struct server_head head = {0};
    if (read_head(server, &head, &error) != 0) {
        buffer_printf(ret, "{\"status\":\"failing\",\"code\":\"%s\"}\n", error.code);
        return 503;
    }
    buffer_printf(
        ret,
        "{\"status\":\"ok\",\"gsn\":%lld,\"journal_entries\":%lld,\"stations\":%lld,"
        "\"schema_version\":%d,\"epoch\":%lld,\"uptime_ms\":%lld}\n",
        (long long)head.gsn, (long long)head.entries, (long long)head.stations,
        server->catalogue->version, (long long)head.epoch,
        (long long)(server->env->wall_ms(server->env->context) - server->started_at));
    return 200;
}
