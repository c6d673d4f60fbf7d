/*
 * `satchel rotate-key`: another key for this station.
 */
#include <stdio.h>

#include "tools/satchel/commands.h"
#include "tools/satchel/desk.h"
#include "tools/satchel/problem.h"
#include "tools/satchel/words.h"

static int run(const struct invocation *invocation) {
    satchel_error error;
    struct desk desk;
    int rc = desk_open_only(invocation, &desk, &error);
    if (rc == 0)
        rc = satchel_rotate_key(desk.handle, &error);
    if (rc == 0)
        puts(invocation->json ? "{}" : word("This station signs with a new key."));
    desk_close(&desk);
    return rc == 0 ? EXIT_DONE : problem_print(&error, invocation->json);
}

const struct subcommand subcommand_rotate_key = {
    .name = "rotate-key",
    .words = "",
    .title = "replace the key that this station signs with",
    .title_zh = "更换密钥",
    .run = run,
    .details = "What was signed before counts; the former key counts for nothing more. "
               "When headquarters\ncannot be reached, the next sync does it.\n",
};
