/*
 * The home of a station: folder, key file, lock.
 */
#include "client-core/home.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
    FULL_DISK_BYTES = 128 * 1024,
    FOLDER_DEPTH = 16,   /* of folders in a home */
    KEY_FILE_MOST = 4096 /* bytes: what may be a key is overwritten before it goes */
};

static const char key_file[] = "device.key";
static const char next_key_file[] = "device.key.next";
static const char key_prefix[] = "satchel-device-key-1:";

static int home_failed(struct error *error, const char *doing, const char *path) {
    return error_from_system(error, "home.failed", "home.full", "", errno, doing, path);
}

int home_file(const char *home, const char *name, char ret_path[HOME_PATH],
              struct error *error) {
    if (strlen(home) + strlen(name) + 2 > HOME_PATH)
        return error_set(error, "home.failed", "home",
                         "the path of the home is too long");
    int length = snprintf(ret_path, HOME_PATH, "%s/%s", home, name);
    return length > 0 && length < HOME_PATH ? 0 : -1;
}

bool home_has(const char *home, const char *name) {
    char path[HOME_PATH];
    struct stat found;
    return home_file(home, name, path, NULL) == 0 && stat(path, &found) == 0;
}

int home_make(const char *home, struct error *error) {
    char path[HOME_PATH];
    size_t size = strlen(home);
    if (size == 0 || size >= sizeof path)
        return error_set(error, "home.failed", "home", "this is no path for a home");
    memcpy(path, home, size + 1);
    for (size_t i = 1; i <= size; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        char kept = path[i];
        path[i] = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            return home_failed(error, "cannot make the folder", path);
        path[i] = kept;
    }
    if (chmod(home, 0700) != 0)
        return home_failed(error, "cannot close to others the folder", home);
    return 0;
}

/* --- what a database failure means ---------------------------------------------------------------- */

/* Why the home or its database cannot be read and written, as the system says it; "" when it sees nothing. */
static void put_reason(const char *home, char *ret, size_t room) {
    char path[HOME_PATH];
    char reason[128];
    bool fine = access(home, R_OK | W_OK | X_OK) == 0 &&
                home_file(home, "replica.db", path, NULL) == 0 &&
                access(path, R_OK | W_OK) == 0;
    ret[0] = '\0';
    if (!fine && strerror_r(errno, reason, sizeof reason) == 0)
        snprintf(ret, room, ": %s", reason);
}

/* SQLite says "cannot open" or "I/O error" also where the disk is full or read-only. */
static const char *precise_code(const char *home, const char *code) {
    struct statvfs disk;
    bool vague = strcmp(code, "database.io") == 0 || strcmp(code, "database.open") == 0;
    if (vague && access(home, W_OK) != 0 && errno == EROFS)
        return "database.readonly";
    if (vague && statvfs(home, &disk) == 0 &&
        disk.f_bavail * disk.f_frsize < FULL_DISK_BYTES)
        return "database.full";
    return code;
}

void home_explain(const char *home, struct error *error) {
    static const struct {
        const char *code;
        const char *what; /* behind the folder's name */
        const char *then;
    } texts[] = {
        {"database.readonly", "cannot be written",
         "Make it writable, then try again; what was done before is kept."},
        {"database.open", "cannot be read or written",
         "Give your account access to it and to all files in it, then try again."},
        {"database.full", "is on a full disk",
         "Make room, then try again; what was done before is kept."},
        {"database.io", "is on a disk that does not read or write",
         "Look after the disk, then try again."},
        {"database.corrupt", "holds a damaged database",
         "Keep a copy of the folder for headquarters, and make a new station in another "
         "folder with a new invitation."},
        {"database.busy", "is in use by another program", "Try again in a moment."},
    };
    char reason[160];
    const char *code = error ? precise_code(home, error->code) : "";
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (strcmp(code, texts[i].code) != 0)
            continue;
        put_reason(home, reason, sizeof reason);
        error_fill(error, texts[i].code, "home", "The folder %.200s %s%s. %s", home,
                   texts[i].what, reason, texts[i].then);
        return;
    }
}

/* --- the device's key ---------------------------------------------------------------------------- */

static int write_all(int file, const char *data, size_t size) {
    while (size > 0) {
        ssize_t written = write(file, data, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return -1;
        data += written;
        size -= (size_t)written;
    }
    return 0;
}

/* The folder's own entry is durable too. */
static int sync_folder(const char *home) {
    int folder = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return -1;
    int failed = fsync(folder);
    close(folder);
    return failed;
}

static int write_durably(const char *home, const char *path, const char *text,
                         struct error *error) {
    char temporary[HOME_PATH + 8];
    snprintf(temporary, sizeof temporary, "%s.new", path);
    int file =
        open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0)
        return home_failed(error, "cannot make", temporary);
    int failed = write_all(file, text, strlen(text)) != 0 || fsync(file) != 0;
    failed = close(file) != 0 || failed;
    if (failed || rename(temporary, path) != 0 || sync_folder(home) != 0) {
        home_failed(error, "cannot write", path);
        unlink(temporary);
        return -1;
    }
    return 0;
}

static int make_key(const char *home, const char *path, const struct env *env,
                    struct error *error) {
    uint8_t seed[SIGN_SEED];
    struct buffer text = buffer_make(256);
    env->random(env->context, seed, sizeof seed);
    buffer_printf(&text, "%s", key_prefix);
    seal_base32((struct bytes){seed, sizeof seed}, &text);
    buffer_append_byte(&text, '\n');
    int failed = text.failed ? error_out_of_memory(error)
                             : write_durably(home, path, buffer_text(&text), error);
    seal_wipe(seed, sizeof seed);
    if (text.data)
        seal_wipe(text.data, text.size);
    buffer_free(&text);
    return failed;
}

static int read_key(const char *path, char *text, size_t room, struct error *error) {
    FILE *file = fopen(path, "re");
    if (!file)
        return errno == ENOENT ? error_set(error, "station.key", "",
                                           "the device's key is missing: %s", path)
                               : home_failed(error, "cannot read", path);
    char *line = fgets(text, (int)room, file);
    fclose(file);
    if (!line || strncmp(text, key_prefix, sizeof key_prefix - 1) != 0)
        return error_set(error, "station.key", "", "%s holds no device key", path);
    text[strcspn(text, "\r\n")] = '\0';
    return 0;
}

/* The key pair in a file of the home. */
static int load_keys(const char *home, const char *name, struct sign_keys *ret,
                     struct error *error) {
    char path[HOME_PATH];
    char text[256];
    struct buffer seed = buffer_make(SIGN_SEED);
    if (home_file(home, name, path, error) != 0 ||
        read_key(path, text, sizeof text, error) != 0)
        return -1;
    int failed = seal_base32_read(text + sizeof key_prefix - 1, &seed, error) != 0 ||
                 seed.failed || seed.size != SIGN_SEED;
    if (!failed)
        seal_keys(seed.data, ret);
    else
        error_set(error, "station.key", "", "%s holds no device key", path);
    if (seed.data)
        seal_wipe(seed.data, seed.size);
    seal_wipe(text, sizeof text);
    buffer_free(&seed);
    return failed ? -1 : 0;
}

/* Makes the file when there is none. */
static int make_keys(const char *home, const char *name, const struct env *env,
                     struct error *error) {
    char path[HOME_PATH];
    if (home_file(home, name, path, error) != 0)
        return -1;
    return home_has(home, name) ? 0 : make_key(home, path, env, error);
}

int home_keys(const char *home, const struct env *env, bool create, struct sign_keys *ret,
              struct error *error) {
    if (create && make_keys(home, key_file, env, error) != 0)
        return -1;
    return load_keys(home, key_file, ret, error);
}

int home_next_keys(const char *home, const struct env *env, struct sign_keys *ret,
                   struct error *error) {
    return make_keys(home, next_key_file, env, error) != 0
               ? -1
               : load_keys(home, next_key_file, ret, error);
}

/* Zeros over what a file holds, on disk. */
static int overwrite(const char *path, struct error *error) {
    static const char zeros[256];
    int file = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat found;
    if (file < 0)
        return errno == ENOENT ? 0 : home_failed(error, "cannot open", path);
    int failed = fstat(file, &found) != 0;
    for (off_t done = 0; !failed && done < found.st_size; done += (off_t)sizeof zeros) {
        off_t left = found.st_size - done;
        failed = write_all(file, zeros,
                           left < (off_t)sizeof zeros ? (size_t)left : sizeof zeros);
    }
    failed = failed || fsync(file) != 0;
    failed = close(file) != 0 || failed;
    return failed ? home_failed(error, "cannot overwrite", path) : 0;
}

/* Who dies between the two finds the next key alone, and goes on here. */
static int take_next(const char *home, struct error *error) {
    char path[HOME_PATH];
    char next[HOME_PATH];
    if (home_file(home, key_file, path, error) != 0 ||
        home_file(home, next_key_file, next, error) != 0 || overwrite(path, error) != 0)
        return -1;
    return rename(next, path) == 0 && sync_folder(home) == 0
               ? 0
               : home_failed(error, "cannot write", path);
}

static bool is_key(const struct sign_keys *keys, const struct sign_public *wanted) {
    return memcmp(keys->public_key, wanted->bytes, SIGN_PUBLIC) == 0;
}

int home_keys_of(const char *home, const struct sign_public *wanted,
                 struct sign_keys *ret, struct error *error) {
    struct sign_keys next;
    int loaded = load_keys(home, key_file, ret, error);
    if (loaded == 0 && is_key(ret, wanted))
        return 0;
    if (!home_has(home, next_key_file))
        return loaded != 0 ? -1
                           : error_set(error, "station.key", "",
                                       "the key in %.300s is not this device's", home);
    int failed = load_keys(home, next_key_file, &next, error);
    if (!failed && !is_key(&next, wanted))
        failed = error_set(error, "station.key", "", "no key in %.300s is this device's",
                           home);
    if (!failed)
        failed = take_next(home, error);
    if (!failed)
        *ret = next;
    seal_wipe(&next, sizeof next);
    return failed;
}

/* --- the end --------------------------------------------------------------------------------------- */

static bool is_kept(const char *name) {
    static const char *const kept[] = {
        ".", "..", "replica.db", "replica.db-wal", "replica.db-shm", "sync.lock"};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (strcmp(name, kept[i]) == 0)
            return true;
    return false;
}

static int remove_all(const char *path, int depth, struct error *error);

/* What is in a folder; `top`: but for what is kept. */
static int empty_folder(const char *path, bool top, int depth, struct error *error) {
    DIR *folder = opendir(path);
    char inner[HOME_PATH];
    int failed = 0;
    if (!folder)
        return errno == ENOENT ? 0 : home_failed(error, "cannot open", path);
    for (struct dirent *entry; !failed && (entry = readdir(folder));) {
        bool dots = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
        if (dots || (top && is_kept(entry->d_name)))
            continue;
        failed = home_file(path, entry->d_name, inner, error) != 0 ||
                 remove_all(inner, depth + 1, error) != 0;
    }
    closedir(folder);
    return failed ? -1 : 0;
}

static int remove_all(const char *path, int depth, struct error *error) {
    struct stat found;
    if (depth > FOLDER_DEPTH)
        return error_set(error, "home.failed", "home", "%.300s is too deep", path);
    if (lstat(path, &found) != 0)
        return errno == ENOENT ? 0 : home_failed(error, "cannot look at", path);
    if (S_ISDIR(found.st_mode)) {
        if (empty_folder(path, false, depth, error) != 0)
            return -1;
        return rmdir(path) == 0 ? 0 : home_failed(error, "cannot remove", path);
    }
    if (S_ISREG(found.st_mode) && found.st_size <= KEY_FILE_MOST &&
        overwrite(path, error) != 0)
        return -1;
    return unlink(path) == 0 || errno == ENOENT
               ? 0
               : home_failed(error, "cannot remove", path);
}

int home_wipe(const char *home, struct error *error) {
    if (empty_folder(home, true, 0, error) != 0)
        return -1;
    return sync_folder(home) == 0 ? 0 : home_failed(error, "cannot write", home);
}

/* --- the lock ------------------------------------------------------------------------------------ */

enum { LOCK_STEP_MS = 50 };

int home_lock(const char *home, const char *name, const struct env *env, int64_t wait_ms,
              int *ret_lock, struct error *error) {
    char path[HOME_PATH];
    if (home_file(home, name, path, error) != 0)
        return -1;
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0)
        return home_failed(error, "cannot open", path);
    for (int64_t waited = 0;; waited += LOCK_STEP_MS) {
        if (flock(file, LOCK_EX | LOCK_NB) == 0) {
            *ret_lock = file;
            return 0;
        }
        if (errno != EWOULDBLOCK && errno != EINTR) {
            home_failed(error, "cannot lock", path);
            break;
        }
        if (waited >= wait_ms) {
            error_set(error, "sync.busy", "", "another process is syncing this station");
            break;
        }
        env->sleep_ms(env->context, LOCK_STEP_MS);
    }
    close(file);
    return -1;
}

void home_unlock(int lock) {
    if (lock >= 0)
        close(lock);
}
