/*
 * The executor: one command, one recorded transaction.
 *
 *   BEGIN IMMEDIATE, roles, parameters, statements, changes, rights, rules, outbox, COMMIT
 *
 * A failure anywhere rolls back; nothing has changed then. One thread at a time.
 */
#ifndef SATCHEL_CLIENT_EXECUTOR_H
#define SATCHEL_CLIENT_EXECUTOR_H

#include "client-core/json.h"
#include "client-core/replica.h"

struct executor;

/* Who this station is, for SQL and for the wire. */
struct executor_options {
    struct id device;
    const char *device_code;
    role_set ceiling;
    struct executor
        *whole; /* who acts for those that see everything, when the replica has covers */
};

int executor_open(struct replica *replica, const struct executor_options *options,
                  struct executor **ret, struct error *error);
void executor_close(struct executor *executor); /* NULL is fine; before the replica */

/* A command to run once (batch false) or for each of the argument lists. */
struct execution {
    struct id user;
    const struct operation *operation;
    const struct argument_list *lists;
    size_t count;
    bool batch;
};

/* Appends the result as JSON. *ret_failed (may be NULL): the list that failed. */
int executor_do(struct executor *executor, const struct execution *execution,
                struct buffer *ret_json, size_t *ret_failed, struct error *error);

/* Refused work, or such that no longer applies and was not sent, of `user`: done again with other values as `edits` says,
 * or given up. Codes: resubmit.*, those of a command. */
struct redoing {
    struct id user;
    struct id transaction;
    const struct argument_list *edits;
    bool give_up;
};
int executor_redo(struct executor *executor, const struct redoing *redoing,
                  struct error *error);

#endif
