/* satcheld: the sync server at headquarters. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/embedded.h"
#include "tools/satcheld/options.h"

static const char USAGE[] =
    "satcheld, the sync server of Satchel\n"
    "\n"
    "  satcheld init    --data DIR --org NAME [--address URL] [--currency CNY] [--admin NAME]\n"
    "      Makes a company in DIR; the last line printed is the first invitation, for an\n"
    "      HQ station. URL is the address under which stations reach this server\n"
    "      (http://127.0.0.1:8787 unless said otherwise).\n"
    "  satcheld address --data DIR [--set URL]\n"
    "      Prints the address that stations are told, or sets it.\n"
    "  satcheld serve   --data DIR [--listen HOST:PORT] [--certificate PEM] [--allow-plain]\n"
    "                   [--console HOST:PORT [--console-address URL]] [--horizon DAYS]\n"
    "      Serves until it gets SIGTERM or SIGINT. Listens where the stored address says.\n"
    "      Uses DIR/tls.pem when it is there; plain HTTP stays on this machine unless\n"
    "      --allow-plain says that a proxy stands in front.\n"
    "      --console: headquarters' pages, for everybody who was given access to them; URL\n"
    "      is how people reach them through a proxy. --horizon (90): a station that was away\n"
    "      for longer gets everything again.\n"
    "  satcheld access  --data DIR --user WHO\n"
    "      A new password for WHO on those pages; the last line printed, and never again.\n"
    "  satcheld serve   --config FILE\n"
    "      The same, with lines of key = value for data, listen, certificate, console,\n"
    "      console_address, allow_plain, horizon; an option given beside it wins. The other commands\n"
    "      take its data.\n"
    "\n"
    "  satcheld tls self-signed --data DIR [--host NAME]... [--days 825] [--new-key]\n"
    "      Makes key and certificate. Invitations then carry the pin of the key, so that\n"
    "      stations trust it. A second call renews the certificate; the key stays.\n"
    "  satcheld tls import --data DIR --certificate PEM [--key PEM]\n"
    "      Takes a certificate of an authority: server first, then its chain.\n"
    "  satcheld tls show   --data DIR\n"
    "\n"
    "  satcheld invite  --data DIR --user WHO [--ceiling \"rep manager\"] [--name STATION]\n"
    "                   [--address URL] [--expires 7d] [--qr FILE.svg|-]\n"
    "      Prints an invitation for one station of WHO (name, code or id); --qr draws it too,\n"
    "      or with - instead.\n"
    "  satcheld invite  --data DIR --all [--role rep] [--expires 7d]\n"
    "      One line per active person: name, tab, invitation.\n"
    "  satcheld invitations --data DIR [--json]\n"
    "  satcheld devices     --data DIR [--json]\n"
    "      What was given out, and who enrolled; last contacts are up to a minute old.\n"
    "  satcheld revoke  --data DIR --device CODE|NAME|ID [--reason TEXT]\n"
    "  satcheld revoke  --data DIR --invitation ID [--reason TEXT]\n"
    "      At its next contact the device sends what it has and is wiped; the invitation is\n"
    "      void.\n"
    "  satcheld quarantine list --data DIR [--json]\n"
    "  satcheld quarantine release|discard --data DIR --device CODE|NAME|ID\n"
    "      What revoked devices had not sent yet: merged as their work, or not.\n"
    "\n"
    "  satcheld bundle import --data DIR FILE [--answer FILE2] [--limit MB]\n"
    "      A sync round with a station that has no network: takes in what `satchel bundle\n"
    "      export` wrote there, and writes the answer for it, encrypted to that station.\n"
    "\n"
    "  satcheld files   --data DIR [--person-limit MB] [--company-limit MB] [--sweep [--grace DAYS]]\n"
    "      The photos and documents that stations sent. --sweep takes away what no record has\n"
    "      named for 30 days (a running server does so by itself).\n"
    "  satcheld verify  --data DIR [--files] [--checkpoint | --archive DIR]\n"
    "      Checks every signature and chain, replays the journal and compares; --files: and\n"
    "      reads every file; --checkpoint: replays what came after the last checkpoint;\n"
    "      --archive: where older bundles are, to replay all.\n"
    "  satcheld backup  --data DIR --to DIR\n"
    "      Copies a consistent state, also beside a running server.\n"
    "  satcheld rotate-key --data DIR\n"
    "      Replaces the server's key, while it is stopped. Stations follow by themselves.\n"
    "  satcheld backup  --data DIR --follow DIR [--once]\n"
    "      Keeps DIR, on another disk, up to date until SIGTERM: a copy, then the journal as\n"
    "      it grows. --once: writes what is there now and ends.\n"
    "  satcheld restore --from DIR --data NEW\n"
    "      Makes NEW from what --follow wrote.\n"
    "  satcheld checkpoint --data DIR\n"
    "      Notes in the journal, signed, what the state is now, and keeps it in DIR.\n"
    "  satcheld archive --data DIR --to DIR\n"
    "      Moves the bundles before the last checkpoint to another place.\n"
    "  satcheld refill  --data DIR [--end]\n"
    "      After a restore: what stations sent again and still waits for work of others;\n"
    "      --end refuses it now instead of after 30 days.\n"
    "\n"
    "  satcheld version\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 wrong usage.\n";

static const struct subcommand *const SUBCOMMANDS[] = {&subcommand_init,
                                                       &subcommand_address,
                                                       &subcommand_serve,
                                                       &subcommand_access,
                                                       &subcommand_invite,
                                                       &subcommand_invitations,
                                                       &subcommand_devices,
                                                       &subcommand_revoke,
                                                       &subcommand_verify,
                                                       &subcommand_backup,
                                                       &subcommand_tls_self_signed,
                                                       &subcommand_tls_import,
                                                       &subcommand_tls_show,
                                                       &subcommand_bundle_import,
                                                       &subcommand_restore,
                                                       &subcommand_refill,
                                                       &subcommand_checkpoint,
                                                       &subcommand_archive,
                                                       &subcommand_files,
                                                       &subcommand_rotate_key,
                                                       &subcommand_quarantine_list,
                                                       &subcommand_quarantine_release,
                                                       &subcommand_quarantine_discard};

/* "tls show" is one command of two words. */
static const struct subcommand *find_subcommand(int count, char **arguments,
                                                int *ret_words) {
    char name[64];
    bool two = count > 2 &&
               (strcmp(arguments[1], "tls") == 0 || strcmp(arguments[1], "bundle") == 0 ||
                strcmp(arguments[1], "quarantine") == 0);
    snprintf(name, sizeof name, "%s%s%s", arguments[1], two ? " " : "",
             two ? arguments[2] : "");
    *ret_words = two ? 3 : 2;
    for (size_t i = 0; i < sizeof SUBCOMMANDS / sizeof *SUBCOMMANDS; i++) {
        if (strcmp(name, SUBCOMMANDS[i]->name) == 0) {
            return SUBCOMMANDS[i];
        }
    }
    return NULL;
}

static int run(const struct subcommand *subcommand, const struct options *options) {
    struct error error = {0};
    struct catalogue *catalogue = NULL;
    if (catalogue_load(embedded_files, embedded_file_count, &catalogue, &error) != 0) {
        return say_failure(&error);
    }
    struct server_options server = {.data = options->data,
                                    .certificate = options->certificate,
                                    .env = env_system(),
                                    .catalogue = catalogue};
    int result = subcommand->run(&server, options);
    catalogue_free(catalogue);
    return result;
}

int main(int count, char **arguments) {
    struct options options = {0};
    int words = 0;
    if (count < 2 || strcmp(arguments[1], "help") == 0 ||
        strcmp(arguments[1], "--help") == 0) {
        fputs(USAGE, stdout);
        return EXIT_SUCCESS;
    }
    if (strcmp(arguments[1], "version") == 0 || strcmp(arguments[1], "--version") == 0) {
        puts("satcheld " SATCHEL_VERSION);
        return EXIT_SUCCESS;
    }
    const struct subcommand *subcommand = find_subcommand(count, arguments, &words);
    if (subcommand == NULL) {
        return say_usage("there is no command %s", arguments[1]);
    }
    struct buffer configuration = {0};
    int result =
        options_read(count - words, arguments + words,
                     subcommand == &subcommand_bundle_import, &options, &configuration);
    if (result == 0) {
        result = run(subcommand, &options);
    }
    buffer_free(&configuration);
    return result;
}
