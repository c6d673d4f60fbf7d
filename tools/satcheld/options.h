/* satcheld's command line: what the subcommands share. */
#ifndef SATCHEL_SATCHELD_OPTIONS_H
#define SATCHEL_SATCHELD_OPTIONS_H

#include "server/server.h"

enum { EXIT_USAGE = 2, OPTION_HOSTS = 28 };

struct options {
    const char *data, *org, *address, *currency, *admin, *listen, *certificate;
    const char *user, *ceiling, *name, *expires, *to, *set, *key, *days, *role, *qr;
    const char *device, *invitation, *reason, *console, *console_address, *config;
    const char *person_limit, *company_limit, *grace, *follow, *from, *archive;
    const char *answer, *limit;
    const char *word;    /* what stands on its own: a file */
    const char *horizon; /* days */
    const char *hosts[OPTION_HOSTS];
    size_t host_count;
    bool allow_plain, new_key, all, json, end, once, checkpoint, files, sweep;
};

/* One word of the command line after satcheld, or two ("tls show"). */
struct subcommand {
    const char *name;
    int (*run)(struct server_options *server, const struct options *options);
};

/* Fills *ret from the words behind the subcommand, and what they do not say from the configuration file that they
 * name, whose texts live in ret_storage (buffer_free). `takes_word`: one of them may stand on its own. 0 or EXIT_USAGE, after saying why. */
int options_read(int count, char **arguments, bool takes_word, struct options *ret,
                 struct buffer *ret_storage);

/* Says what is wrong with the command line, or what failed; the exit status. */
int say_usage(const char *format, const char *what);
int say_failure(const struct error *error);

/* "2026-11-23 20:15" in the machine's own zone; "-" for 0. */
void put_time(int64_t ms, char ret[32]);

/* `satcheld backup` with --follow. */
int run_follow(struct server_options *server, const struct options *options);

/* --- the subcommands, a file each ------------------------------------------------------------- */

extern const struct subcommand subcommand_init, subcommand_address, subcommand_serve,
    subcommand_invite, subcommand_invitations, subcommand_devices, subcommand_revoke,
    subcommand_quarantine_list, subcommand_quarantine_release,
    subcommand_quarantine_discard, subcommand_access, subcommand_verify,
    subcommand_backup, subcommand_tls_self_signed, subcommand_tls_import,
    subcommand_tls_show, subcommand_bundle_import, subcommand_files, subcommand_restore,
    subcommand_refill, subcommand_checkpoint, subcommand_archive;

#endif
