/*
 * The file is written beside its place and moved there, so that it is whole or not there.
 */
#include "tools/web/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client-core/home.h"

static bool read_key(const char *path, char ret_key[LAUNCH_KEY + 1]) {
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0)
        return false;
    bool good = fstat(file, &status) == 0 && S_ISREG(status.st_mode) &&
                (status.st_mode & 077) == 0 && status.st_uid == geteuid() &&
                read(file, ret_key, LAUNCH_KEY) == LAUNCH_KEY;
    close(file);
    ret_key[LAUNCH_KEY] = '\0';
    return good && strspn(ret_key, "abcdefghijklmnopqrstuvwxyz234567") == LAUNCH_KEY;
}

static int write_key(const char *path, const char *key, struct error *error) {
    char draft[HOME_PATH + 8];
    snprintf(draft, sizeof draft, "%s.new", path);
    (void)unlink(draft);
    int file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0)
        return error_from_system(error, "web.key", NULL, "home", errno, "cannot write",
                                 draft);
    bool written = write(file, key, LAUNCH_KEY) == LAUNCH_KEY && fsync(file) == 0;
    int number = errno;
    written = close(file) == 0 && written;
    if (written && rename(draft, path) == 0)
        return 0;
    number = written ? errno : number;
    (void)unlink(draft);
    return error_from_system(error, "web.key", NULL, "home", number, "cannot write",
                             path);
}

int launch_key(const char *home, const struct env *env, char ret_key[LAUNCH_KEY + 1],
               struct error *error) {
    char path[HOME_PATH];
    uint8_t random[20];
    if (home_make(home, error) != 0 || home_file(home, "app.key", path, error) != 0)
        return -1;
    if (read_key(path, ret_key))
        return 0;
    struct buffer text = buffer_make(4 * LAUNCH_KEY);
    env->random(env->context, random, sizeof random);
    seal_base32((struct bytes){random, sizeof random}, &text);
    snprintf(ret_key, LAUNCH_KEY + 1, "%s", buffer_text(&text));
    buffer_free(&text);
    return write_key(path, ret_key, error);
}
