/*
 * A station looks at itself.
 */
#include "client-core/verify.h"

#include <string.h>

#include "client-core/images.h"
#include "client-core/outbox.h"
#include "client-core/rebase.h"
#include "client-core/state.h"
#include "client-core/tally.h"
#include "schema/base/hash.h"
#include "schema/database.h"

enum { VERIFY_MEMORY = 16 * LIMIT_TRANSACTION };

/* --- the digest ---------------------------------------------------------------------------------------- */

static int verify_digest(struct replica *replica, struct error *error) {
    struct progress kept;
    struct progress sum = {0};
    if (progress_read(replica, &kept, error) != 0 ||
        tally_compute(replica, &sum.digest, &sum.digest_rows, error) != 0)
        return -1;
    if (sum.digest == kept.digest && sum.digest_rows == kept.digest_rows)
        return 0;
    return error_set(
        error, "verify.digest", "",
        "%lld rows of headquarters are here, %lld were counted when they came",
        (long long)sum.digest_rows, (long long)kept.digest_rows);
}

/* --- pending work -------------------------------------------------------------------------------------- */

/* A row's cells; stamps follow from times that sealing makes anew. */
static int hash_row(struct replica *replica, const struct change *change,
                    struct hash *hash, struct buffer *scratch, struct error *error) {
    const struct table *table = catalogue_table_number(replica->catalogue, change->table);
    struct stored_row row;
    bool found = false;
    if (!table)
        return 0;
    struct table_access *access = table_access(replica, table, error);
    if (!access || row_read(replica, access, change->key, &row, &found, error) != 0)
        return -1;
    buffer_reset(scratch);
    if (found) {
        row.stamps = (struct row_stamps){.gsn = row.stamps.gsn};
        image_encode(&row, scratch);
        row_release(access);
    }
    hash_add(hash, change->key);
    hash_add(hash, buffer_bytes(scratch));
    return scratch->failed ? error_out_of_memory(error) : 0;
}

static int hash_pending(struct replica *replica, uint8_t ret[HASH_SIZE],
                        struct error *error) {
    struct arena arena = arena_make(VERIFY_MEMORY);
    struct buffer scratch = buffer_make(LIMIT_ROW_SIZE * 2);
    struct active_entry entry = {0};
    struct hash hash;
    bool found = true;
    int failed = 0;
    hash_begin(&hash);
    while (!failed && found) {
        arena_reset(&arena);
        failed =
            outbox_next_active(replica, entry.position, &arena, &entry, &found, error);
        for (size_t i = 0; !failed && found && i < entry.change_count; i++)
            failed = hash_row(replica, &entry.changes[i], &hash, &scratch, error);
    }
    hash_end(&hash, ret);
    arena_free(&arena);
    buffer_free(&scratch);
    return failed;
}

static int verify_pending(struct replica *replica, struct error *error) {
    uint8_t before[HASH_SIZE];
    uint8_t after[HASH_SIZE];
    int64_t attention = 0;
    if (hash_pending(replica, before, error) != 0 || rebase_undo(replica, error) != 0 ||
        rebase_redo(replica, &attention, error) != 0 ||
        hash_pending(replica, after, error) != 0)
        return -1;
    if (memcmp(before, after, HASH_SIZE) == 0)
        return 0;
    return error_set(
        error, "verify.pending", "",
        "pending work, run again over the rows of headquarters, comes out otherwise");
}

static int verify_database(struct replica *replica, struct error *error) {
    static const char sql[] =
        "select count(*) from pragma_quick_check(1) where quick_check <> 'ok'";
    int64_t damages = 0;
    if (database_integer(replica->db, sql, &damages, error) != 0)
        return -1;
    return damages
               ? error_set(error, "verify.database", "", "the database file is damaged")
               : 0;
}

int verify_replica(struct replica *replica, struct error *error) {
    if (verify_database(replica, error) != 0 || replica_begin(replica, error) != 0)
        return -1;
    int failed =
        verify_digest(replica, error) != 0 || verify_pending(replica, error) != 0;
    replica_rollback(replica);
    return failed ? -1 : 0;
}
