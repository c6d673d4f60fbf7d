/*
 * The file is written beside its place and moved there, so that it is whole or not there.
 */
#include "tools/web/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client-core/home.h"

enum { LIMIT_PAGE = 16 * 1024 };

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

static int write_private(const char *path, struct bytes text, struct error *error) {
    char draft[HOME_PATH + 8];
    snprintf(draft, sizeof draft, "%s.new", path);
    (void)unlink(draft);
    int file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0)
        return error_from_system(error, "web.key", NULL, "home", errno, "cannot write",
                                 draft);
    bool written =
        write(file, text.data, text.size) == (ssize_t)text.size && fsync(file) == 0;
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
    return write_private(path, bytes_of_text(ret_key), error);
}

/* As an attribute of HTML. */
static void put_attribute(struct buffer *html, const char *text) {
    for (; *text != '\0'; text++) {
        if (strchr("&<>\"'", *text) != NULL)
            buffer_printf(html, "&#%d;", *text);
        else
            buffer_append_byte(html, (uint8_t)*text);
    }
}

int launch_page(const char *home, const char *link, char ret_path[HOME_PATH],
                struct error *error) {
    struct buffer html = buffer_make(LIMIT_PAGE);
    char folder[PATH_MAX];
    if (realpath(home, folder) == NULL)
        return error_from_system(error, "web.key", NULL, "home", errno, "cannot find",
                                 home);
    buffer_printf(&html, "<!doctype html>\n<meta charset=\"utf-8\">\n"
                         "<meta name=\"referrer\" content=\"no-referrer\">\n"
                         "<meta http-equiv=\"refresh\" content=\"0; url=");
    put_attribute(&html, link);
    buffer_printf(&html, "\">\n<title>Satchel</title>\n<a href=\"");
    put_attribute(&html, link);
    buffer_printf(&html, "\">Satchel</a>\n");
    int failed = home_file(folder, "app.html", ret_path, error) != 0 ||
                 (html.failed ? error_out_of_memory(error)
                              : write_private(ret_path, buffer_bytes(&html), error)) != 0;
    seal_wipe(html.data, html.size);
    buffer_free(&html);
    return failed ? -1 : 0;
}
