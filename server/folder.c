/* A server's folder: its files, its keys, its master opened for writing. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/genesis.h"
#include "server/history.h"
#include "server/internal.h"
#include "server/server_key.h"

char *server_path(const char *data, const char *file) {
    size_t size = strlen(data) + strlen(file) + 2;
    char *path = malloc(size);
    if (path != NULL) {
        snprintf(path, size, "%s/%s", data, file);
    }
    return path;
}

/* server.key holds the 32-byte seed, so that a key pair can never be half of another. */
int server_read_keys(const char *data, struct sign_keys *ret, struct error *error) {
    uint8_t seed[SIGN_SEED + 1];
    char *path = server_path(data, "server.key");
    FILE *file = path ? fopen(path, "rb") : NULL;
    size_t size = file ? fread(seed, 1, sizeof seed, file) : 0;
    if (file != NULL) {
        fclose(file);
    }
    if (size != SIGN_SEED) {
        error_set(error, "server.key", "data",
                  "%s cannot be read or is not a key of 32 bytes",
                  path ? path : "server.key");
    } else {
        seal_keys(seed, ret);
    }
    seal_wipe(seed, sizeof seed);
    free(path);
    return size == SIGN_SEED ? 0 : -1;
}

int server_sync_folder(const char *data) {
    int folder = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int result = folder >= 0 ? fsync(folder) : -1;
    if (folder >= 0) {
        close(folder);
    }
    return result;
}

/* The folder that a path lies in. */
static int sync_above(const char *path) {
    char *above = strdup(path);
    if (above == NULL) {
        return -1;
    }
    char *end = strrchr(above, '/');
    if (end != NULL) {
        end[end == above ? 1 : 0] = '\0';
    }
    int result = server_sync_folder(end != NULL ? above : ".");
    free(above);
    return result;
}

int server_make_folder(const char *path, const char *code, const char *field,
                       struct error *error) {
    if (mkdir(path, 0700) != 0) {
        return errno == EEXIST ? 0
                               : error_from_system(error, code, NULL, field, errno,
                                                   "cannot make", path);
    }
    return sync_above(path) == 0 ? 0
                                 : error_from_system(error, code, NULL, field, errno,
                                                     "cannot write the folder of", path);
}

int server_lock_file(const char *data, const char *file, const char *code, int *ret_lock,
                     struct error *error) {
    char *path = server_path(data, file);
    int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    int result = 0;
    if (fd < 0) {
        result = error_from_system(error, "server.folder", NULL, "data", errno,
                                   "cannot write", path ? path : data);
    } else if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        result = error_set(error, code, "data",
                           "another satcheld works on %.300s already", data);
    } else {
        *ret_lock = fd;
    }
    free(path);
    return result;
}

int server_lock(const char *data, int *ret_lock, struct error *error) {
    return server_lock_file(data, "server.lock", "server.running", ret_lock, error);
}

/* Whose master it is, and the key that signs for it. */
static int check_company(const char *data, struct master *master, struct error *error) {
    struct sign_public key;
    char name[128];
    return genesis_read(master->db, &master->org, &master->epoch, &key, name, error) !=
                       0 ||
                   history_epoch(master->db, &master->epoch, error) != 0
               ? -1
               : server_settle_key(data, &key, &master->keys, error);
}

int server_open_master(const struct server_options *options, struct master **ret,
                       struct error *error) {
    struct master *master = NULL;
    char *path = server_path(options->data, "master.db");
    if (path == NULL) {
        return error_out_of_memory(error);
    }
    if (access(path, F_OK) != 0) {
        error_set(error, "server.empty", "data",
                  "%.300s holds no company yet; run satcheld init", options->data);
    } else if (master_open(path, options->env, options->catalogue, false, &master,
                           error) == 0) {
        master->signing = true;
        if (check_company(options->data, master, error) != 0) {
            master_close(master);
            master = NULL;
        }
    }
    free(path);
    if (master == NULL) {
        return -1;
    }
    *ret = master;
    return 0;
}
