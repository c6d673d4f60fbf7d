/*
 * This station goes on under another key.
 */
#include "client-core/rekey.h"

#include <string.h>

#include "client-core/bundle_store.h"
#include "client-core/home.h"
#include "client-core/state.h"

enum { PARTING_MS = 500 };

/* What the two ways differ in. */
struct way {
    const char *number_setting; /* noted: the bundle that the request names */
    const char *hash_setting;
    const char *path;
    const char *request_context;
    const char *response_context;
    bool child;
};

static const struct way fork_way = {
    "fork_number",
    "fork_hash",
    "/v1/reenrol",
    "satchel reenrol request",
    "satchel reenrol response",
    true,
};

static const struct way rotation_way = {
    "rotate_number",           "rotate_hash", "/v1/rotate", "satchel rotate request",
    "satchel rotate response", false,
};

/* --- noting ------------------------------------------------------------------------------------------ */

/* What a request names. `set` false: nothing is noted. */
struct noted {
    bool set;
    int64_t number;
    uint8_t hash[HASH_SIZE];
};

static int note_read(struct replica *replica, const struct way *way, struct noted *ret,
                     struct error *error) {
    struct buffer hash = buffer_make(HASH_SIZE);
    *ret = (struct noted){.set = false};
    int failed =
        setting_integer(replica, way->number_setting, &ret->number, error) != 0 ||
        setting_bytes(replica, way->hash_setting, &hash, error) != 0;
    if (!failed && hash.size == HASH_SIZE) {
        ret->set = true;
        memcpy(ret->hash, hash.data, HASH_SIZE);
    }
    buffer_free(&hash);
    return failed;
}

static int note_write(struct replica *replica, const struct way *way, int64_t number,
                      struct bytes hash, struct error *error) {
    return setting_set(replica, way->number_setting, value_integer(number), error) != 0
               ? -1
               : setting_set(replica, way->hash_setting, value_blob(hash), error);
}

static int note_clear(struct replica *replica, const struct way *way,
                      struct error *error) {
    return note_write(replica, way, 0, (struct bytes){(const uint8_t *)"", 0}, error);
}

int rekey_note_fork(struct replica *replica, int64_t number, struct error *error) {
    struct noted noted;
    uint8_t hash[HASH_SIZE];
    bool found = false;
    if (note_read(replica, &fork_way, &noted, error) != 0)
        return -1;
    if (noted.set)
        return 0;
    if (bundle_store_hash(replica, number, hash, &found, error) != 0)
        return -1;
    if (!found)
        return error_set(error, "device.fork", "",
                         "headquarters has other work under the number %lld, which this "
                         "station does not keep any more",
                         (long long)number);
    return note_write(replica, &fork_way, number, (struct bytes){hash, HASH_SIZE}, error);
}

static int note_rotation(struct replica *replica, struct error *error) {
    struct noted noted;
    struct bundle_chain chain;
    if (note_read(replica, &rotation_way, &noted, error) != 0)
        return -1;
    if (noted.set)
        return 0;
    return bundle_store_chain(replica, &chain, error) != 0
               ? -1
               : note_write(replica, &rotation_way, chain.number,
                            (struct bytes){chain.hash, HASH_SIZE}, error);
}

int rekey_note_rotation(struct replica *replica, struct error *error) {
    if (replica_begin(replica, error) != 0)
        return -1;
    int failed = note_rotation(replica, error) != 0 || replica_commit(replica, error);
    replica_rollback(replica); /* unless it was committed */
    return failed ? -1 : 0;
}

int rekey_is_rotating(struct replica *replica, bool *ret, struct error *error) {
    struct noted noted;
    if (note_read(replica, &rotation_way, &noted, error) != 0)
        return -1;
    *ret = noted.set;
    return 0;
}

/* --- asking ------------------------------------------------------------------------------------------ */

struct asking {
    const struct rekeying *rekeying;
    const struct way *way;
    struct noted noted;
    struct sign_keys next;
    struct buffer bytes; /* of the answer */
    struct enrol_response response;
    struct certificate certificate;
    struct sign_public server_key; /* that signed it: the present one */
};

static void put_request(const struct asking *asking, struct buffer *ret) {
    const struct identity *identity = asking->rekeying->identity;
    struct device_request request = {.org = identity->certificate.org,
                                     .device = identity->certificate.device,
                                     .number = asking->noted.number,
                                     .schema_version =
                                         asking->rekeying->replica->catalogue->version,
                                     .server_key = identity->server_key};
    struct buffer body = buffer_make(LIMIT_ENROL_REQUEST);
    memcpy(request.new_key.bytes, asking->next.public_key, SIGN_PUBLIC);
    memcpy(request.hash, asking->noted.hash, HASH_SIZE);
    device_request_encode(&request, &body);
    handover_prove(buffer_bytes(&body), asking->way->request_context, &asking->next, ret);
    ret->failed |= body.failed;
    buffer_free(&body);
}

/* It is for the key that asked, and for whom it asked. */
static int check_certificate(struct asking *asking, struct error *error) {
    const struct identity *identity = asking->rekeying->identity;
    const struct certificate *now = &identity->certificate;
    const struct key_notices notices = {asking->response.notices,
                                        asking->response.notice_count};
    if (identity_follow(identity, notices, &asking->server_key, error) != 0 ||
        certificate_open(asking->response.certificate, &asking->server_key,
                         &asking->certificate, error) != 0)
        return -1;
    const struct certificate *given = &asking->certificate;
    bool same = id_equal(given->device, now->device);
    bool fits =
        id_equal(given->org, now->org) &&
        memcmp(given->device_key.bytes, asking->next.public_key, SIGN_PUBLIC) == 0 &&
        (asking->way->child ? !same && id_equal(given->parent, now->device) : same);
    return fits ? 0
                : error_set(error, "server.key", "",
                            "the certificate is for another device");
}

static int ask(struct asking *asking, struct error *error) {
    struct exchange exchange = *asking->rekeying->contact;
    struct buffer body = buffer_make(LIMIT_ENROL_REQUEST);
    struct bytes answer;
    size_t sent = 0;
    exchange.path = asking->way->path;
    exchange.request_context = asking->way->request_context;
    exchange.response_context = asking->way->response_context;
    exchange.maximum = 4 * LIMIT_ENROL_REQUEST;
    put_request(asking, &body);
    int failed = body.failed ? error_out_of_memory(error)
                             : exchange_run(&exchange, buffer_bytes(&body),
                                            &asking->bytes, &answer, &sent, error);
    if (!failed)
        failed = enrol_response_decode(answer, &asking->response, error) != 0 ||
                 check_certificate(asking, error) != 0;
    buffer_free(&body);
    return failed;
}

/* --- becoming it --------------------------------------------------------------------------------------- */

/* The work that was not answered belongs to the child; what was is the parent's. */
static int begin_chain(const struct rekeying *rekeying, struct error *error) {
    struct replica *replica = rekeying->replica;
    const struct id *parent = &rekeying->identity->certificate.device;
    int64_t forks = 0;
    return bundle_store_unseal_open(replica, error) != 0 ||
                   bundle_store_hand_over(replica, parent, error) != 0 ||
                   setting_integer(replica, "forks", &forks, error) != 0 ||
                   setting_set(replica, "forks", value_integer(forks + 1), error) != 0 ||
                   setting_set(replica, "fork", value_integer(0), error) != 0
               ? -1
               : 0;
}

static int become_inside(const struct asking *asking, struct error *error) {
    struct replica *replica = asking->rekeying->replica;
    if ((asking->way->child && begin_chain(asking->rekeying, error) != 0) ||
        note_clear(replica, asking->way, error) != 0)
        return -1;
    return identity_trust(replica, asking->rekeying->identity, &asking->server_key,
                          error) != 0
               ? -1
               : identity_certify(replica, asking->response.certificate,
                                  &asking->server_key, error);
}

/* Whoever dies after the commit finds the next key beside a certificate that names it. */
static int become(struct asking *asking, struct error *error) {
    const struct rekeying *rekeying = asking->rekeying;
    struct replica *replica = rekeying->replica;
    bool enrolled = false;
    if (replica_begin(replica, error) != 0)
        return -1;
    int failed = become_inside(asking, error) != 0 || replica_commit(replica, error) != 0;
    replica_rollback(replica); /* unless it was committed */
    if (failed)
        return -1;
    return identity_load(replica, rekeying->identity, &enrolled, error) != 0
               ? -1
               : home_keys_of(rekeying->home, &rekeying->identity->certificate.device_key,
                              &rekeying->identity->keys, error);
}

/* --- what headquarters says against it ------------------------------------------------------------------ */

static int forget(struct replica *replica, const struct way *way, bool unseal,
                  struct error *error) {
    if (replica_begin(replica, error) != 0)
        return -1;
    int failed = note_clear(replica, way, error) != 0 ||
                 (unseal && bundle_store_unseal_open(replica, error) != 0) ||
                 replica_commit(replica, error) != 0;
    replica_rollback(replica); /* unless it was committed */
    return failed ? -1 : 0;
}

/* Another copy was enrolled on the same bundle. Sealed anew at another time it is another one; copies that came this far
 * together part here. */
static int make_other_evidence(const struct asking *asking, struct error *error) {
    struct replica *replica = asking->rekeying->replica;
    const struct env *env = replica->env;
    uint16_t dice = 0;
    env->random(env->context, &dice, sizeof dice);
    env->sleep_ms(env->context, 1 + dice % PARTING_MS);
    return forget(replica, asking->way, true, error);
}

/* 0: the sync goes on without it. */
static int settle_refusal(const struct asking *asking, const struct error *why,
                          struct error *error) {
    struct replica *replica = asking->rekeying->replica;
    if (error_is(why, "reenrol.evidence"))
        return make_other_evidence(asking, error);
    /* Headquarters lost what it had; or this is a copy, which shows when it sends. */
    if (error_is(why, "reenrol.no_fork") || error_is(why, "rotate.chain"))
        return forget(replica, asking->way, false, error);
    /* The next request tells more: an order to wipe, or who we are. */
    if (error_is(why, "device.revoked") || error_is(why, "device.unknown"))
        return asking->way->child ? 0 : forget(replica, asking->way, false, error);
    /* Headquarters lost the present key, which the next request shows it; or the question was damaged on its way, and the
     * next key may have been taken before. It is asked again. */
    if (error_is(why, "message.signature"))
        return 0;
    if (error)
        *error = *why;
    return -1;
}

static int go(const struct rekeying *rekeying, const struct way *way,
              struct error *error) {
    struct asking asking = {.rekeying = rekeying, .way = way};
    struct error why = {0};
    if (note_read(rekeying->replica, way, &asking.noted, error) != 0)
        return -1;
    if (!asking.noted.set)
        return 0;
    if (home_next_keys(rekeying->home, rekeying->replica->env, &asking.next, error) != 0)
        return -1;
    int failed = ask(&asking, &why) == 0 ? become(&asking, error)
                                         : settle_refusal(&asking, &why, error);
    seal_wipe(&asking.next, sizeof asking.next);
    buffer_free(&asking.bytes);
    return failed;
}

int rekey_run(const struct rekeying *rekeying, struct error *error) {
    /* A rotation that was asked for comes first: its answer may have got lost, and then the former key is nothing any
     * more. */
    return go(rekeying, &rotation_way, error) != 0 ? -1 : go(rekeying, &fork_way, error);
}
