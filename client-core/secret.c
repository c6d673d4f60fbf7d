/*
 * Secrets of the people of a station. They protect a shared screen, not the data: whoever has
 * the disk has the replica.
 */
#include <string.h>

#include "client-core/people.h"
#include "client-core/state.h"

enum {
    SECRET_VERSION = 1,
    SECRET_SHORTEST = 4,
    SECRET_LONGEST = 256,
    WAIT_FIRST_MS = 30000,
    WAIT_LONGEST_MS = 86400000
};

struct credential {
    bool exists;
    uint8_t kept[SECRET_SIZE];
    int64_t failures;
    int64_t wait_until_ms;
};

static int credential_read(struct replica *replica, const struct id *user,
                           struct credential *ret, struct error *error) {
    static const char sql[] =
        "select secret, failures, wait_until_ms from station_credential where user_id = ?1";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    bool row = false;
    *ret = (struct credential){0};
    if (!statement)
        return -1;
    bind_id(statement, 1, user);
    if (replica_step(replica, statement, &row, error) != 0)
        return -1;
    if (row) {
        struct bytes kept = column_bytes(statement, 0);
        ret->exists = true;
        if (kept.size == SECRET_SIZE)
            memcpy(ret->kept, kept.data, SECRET_SIZE); /* else no secret fits */
        ret->failures = sqlite3_column_int64(statement, 1);
        ret->wait_until_ms = sqlite3_column_int64(statement, 2);
    }
    sqlite3_reset(statement);
    return 0;
}

static int credential_note(struct replica *replica, const struct id *user,
                           int64_t failures, int64_t wait_until_ms, struct error *error) {
    static const char sql[] =
        "update station_credential set failures = ?2, wait_until_ms = ?3"
        " where user_id = ?1";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    if (!statement)
        return -1;
    bind_id(statement, 1, user);
    sqlite3_bind_int64(statement, 2, failures);
    sqlite3_bind_int64(statement, 3, wait_until_ms);
    return replica_finish(replica, statement, error);
}

int64_t secret_wait(int64_t failures) {
    int64_t doublings = failures - SECRET_TRIES;
    if (doublings < 0)
        return 0;
    if (doublings > 12)
        return WAIT_LONGEST_MS;
    int64_t wait = (int64_t)WAIT_FIRST_MS << doublings;
    return wait < WAIT_LONGEST_MS ? wait : WAIT_LONGEST_MS;
}

static int check_wait(const struct credential *credential, int64_t now_ms,
                      struct error *error) {
    int64_t left_ms = credential->wait_until_ms - now_ms;
    return left_ms <= 0 ? 0
                        : error_set(error, "sign_in.wait", "secret",
                                    "too many wrong tries; wait %lld seconds",
                                    (long long)((left_ms + 999) / 1000));
}

static int read_now(struct replica *replica, const struct id *user,
                    struct credential *ret, int64_t *ret_now_ms, struct error *error) {
    struct moment moment;
    if (credential_read(replica, user, ret, error) != 0 ||
        moment_read(replica, &moment, error) != 0)
        return -1;
    *ret_now_ms = clock_ms(moment.time);
    return 0;
}

int secret_begin(struct replica *replica, const struct id *user, const char *secret,
                 struct secret_try *ret, struct error *error) {
    struct credential credential;
    int64_t now_ms = 0;
    if (read_now(replica, user, &credential, &now_ms, error) != 0)
        return -1;
    ret->exists = credential.exists;
    memcpy(ret->kept, credential.kept, SECRET_SIZE);
    if (!credential.exists)
        return 0; /* nothing to compare with */
    if (!secret)
        return error_set(error, "sign_in.secret", "secret",
                         "this person has a secret here");
    return check_wait(&credential, now_ms, error);
}

bool secret_matches(const struct secret_try *try, const char *secret) {
    return !try->exists ||
           (try->kept[0] == SECRET_VERSION && strlen(secret) <= SECRET_LONGEST &&
            seal_secret_matches(bytes_of_text(secret), try->kept + 1,
                                try->kept + 1 + SECRET_SALT));
}

/* Of those who tried at the same time, who comes after the fifth wrong one waits as well, right or not. */
static int note_try(struct replica *replica, const struct id *user,
                    const struct secret_try *try, bool *right, struct error *error) {
    struct credential credential;
    int64_t now_ms = 0;
    if (read_now(replica, user, &credential, &now_ms, error) != 0)
        return -1;
    *right = *right && credential.exists == try->exists &&
             memcmp(credential.kept, try->kept, SECRET_SIZE) == 0;
    if (!credential.exists)
        return 0;
    if (check_wait(&credential, now_ms, error) != 0)
        return -1;
    int64_t failures = *right ? 0 : credential.failures + 1;
    if (failures == 0 && credential.failures == 0)
        return 0;
    int64_t wait_ms = secret_wait(failures);
    return credential_note(replica, user, failures, wait_ms ? now_ms + wait_ms : 0,
                           error);
}

/* The failure is noted, durably, before anybody learns whether the try was right: pulling the
 * plug while waiting for the answer does not give a free one. */
int secret_finish(struct replica *replica, const struct id *user,
                  const struct secret_try *try, bool right, struct error *error) {
    if (replica_begin(replica, error) != 0)
        return -1;
    if (note_try(replica, user, try, &right, error) != 0 ||
        replica_commit(replica, error) != 0) {
        replica_rollback(replica);
        return -1;
    }
    return right ? 0
                 : error_set(error, "sign_in.secret", "secret", "the secret is wrong");
}

int secret_exists(struct replica *replica, const struct id *user, bool *ret,
                  struct error *error) {
    struct credential credential;
    if (credential_read(replica, user, &credential, error) != 0)
        return -1;
    *ret = credential.exists;
    return 0;
}

int secret_mark(struct replica *replica, const struct id *user, uint8_t ret[SECRET_SALT],
                struct error *error) {
    struct credential credential;
    if (credential_read(replica, user, &credential, error) != 0)
        return -1;
    memcpy(ret, credential.kept + 1, SECRET_SALT); /* the salt: drawn for each secret */
    return 0;
}

static int write_secret(struct replica *replica, const struct id *user, struct bytes kept,
                        struct error *error) {
    static const char sql[] =
        "insert into station_credential (user_id, secret) values (?1, ?2) on conflict (user_id)"
        " do update set secret = excluded.secret, failures = 0, wait_until_ms = 0";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    if (!statement)
        return -1;
    bind_id(statement, 1, user);
    bind_bytes(statement, 2, kept);
    int failed = replica_finish(replica, statement, error);
    sqlite3_clear_bindings(statement);
    return failed;
}

static int drop_secret(struct replica *replica, const struct id *user,
                       struct error *error) {
    static const char sql[] = "delete from station_credential where user_id = ?1";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    if (!statement)
        return -1;
    bind_id(statement, 1, user);
    return replica_finish(replica, statement, error);
}

int secret_set(struct replica *replica, const struct id *user, const char *secret,
               struct error *error) {
    uint8_t kept[SECRET_SIZE] = {SECRET_VERSION};
    if (!secret)
        return drop_secret(replica, user, error);
    size_t size = strlen(secret);
    if (size < SECRET_SHORTEST || size > SECRET_LONGEST)
        return error_set(error, "secret.short", "secret",
                         "a secret has %d to %d characters", SECRET_SHORTEST,
                         SECRET_LONGEST);
    replica->env->random(replica->env->context, kept + 1, SECRET_SALT);
    if (seal_secret(bytes_of_text(secret), kept + 1, kept + 1 + SECRET_SALT, error) != 0)
        return -1;
    return write_secret(replica, user, (struct bytes){kept, sizeof kept}, error);
}
