/*
 * Files in a sync.
 */
#include "client-core/file_round.h"

#include <string.h>

enum {
    WAIT_AGAIN_MS = 1000,    /* headquarters has less of it than was thought */
    WAIT_UNKNOWN_MS = 60000, /* its row is not merged yet, or was refused */
    WAIT_REFUSED_MS = 600000 /* quota, a damaged disk */
};

struct speed {
    int64_t began;
    int64_t bytes_before;
};

static int64_t seconds_left(const struct file_round *round, const struct speed *speed,
                            int64_t bytes_left) {
    const struct env *env = round->link->env;
    int64_t took = env->boot_ms(env->context) - speed->began;
    int64_t sent = round->link->bytes_sent - speed->bytes_before;
    if (took < 500 || sent <= 0)
        return -1;
    int64_t per_second = sent * 1000 / took;
    return per_second > 0 ? (bytes_left + per_second - 1) / per_second : -1;
}

/* The file's own trouble is noted, so that the next one gets its turn. */
static int take_failure(struct file_round *round, const struct waiting_file *file,
                        const struct error *why, struct error *error) {
    bool own = strncmp(why->code, "file.", 5) == 0;
    int64_t wait = error_is(why, "file.unknown")  ? WAIT_UNKNOWN_MS
                   : error_is(why, "file.offset") ? WAIT_AGAIN_MS
                                                  : WAIT_REFUSED_MS;
    if (own) {
        struct waiting_file again = *file;
        again.sent = 0;
        return file_store_note_sent(round->replica, &again, error) != 0 ||
                       file_store_note_failure(round->replica, file->hash, why->code,
                                               wait, error) != 0
                   ? -1
                   : 0;
    }
    if (error)
        *error = *why;
    return -1;
}

static int send_piece(struct file_round *round, struct waiting_file *file,
                      struct error *error) {
    struct error why = {0};
    bool whole = false;
    if (file_link_send(round->link, file, &whole, &why) != 0)
        return take_failure(round, file, &why, error);
    if (!whole)
        return file_store_note_sent(round->replica, file, error);
    round->files_sent++;
    return file_store_note_whole(round->replica, file->hash, error);
}

int file_round_run(struct file_round *round, bool *ret_more, struct error *error) {
    const struct env *env = round->link->env;
    const struct speed speed = {env->boot_ms(env->context), round->link->bytes_sent};
    bool business = false;
    *ret_more = false;
    while (!business) {
        struct waiting_file file;
        struct file_counts left;
        bool found = false;
        if (file_store_next(round->replica, &file, &found, error) != 0)
            return -1;
        if (!found)
            return 0;
        if (file_store_count(round->replica, &left, error) != 0 ||
            round->tell(round->context, &left,
                        seconds_left(round, &speed, left.waiting_bytes), error) != 0 ||
            send_piece(round, &file, error) != 0 ||
            round->business(round->context, &business, error) != 0)
            return -1;
        business = business || env->boot_ms(env->context) - speed.began >= FILE_ROUND_MS;
    }
    *ret_more = true;
    return 0;
}
