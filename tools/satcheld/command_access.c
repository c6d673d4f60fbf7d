/* `satcheld access`: a first password for headquarters' pages, or a new one. */
#include <stdio.h>
#include <stdlib.h>

#include "tools/satcheld/console.h"
#include "tools/satcheld/options.h"

enum { WAIT_MS = 10000, STEP_MS = 100 };

/* A server that was started a moment ago is still making its console. */
static int give(const struct server_options *server, const char *user,
                char ret_password[PASSWORD_SIZE], struct error *error) {
    for (int64_t waited = 0;; waited += STEP_MS) {
        int result = console_access(server, user, ret_password, error);
        if (result == 0 || !error_is(error, "console.missing") || waited >= WAIT_MS) {
            return result;
        }
        server->env->sleep_ms(server->env->context, STEP_MS);
    }
}

static int run_access(struct server_options *server, const struct options *options) {
    struct error error = {0};
    char password[PASSWORD_SIZE];
    if (options->user == NULL) {
        return say_usage("say for whom: %s NAME", "--user");
    }
    if (give(server, options->user, password, &error) != 0) {
        return say_failure(&error);
    }
    printf("The password of %s for headquarters' pages; it is not shown again:\n%s\n",
           options->user, password);
    seal_wipe(password, sizeof password);
    return EXIT_SUCCESS;
}

const struct subcommand subcommand_access = {"access", run_access};
