/* `satcheld invite`: for one person, or a line for each. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/qr/qr.h"
#include "tools/satcheld/options.h"

/* "7d", "12h", "30m" → milliseconds; 0 when it is none of these. */
static int64_t read_duration(const char *text) {
    char *end = NULL;
    long long number = strtoll(text, &end, 10);
    int64_t unit = strcmp(end, "d") == 0   ? 86400000
                   : strcmp(end, "h") == 0 ? 3600000
                   : strcmp(end, "m") == 0 ? 60000
                                           : 0;
    return number > 0 && number <= 3650 * 24 * 60 ? number * unit : 0;
}

static int print_line(void *context, const struct invited *invited, struct error *error) {
    (void)context;
    (void)error;
    printf("%s\t%s\n", invited->name, invited->invitation);
    return 0;
}

/* As a QR code into a file, which only its owner may read: who has it can be that person. */
static int draw(const char *invitation, const char *file, struct error *error) {
    struct buffer svg = buffer_make(LIMIT_JSON);
    int result = qr_svg(invitation, &svg, error);
    if (result == 0 && strcmp(file, "-") == 0) {
        puts(buffer_text(&svg));
    } else if (result == 0) {
        int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        FILE *stream = fd >= 0 ? fdopen(fd, "w") : NULL;
        bool written = stream != NULL && fputs(buffer_text(&svg), stream) >= 0;
        written = stream != NULL && fclose(stream) == 0 && written;
        result = written ? 0
                         : error_from_system(error, "qr.file", NULL, "qr", errno,
                                             "cannot write", file);
    }
    buffer_free(&svg);
    return result;
}

static int invite_one(const struct server_options *server,
                      const struct invite_options *invite, const char *qr) {
    struct error error = {0};
    struct buffer invitation = buffer_make(LIMIT_TEXT);
    int result = server_invite(server, invite, &invitation, &error);
    if (result == 0 && qr != NULL) {
        result = draw(buffer_text(&invitation), qr, &error);
    }
    if (result == 0 && (qr == NULL || strcmp(qr, "-") != 0)) {
        puts(buffer_text(&invitation));
    }
    buffer_free(&invitation);
    return result == 0 ? EXIT_SUCCESS : say_failure(&error);
}

static int invite_all(const struct server_options *server,
                      const struct invite_options *invite, const char *role) {
    struct error error = {0};
    const struct invited_people all = {.role = role};
    return server_invite_people(server, invite, &all, print_line, NULL, &error) == 0
               ? EXIT_SUCCESS
               : say_failure(&error);
}

static int run_invite(struct server_options *server, const struct options *options) {
    struct invite_options invite = {.user = options->user,
                                    .ceiling = options->ceiling,
                                    .name = options->name,
                                    .address = options->address,
                                    .valid_ms = INVITATION_MS};
    if ((options->user == NULL) == !options->all) {
        return say_usage("say for whom: %s NAME, or --all", "--user");
    }
    if (options->expires != NULL &&
        (invite.valid_ms = read_duration(options->expires)) == 0) {
        return say_usage("%s is no time span such as 7d, 12h or 30m", options->expires);
    }
    return options->all ? invite_all(server, &invite, options->role)
                        : invite_one(server, &invite, options->qr);
}

const struct subcommand subcommand_invite = {"invite", run_invite};
