/*
 * The people of a station: who of its certificate's actors somebody means, whether he may sign in,
 * and his secret.
 */
#ifndef SATCHEL_CLIENT_PEOPLE_H
#define SATCHEL_CLIENT_PEOPLE_H

#include "client-core/identity.h"

/* `user`: id, label or look-up value of an actor, NULL when there is just one. A station that is for everyone
 * knows all people of the replica, and does not tell their names.
 * Codes: sign_in.unknown, sign_in.ambiguous, sign_in.inactive */
int people_find(struct replica *replica, const struct certificate *certificate,
                const char *user, struct id *ret, struct error *error);
/* Appends what people call the person; nothing before the first sync. */
int people_label(struct replica *replica, const struct id *user, struct buffer *ret,
                 struct error *error);
/* Appends the members "id","name","code" of a JSON object; null what is not known here. */
int people_put_card(struct replica *replica, const struct id *user, struct buffer *json,
                    struct error *error);
/* Appends [{"id","name","secret"}] of those actors of the station who may sign in. */
int people_put_all(struct replica *replica, const struct certificate *certificate,
                   struct buffer *json, struct error *error);

/* --- secrets (secret.c): Argon2id, and a wait that doubles after five wrong tries ------------------ */

enum {
    SECRET_TRIES = 5,
    SECRET_SIZE = 1 + SECRET_SALT + SECRET_HASH /* version, salt, hash */
};

/* How long nobody may try after so many wrong tries, in ms. */
int64_t secret_wait(int64_t failures);

/* Signing in takes three steps, so that nobody has to wait, or can tell from waiting, while a hash is computed. */
struct secret_try {
    bool exists;
    uint8_t kept[SECRET_SIZE];
};

/* May there be a try now? NULL passes only when no secret was set. Codes: sign_in.secret, sign_in.wait */
int secret_begin(struct replica *replica, const struct id *user, const char *secret,
                 struct secret_try *ret, struct error *error);
/* Slow; needs no replica. */
bool secret_matches(const struct secret_try *try, const char *secret);
/* Notes how it went, in a transaction; only then it may be told. Codes: sign_in.secret, sign_in.wait */
int secret_finish(struct replica *replica, const struct id *user,
                  const struct secret_try *try, bool right, struct error *error);
int secret_exists(struct replica *replica, const struct id *user, bool *ret,
                  struct error *error);
/* Another one after each change of the secret; zeros while there is none. */
int secret_mark(struct replica *replica, const struct id *user, uint8_t ret[SECRET_SALT],
                struct error *error);
/* NULL takes it away. Code: secret.short */
int secret_set(struct replica *replica, const struct id *user, const char *secret,
               struct error *error);

#endif
