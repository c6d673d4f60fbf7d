/*
 * satchel-forge: a station that enrols properly and then misbehaves in every way its keys allow, one
 * way at a time, against a real server. It shares with the product only schema/ and sync/.
 */
#ifndef SATCHEL_TESTS_FORGE_FORGE_H
#define SATCHEL_TESTS_FORGE_FORGE_H

#include "schema/base/env.h"
#include "schema/catalogue.h"
#include "sync/message.h"
#include "sync/rows.h"

enum { FORGE_CELLS = 12, FORGE_CHANGES = 4 };

/* What an attack came to. code: the failure's, or the first bundle's, or the first transaction's; "merged" or
 * "ok" where nothing was refused. */
struct outcome {
    int status;
    char code[64];
    int64_t gsn;  /* of the first verdict */
    int64_t time; /* and its effective time */
    int64_t hq_time;
    bool accepted; /* the first bundle is in the chain */
};

struct forge {
    const struct env *env;
    struct catalogue *catalogue;
    struct invitation invitation;
    struct sign_keys keys;
    struct certificate certificate;
    int64_t counter; /* of requests */
    int64_t epoch;
    int64_t head;
    /* the chain */
    int64_t number;
    int64_t seq;
    uint8_t hash[HASH_SIZE];
    uint8_t prefix[8];
    uint64_t transaction_counter;
    /* what it may see, pulled once */
    struct arena arena;
    struct row_group *groups;
    size_t group_count;
    struct scope_set scopes;
    uint8_t scopes_proof[HASH_SIZE];
    /* what it may not see */
    struct id foreign_opportunity;
    struct id foreign_customer;
    struct id foreign_user;
    uint8_t foreign_file[HASH_SIZE]; /* it is at headquarters */
    struct id own_opportunity;       /* open */
    struct id closed_opportunity;
    struct buffer last_bundle; /* the last one that was merged, with its verdict */
    struct transaction last_transaction;
    struct outcome last_outcome;
};

struct attack {
    const char *name;
    void (*run)(struct forge *forge, struct outcome *ret);
    int status;
    const char *code;
};

/* The table of all attacks (attacks.c), closed by one without a name. */
extern const struct attack attacks[];

/* Prints what cannot go on and ends the program. */
_Noreturn void give_up(const char *what, const struct error *error);

/* --- http.c ---------------------------------------------------------------------------- */

/* One request on a connection of its own. Returns the status, 0 when there was no answer. claimed_length:
 * what the header says; the body is sent only when that is true. */
int http_post(const char *address, const char *method, const char *path,
              struct bytes body, size_t claimed_length, struct buffer *ret_body);

/* --- device.c ------------------------------------------------------------------------------ */

void device_enrol(struct forge *forge);
/* Encodes, signs and sends a request as an honest station would. */
struct sync_request device_request(struct forge *forge);
void device_post(struct forge *forge, const struct sync_request *request,
                 struct outcome *ret);
/* Sends these bytes; `signed_body`: what an answer must be an answer to. */
void device_post_raw(struct forge *forge, struct bytes body, struct bytes signed_body,
                     struct outcome *ret);
/* The same, and hands over the answer, which borrows from `arena`. -1: there was none. */
int device_exchange(struct forge *forge, const struct sync_request *request,
                    struct arena *arena, struct sync_response *ret,
                    struct outcome *ret_outcome);
void device_id(struct forge *forge, struct id *ret);

/* --- chain.c --------------------------------------------------------------------------------- */

struct bundle_header chain_header(const struct forge *forge);
/* Seals any header over any payload, by these keys. */
void chain_seal_raw(const struct bundle_header *header, struct bytes payload,
                    const struct sign_keys *keys, struct buffer *ret,
                    uint8_t ret_hash[HASH_SIZE]);
/* The next bundle with this one transaction. */
void chain_seal(const struct forge *forge, const struct transaction *transaction,
                struct buffer *ret, struct bundle_header *ret_header,
                uint8_t ret_hash[HASH_SIZE]);
/* Posts a bundle; when it is in the chain, and new, the chain moves on. */
void chain_post(struct forge *forge, struct bytes sealed, int64_t number,
                const uint8_t hash[HASH_SIZE], struct outcome *ret);
/* Seals a transaction of these changes, properly, and posts it. */
void chain_try(struct forge *forge, struct change *changes, size_t count,
               struct outcome *ret);
void chain_try_transaction(struct forge *forge, const struct transaction *transaction,
                           struct outcome *ret);
struct transaction chain_transaction(struct forge *forge, struct change *changes,
                                     size_t count);

/* --- world.c ----------------------------------------------------------------------------------- */

/* Pulls everything the station may see, from the beginning. */
void world_pull(struct forge *forge, struct arena *arena, struct row_group **ret,
                size_t *ret_count);
void world_learn(struct forge *forge);
/* Is there a row with this key among the groups? */
bool world_has(const struct row_group *groups, size_t count, const struct table *table,
               struct bytes key);
/* The first row of the table whose column has the value; NULL when there is none. */
const struct sync_row *world_find(const struct forge *forge, const char *table,
                                  const char *column, struct value value);
const struct sync_row *world_row(const struct forge *forge, const char *table,
                                 struct id key);
/* A stage of this kind in the pipeline. */
const struct sync_row *world_stage(const struct forge *forge, struct value pipeline,
                                   const char *kind);
struct value world_value(const struct forge *forge, const char *table,
                         const struct sync_row *row, const char *column);

/* --- changes: one is built up cell by cell ------------------------------------------------------- */

struct draft {
    struct change change;
    struct cell cells[FORGE_CELLS];
    uint8_t key[2 * ID_SIZE];
};

void draft_row(struct forge *forge, struct draft *draft, const char *table,
               enum row_operation operation, struct id key);
void draft_row_of_two(struct forge *forge, struct draft *draft, const char *table,
                      enum row_operation operation, struct id first, struct id second);
void draft_cell(struct forge *forge, struct draft *draft, const char *column,
                struct value value);
void draft_id(struct forge *forge, struct draft *draft, const char *column,
              const struct id *id);

/* --- the attacks ----------------------------------------------------------------------------------- */

#define FORGE_ATTACK(name) void name(struct forge *forge, struct outcome *ret)

/* envelopes and enrolment */
FORGE_ATTACK(attack_empty_body);
FORGE_ATTACK(attack_garbage);
FORGE_ATTACK(attack_truncated);
FORGE_ATTACK(attack_oversized);
FORGE_ATTACK(attack_get);
FORGE_ATTACK(attack_no_signature);
FORGE_ATTACK(attack_other_key);
FORGE_ATTACK(attack_other_purpose);
FORGE_ATTACK(attack_unknown_device);
FORGE_ATTACK(attack_wrong_org);
FORGE_ATTACK(attack_enrol_again);
FORGE_ATTACK(attack_enrol_unknown);
FORGE_ATTACK(attack_enrol_other_key);
FORGE_ATTACK(attack_deep);
FORGE_ATTACK(attack_huge_count);
/* bundles */
FORGE_ATTACK(honest_work);
FORGE_ATTACK(attack_replay);
FORGE_ATTACK(attack_tampered_payload);
FORGE_ATTACK(attack_tampered_header);
FORGE_ATTACK(attack_cut_bundle);
FORGE_ATTACK(attack_unsigned_bundle);
FORGE_ATTACK(attack_bundle_other_key);
FORGE_ATTACK(attack_gap);
FORGE_ATTACK(attack_sequence);
FORGE_ATTACK(attack_wrong_previous);
FORGE_ATTACK(attack_fork);
FORGE_ATTACK(attack_bundle_wrong_org);
FORGE_ATTACK(attack_bundle_wrong_device);
FORGE_ATTACK(attack_bundle_format);
FORGE_ATTACK(attack_unreadable);
FORGE_ATTACK(attack_bomb);
FORGE_ATTACK(attack_many_values);
FORGE_ATTACK(attack_stamp);
FORGE_ATTACK(attack_duplicate);
/* transactions */
FORGE_ATTACK(attack_other_person);
FORGE_ATTACK(attack_future_base);
FORGE_ATTACK(attack_fast_clock);
FORGE_ATTACK(attack_unknown_table);
FORGE_ATTACK(attack_unknown_column);
FORGE_ATTACK(attack_key_column);
FORGE_ATTACK(attack_wrong_type);
FORGE_ATTACK(attack_null);
FORGE_ATTACK(attack_key_size);
FORGE_ATTACK(attack_delete);
FORGE_ATTACK(attack_append_only);
FORGE_ATTACK(attack_check);
FORGE_ATTACK(attack_twice);
FORGE_ATTACK(attack_missing_row);
FORGE_ATTACK(attack_missing_reference);
FORGE_ATTACK(attack_product_price);
FORGE_ATTACK(attack_stage_definition);
FORGE_ATTACK(attack_new_stage);
FORGE_ATTACK(attack_foreign_opportunity);
FORGE_ATTACK(attack_foreign_customer);
FORGE_ATTACK(attack_foreign_key);
FORGE_ATTACK(attack_join_foreign);
FORGE_ATTACK(attack_share_foreign);
FORGE_ATTACK(attack_contact_foreign);
FORGE_ATTACK(attack_event_foreign);
FORGE_ATTACK(attack_bring_foreign);
FORGE_ATTACK(attack_repoint_foreign);
FORGE_ATTACK(attack_become_manager);
FORGE_ATTACK(attack_move_branch);
FORGE_ATTACK(attack_take_ownership);
FORGE_ATTACK(attack_give_ownership);
FORGE_ATTACK(attack_state_alone);
FORGE_ATTACK(attack_reopen);
FORGE_ATTACK(attack_engine_row);
FORGE_ATTACK(attack_device_row);
FORGE_ATTACK(attack_two_in_one);
/* keys of devices */
FORGE_ATTACK(attack_reenrol_garbage);
FORGE_ATTACK(attack_reenrol_without_fork);
FORGE_ATTACK(attack_reenrol_stranger);
FORGE_ATTACK(attack_reenrol_unproven);
FORGE_ATTACK(attack_reenrol_other_purpose);
FORGE_ATTACK(attack_reenrol_own_key);
FORGE_ATTACK(honest_reenrol);
FORGE_ATTACK(attack_reenrol_evidence);
FORGE_ATTACK(attack_rotate_stranger);
FORGE_ATTACK(attack_rotate_hash);
FORGE_ATTACK(attack_rotate_early);
FORGE_ATTACK(attack_rotate_far);
FORGE_ATTACK(wait_for_revocation);
FORGE_ATTACK(attack_revoked_pull);
FORGE_ATTACK(attack_revoked_work);
FORGE_ATTACK(attack_revoked_altered);
FORGE_ATTACK(attack_revoked_old);
FORGE_ATTACK(attack_revoked_reenrol);
FORGE_ATTACK(attack_revoked_rotate);
/* requests */
FORGE_ATTACK(attack_cursor_beyond);
FORGE_ATTACK(attack_cursor_negative);
FORGE_ATTACK(attack_many_scopes);
FORGE_ATTACK(attack_scopes_of_others);
FORGE_ATTACK(attack_one_scope_more);
FORGE_ATTACK(attack_position);
FORGE_ATTACK(attack_history_invented);
FORGE_ATTACK(attack_certificate_forged);
FORGE_ATTACK(final_pull);
/* files */
FORGE_ATTACK(attack_file_unknown);
FORGE_ATTACK(attack_file_foreign);
FORGE_ATTACK(attack_file_foreign_put);
FORGE_ATTACK(attack_file_named);
FORGE_ATTACK(attack_file_probe);
FORGE_ATTACK(attack_file_unnamed);
FORGE_ATTACK(attack_file_wrong_hash);
FORGE_ATTACK(attack_file_gap);
FORGE_ATTACK(attack_file_beyond);
FORGE_ATTACK(attack_file_huge);
FORGE_ATTACK(attack_file_path);
FORGE_ATTACK(attack_file_other_key);
FORGE_ATTACK(attack_file_other_purpose);
FORGE_ATTACK(attack_file_exchanged);
FORGE_ATTACK(honest_file);

#endif
