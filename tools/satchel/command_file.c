/*
 * `satchel attach FILE`: a photo, a signature or a document with a customer or an opportunity. `satchel file`: what is
 * behind it, and what headquarters does not have yet.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/base/limits.h"
#include "tools/satchel/commands.h"
#include "tools/satchel/desk.h"
#include "tools/satchel/format.h"
#include "tools/satchel/json.h"
#include "tools/satchel/table.h"
#include "tools/satchel/words.h"

/* --- files of this machine ------------------------------------------------------------------------------- */

static int path_failed(satchel_error *error, const char *doing, const char *path) {
    char reason[128];
    if (strerror_r(errno, reason, sizeof reason) != 0)
        reason[0] = '\0';
    return problem_set(error, "file.path", "FILE", "%s %.300s: %s", doing, path, reason);
}

static int read_path(const char *path, struct buffer *ret, satchel_error *error) {
    struct stat found;
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return path_failed(error, "cannot read", path);
    int rc = fstat(fileno(file), &found) == 0 && S_ISREG(found.st_mode)
                 ? 0
                 : problem_set(error, "file.path", "FILE", "%.300s is no file", path);
    uint8_t step[16384];
    for (size_t size; rc == 0 && (size = fread(step, 1, sizeof step, file)) > 0;)
        buffer_append(ret, step, size);
    if (rc == 0 && ferror(file))
        rc = path_failed(error, "cannot read", path);
    if (rc == 0 && ret->failed)
        rc = problem_set(error, "file.size", "FILE", "a file has at most %lld MB",
                         (long long)(LIMIT_FILE >> 20));
    fclose(file);
    return rc;
}

/* An existing file stays as it is. */
static int write_path(const char *path, const char *data, size_t size,
                      satchel_error *error) {
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0)
        return path_failed(error, "cannot make", path);
    while (size > 0) {
        ssize_t written = write(file, data, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            break;
        data += written;
        size -= (size_t)written;
    }
    int rc = size == 0 ? 0 : path_failed(error, "cannot write", path);
    if (close(file) != 0 && rc == 0)
        rc = path_failed(error, "cannot write", path);
    if (rc != 0)
        unlink(path);
    return rc;
}

static const char *name_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* By the end of its name: it is only told, never trusted. */
static const char *media_of(const char *path) {
    static const char *const types[][2] = {
        {".jpg", "image/jpeg"},  {".jpeg", "image/jpeg"}, {".png", "image/png"},
        {".webp", "image/webp"}, {".gif", "image/gif"},   {".pdf", "application/pdf"},
    };
    const char *end = strrchr(path, '.');
    for (size_t i = 0; end != NULL && i < sizeof types / sizeof *types; i++)
        if (strcmp(end, types[i][0]) == 0)
            return types[i][1];
    return "application/octet-stream";
}

/* --- attach ------------------------------------------------------------------------------------------------ */

static struct node *arguments_of(const struct invocation *invocation, const char *file,
                                 size_t size) {
    static const char *const options[] = {"opportunity", "customer", "name", "kind",
                                          "note"};
    const char *path = invocation->words[0];
    struct node *object = node_object();
    node_set_text(object, "file", file);
    node_set_integer(object, "size", (int64_t)size);
    node_set_text(object, "media", media_of(path));
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        char option[32];
        snprintf(option, sizeof option, "--%s", options[i]);
        const char *value = arguments_option(invocation, option);
        if (value != NULL)
            node_set_text(object, options[i], value);
        else if (strcmp(options[i], "name") == 0)
            node_set_text(object, "name", name_of(path));
    }
    return object;
}

static int attach_bytes(const struct invocation *invocation, struct desk *desk,
                        const struct buffer *bytes, satchel_error *error) {
    char file[SATCHEL_FILE_TEXT];
    char *result = NULL;
    if (satchel_file_add(desk->session, bytes->data, bytes->size, file, error) != 0)
        return -1;
    struct node *values = arguments_of(invocation, file, bytes->size);
    char *arguments = node_write(values);
    int rc = arguments == NULL
                 ? problem_out_of_memory(error)
                 : satchel_do(desk->session, "attachment.add", arguments, &result, error);
    if (rc == 0 && invocation->json) {
        puts(result);
    } else if (rc == 0) {
        const struct table_reader reader = {"attachment.add", desk_currency(desk),
                                            invocation->chinese};
        struct node *value = node_read(result, NULL, 0);
        table_print(value, &reader);
        node_release(value);
    }
    satchel_free(result);
    node_free_text(arguments);
    node_release(values);
    return rc;
}

static int attach(const struct invocation *invocation, struct desk *desk,
                  satchel_error *error) {
    struct buffer bytes = buffer_make((size_t)LIMIT_FILE);
    int rc = read_path(invocation->words[0], &bytes, error);
    if (rc == 0)
        rc = attach_bytes(invocation, desk, &bytes, error);
    buffer_free(&bytes);
    return rc;
}

static int usage(const struct invocation *invocation, const char *message) {
    satchel_error error;
    problem_set(&error, "usage.words", "FILE", "%s", message);
    problem_print(&error, invocation->json);
    return EXIT_USAGE;
}

static int run_attach(const struct invocation *invocation) {
    satchel_error error;
    struct desk desk;
    if (invocation->word_count != 1)
        return usage(invocation, "Which file? satchel attach FILE --customer WHO");
    int rc = desk_open(invocation, &desk, &error);
    if (rc == 0)
        rc = attach(invocation, &desk, &error);
    desk_close(&desk);
    return rc == 0 ? EXIT_DONE
                   : problem_print_of("attachment.add", &error, invocation->json);
}

const struct subcommand subcommand_attach = {
    .name = "attach",
    .words = "FILE",
    .title = "put a photo, a signature or a document with a customer or an opportunity",
    .title_zh = "添加附件",
    .options = {{"--customer", "WHO", "the customer it belongs to"},
                {"--opportunity", "WHICH", "or the opportunity"},
                {"--name", "TEXT", "what people call it (the file's name)"},
                {"--kind", "KIND", "photo, signature or document"},
                {"--note", "TEXT", "more about it"}},
    .run = run_attach,
    .details =
        "It is kept here at once. The next sync sends it, after all work, in pieces: a cut link goes on\n"
        "where it was.\n"
        "\n"
        "  satchel attach door.jpg --customer \"Acme Corporation\"\n",
};

/* --- file ---------------------------------------------------------------------------------------------------- */

static int get(const struct invocation *invocation, struct desk *desk,
               satchel_error *error) {
    char *data = NULL;
    size_t size = 0;
    if (satchel_file_read(desk->session, invocation->words[1], &data, &size, error) != 0)
        return -1;
    int rc = write_path(invocation->words[2], data, size, error);
    satchel_free(data);
    return rc;
}

static void print_waiting(const struct node *files) {
    struct buffer text = buffer_make(4096);
    const struct node *waiting = node_member(files, "waiting");
    for (size_t i = 0; i < node_count(waiting); i++) {
        const struct node *file = node_at(waiting, i);
        buffer_printf(&text, "%s  ", node_member_text(file, "file"));
        format_size(&text, node_member_integer(file, "sent"));
        buffer_printf(&text, " / ");
        format_size(&text, node_member_integer(file, "size"));
        buffer_printf(&text, "  %s\n", node_member_text(file, "code"));
        fputs(buffer_text(&text), stdout);
        buffer_reset(&text);
    }
    buffer_printf(&text, word("%lld files wait to be sent ("),
                  (long long)node_member_integer(files, "waiting_count"));
    format_size(&text, node_member_integer(files, "waiting_bytes"));
    buffer_printf(&text, word("); %lld are kept here ("),
                  (long long)node_member_integer(files, "kept_count"));
    format_size(&text, node_member_integer(files, "kept_bytes"));
    buffer_printf(&text, ").\n");
    fputs(buffer_text(&text), stdout);
    buffer_free(&text);
}

static int list(const struct invocation *invocation, struct desk *desk,
                satchel_error *error) {
    char *json = NULL;
    if (satchel_files(desk->session, &json, error) != 0)
        return -1;
    if (invocation->json) {
        puts(json);
    } else {
        struct node *files = node_read(json, NULL, 0);
        print_waiting(files);
        node_release(files);
    }
    satchel_free(json);
    return 0;
}

static int run_file(const struct invocation *invocation) {
    satchel_error error;
    struct desk desk;
    bool gets = invocation->word_count == 3 && strcmp(invocation->words[0], "get") == 0;
    bool lists = invocation->word_count == 1 && strcmp(invocation->words[0], "list") == 0;
    if (!gets && !lists)
        return usage(invocation, "satchel file get FILE PATH, or satchel file list");
    int rc = desk_open(invocation, &desk, &error);
    if (rc == 0)
        rc = gets ? get(invocation, &desk, &error) : list(invocation, &desk, &error);
    desk_close(&desk);
    return rc == 0 ? EXIT_DONE : problem_print(&error, invocation->json);
}

const struct subcommand subcommand_file = {
    .name = "file",
    .words = "get FILE PATH | list",
    .title =
        "write an attachment's file to PATH; list what headquarters does not have yet",
    .title_zh = "取出附件文件",
    .run = run_file,
    .details =
        "FILE is the 64 digits that attachment.list shows. What is not here comes from headquarters.\n"
        "\n"
        "  satchel ask attachment.list customer=\"Acme Corporation\"\n"
        "  satchel file get 923f4da2… door.jpg\n",
};
