/*
 * The messages between a station and headquarters, and their signed envelopes.
 *
 *   envelope = [body (bytes), signature (bytes 64)]
 * signed by the device ("satchel sync request"), by the server ("satchel sync response"), and so on. Decoded
 * structs borrow from the input bytes and from the arena given.
 */
#ifndef SATCHEL_SYNC_MESSAGE_H
#define SATCHEL_SYNC_MESSAGE_H

#include "sync/bundle.h"
#include "sync/scope.h"

/* --- envelopes ------------------------------------------------------------------------ */
struct envelope {
    struct bytes body;
    struct bytes signature;
};
void envelope_seal(struct bytes body, const char *context, const struct sign_keys *keys,
                   struct buffer *ret);
/* message.envelope */
int envelope_open(struct bytes data, struct envelope *ret, struct error *error);
/* message.signature */
int envelope_verify(const struct envelope *envelope, const char *context,
                    const struct sign_public *key, struct error *error);

/* --- where a server is ------------------------------------------------------------------ */
/* The public key that a server must show in its TLS certificate: SHA-256 of its SubjectPublicKeyInfo. For
 * a certificate that no authority vouches for. */
struct tls_pin {
    bool known;
    uint8_t hash[32];
};
/* "https://hq:8787#pin=<base32>": address and pin apart. Only https has a pin. `size` of ret_address counts its NUL.
 * address.invalid (what stands before the pin is not looked at) */
int pinned_address_parse(const char *text, char *ret_address, size_t size,
                         struct tls_pin *ret_pin, struct error *error);
void pinned_address_format(const char *address, const struct tls_pin *pin,
                           struct buffer *ret);

/* --- invitation: text that a person can carry ------------------------------------------ */
struct invitation {
    char address[256]; /* http(s)://host:port */
    uint8_t token[16];
    struct sign_public server_key;
    struct tls_pin pin;
};
/* "satchel1:<base32 of token>:<base32 of key>:<address>", and "#pin=<base32>" where there is a pin */
void invitation_format(const struct invitation *invitation, struct buffer *ret);
int invitation_parse(const char *text, struct invitation *ret,
                     struct error *error); /* invitation.malformed */

/* Server keys that followed one another since the one a station trusts. */
enum { KEY_NOTICES = 64 };

/* --- enrolment: POST /v1/enrol ---------------------------------------------------------- */
struct enrol_request {
    uint8_t token[16];
    struct sign_public device_key; /* the envelope is signed by it: proof of possession */
    char name[64];                 /* what people call the station */
    int64_t schema_version;
    struct sign_public server_key; /* that of the invitation; zeros: it was not said */
};
void enrol_request_encode(const struct enrol_request *request, struct buffer *ret);
int enrol_request_decode(struct bytes body, struct enrol_request *ret,
                         struct error *error);

enum { CERTIFICATE_ACTORS = 64 };
/* What the server signed about a device ("satchel certificate"). */
struct certificate {
    struct id org;
    struct id device;
    struct sign_public device_key;
    char code[16]; /* short code, never reused */
    char name[64];
    struct id actors[CERTIFICATE_ACTORS];
    size_t actor_count;
    char ceiling[256]; /* role names, blank between */
    int64_t issued_at;
    bool everyone; /* beside the actors: every active person, also one who comes later */
    struct id parent; /* the device that this one goes on from after a fork; zero: none */
    /* Where it follows another certificate: the last bundle under the key before; for the first one of a child, the
     * bundle that was the evidence of the fork. */
    bool follows;
    int64_t last_number;
    uint8_t last_hash[HASH_SIZE];
};
void certificate_encode(const struct certificate *certificate, struct buffer *ret);
int certificate_decode(struct bytes body, struct certificate *ret, struct error *error);

struct enrol_response {
    struct bytes certificate; /* envelope of the certificate */
    char org_name[128];
    int64_t hq_time; /* UTC ms */
    int64_t schema_version;
    int64_t epoch;
    struct bytes notices
        [KEY_NOTICES]; /* of server keys since the one that was named, oldest first */
    size_t notice_count;
};
void enrol_response_encode(const struct enrol_response *response, struct buffer *ret);
int enrol_response_decode(struct bytes body, struct enrol_response *ret,
                          struct error *error);

/* --- a device goes on under another key: POST /v1/reenrol, POST /v1/rotate ----------------- */
/* A message that two keys sign: the former one around what the new one signed.
 *   envelope(former, context) of envelope(new, context + " proof") of body */
struct handover {
    struct envelope outer; /* by the former key */
    struct envelope inner; /* by the new one: possession of it */
};
struct handover_keys {
    const struct sign_keys *former;
    const struct sign_keys *next;
};
/* What the new key signs; the former one then signs all of ret (envelope_seal). */
void handover_prove(struct bytes body, const char *context, const struct sign_keys *next,
                    struct buffer *ret);
void handover_seal(struct bytes body, const char *context, struct handover_keys keys,
                   struct buffer *ret);
/* message.envelope */
int handover_open(struct bytes data, struct handover *ret, struct error *error);
/* message.signature */
int handover_verify(const struct handover *handover, const char *context,
                    const struct sign_public *former, const struct sign_public *next,
                    struct error *error);

/* The body of both routes; the answer is that of an enrolment.
 *   reenrol  number, hash: a bundle of this copy of the device that is not the one which the server has under
 *            this number: it was cloned or restored from a backup
 *   rotate   number, hash: the last bundle that the former key seals; 0: none */
struct device_request {
    struct id org;
    struct id device;
    struct sign_public new_key;
    int64_t number;
    uint8_t hash[HASH_SIZE];
    int64_t schema_version;
    struct sign_public server_key; /* the one that the station trusts */
};
void device_request_encode(const struct device_request *request, struct buffer *ret);
int device_request_decode(struct bytes body, struct device_request *ret,
                          struct error *error);

/* A server's key followed another; a handover of KEY_NOTICE by both. */
struct key_notice {
    struct id org;
    struct sign_public former;
    struct sign_public next;
    int64_t at; /* UTC ms */
};
void key_notice_seal(const struct key_notice *notice, struct handover_keys keys,
                     struct buffer *ret);
/* Reads and checks both signatures. message.* */
int key_notice_open(struct bytes data, struct key_notice *ret, struct error *error);

/* --- sync: POST /v1/sync ----------------------------------------------------------------- */
/* Where a pull that spans several responses goes on. */
struct pull_position {
    bool set;
    int64_t gsn;
    uint8_t table;
    struct bytes key;
    uint8_t target_hash[HASH_SIZE]; /* of the scopes it is walking */
};

/* What a sender understands: 1 knows nothing of what came with 2. */
enum { SYNC_PROTOCOL = 2 };

/* What a bundle's transactions were given before headquarters lost its history: a gsn each, 0 where it is not known. */
struct former_gsns {
    int64_t *gsns;
    size_t count;
};

/* Why a station gets everything again. */
enum rebuild_reason {
    REBUILD_HEADQUARTERS = 1, /* it said so */
    REBUILD_DIGEST = 2,       /* the rows are not those that headquarters counts */
    REBUILD_HISTORY = 3,      /* headquarters lost some of its own */
    REBUILD_ASKED = 4         /* by a person */
};

struct sync_request {
    struct id org;
    struct id device;
    int64_t time;    /* the station's idea of HQ time, UTC ms */
    int64_t counter; /* of requests; reused: the server looks for a fork */
    int64_t schema_version;
    int64_t epoch;
    int64_t cursor; /* gsn up to which everything was applied */
    struct scope_set
        held; /* scopes that the cursor is about; owned by the struct, free with scope_set_free */
    struct pull_position position;
    uint8_t held_proof[HASH_SIZE]; /* the scopes_proof that came with these scopes */
    int64_t digest;                /* of the rows held at `cursor` */
    int64_t digest_rows;           /* how many */
    struct bytes *bundles;
    size_t bundle_count;
    int64_t
        waiting; /* transactions without a verdict, these bundles' too; -1: not said */
    int64_t protocol; /* below 2, what follows is neither sent nor set */
    struct id
        head_id; /* of the history at `cursor`, as the server named it; zero: not known */
    int64_t bundle_epoch; /* the history that the bundles' bases are of */
    int64_t chain_number; /* the device's last sealed bundle; 0: none */
    uint8_t chain_hash[HASH_SIZE];
    struct sign_public server_key; /* the one that this station trusts */
    struct bytes
        certificate;      /* its envelope, for a server that does not know us; empty */
    struct bytes *papers; /* the envelopes of the certificates before it, oldest first */
    size_t paper_count;
    bool rebuild;         /* everything again: the station holds nothing */
    int64_t first_bundle; /* the oldest that the station still has; 0: it has none */
    struct former_gsns *formers; /* of each bundle, or none at all */
    size_t former_count;
    int64_t
        rebuild_reason; /* enum rebuild_reason, or one that a newer station knows; 0: not said */
};
int sync_request_encode(const struct sync_request *request, struct buffer *ret,
                        struct error *error);
int sync_request_decode(struct bytes body, struct arena *arena, struct sync_request *ret,
                        struct error *error);

enum verdict_kind {
    VERDICT_MERGED = 1,
    VERDICT_CONFLICTS = 2,
    VERDICT_REFUSED = 3,
    VERDICT_DEFERRED = 4 /* of a lost history: waits for what it builds on */
};
/* "merged", "merged with conflicts", "refused", "deferred" */
const char *verdict_text(enum verdict_kind kind);

/* What became of one transaction. */
struct verdict {
    struct id transaction;
    enum verdict_kind kind;
    int64_t
        gsn; /* of the transaction; of the entry that tells of the refusal for a refused one */
    int64_t time; /* effective */
    const char *
        code; /* refused: why; merged: the rule that it breaks, which its author's program does
                         not have yet; "" otherwise */
    const char *field;
    const char *message;
};

/* What became of one bundle. */
struct bundle_answer {
    int64_t number;
    bool
        accepted; /* false: not in the chain; code says why (bundle.gap, bundle.fork, bundle.signature …) */
    const char *code;
    const char *message;
    int64_t expected_number; /* the next number the server takes from this device */
    struct verdict *verdicts;
    size_t verdict_count;
};

/* What headquarters tells the device to do with itself. */
enum station_order { ORDER_NONE = 0, ORDER_WIPE = 1 };

struct sync_response {
    uint8_t request_hash
        [HASH_SIZE]; /* BLAKE2b-256 of the request's body: an answer to nothing else */
    int64_t hq_time; /* UTC ms */
    int64_t schema_version;
    int64_t epoch;
    struct bundle_answer *answers;
    size_t answer_count;
    bool restart; /* forget what was staged and pull again from the cursor */
    bool more;    /* there is more to pull */
    bool rebuild; /* forget what is held and pull from the beginning; the outbox stays */
    enum station_order order;
    struct scope_set gained, lost; /* against request.held; owned by the struct */
    struct bytes rows;             /* rows_encode; empty when there are none */
    int64_t row_count;
    int64_t rows_left;         /* estimate of rows still to come, 0 when !more */
    struct pull_position next; /* when more */
    int64_t head;              /* when !more: the new cursor */
    uint8_t scopes_proof
        [HASH_SIZE];     /* the server's word for the scopes held after this answer */
    int64_t digest;      /* of what the station holds once it has applied this */
    int64_t digest_rows; /* -1: not computed this time */
    int64_t
        protocol; /* of the server; below 2, what follows is not set, nor rebuild and order */
    int64_t
        epoch_from;    /* with an epoch that is new to the station: what is above this gsn
                           is of a history that the server lost */
    struct id head_id; /* of the history at `head`: what follows has another one */
    struct bytes *notices; /* of server keys (envelopes), oldest first */
    size_t notice_count;
};
int sync_response_encode(const struct sync_response *response, struct buffer *ret,
                         struct error *error);
int sync_response_decode(struct bytes body, struct arena *arena,
                         struct sync_response *ret, struct error *error);

/* An error before or instead of an answer: the body of any HTTP status other than 200.
 *   [code, field, message] */
void failure_encode(const struct error *failure, struct buffer *ret);
int failure_decode(struct bytes body, struct error *ret_failure, struct error *error);

#endif
