/*
 * The reference model of the simulator: what must come of everything that is done.
 *
 * It is told facts in the order in which they happened and compares each with what it expects; the first difference is
 * the run's failure. See tests/sim/README.md.
 */
#ifndef SATCHEL_TESTS_SIM_MODEL_H
#define SATCHEL_TESTS_SIM_MODEL_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/sim/play.h"

struct model;

/* --- commands ------------------------------------------------------------------------------------------ */

enum argument_kind {
    ARGUMENT_ABSENT,
    ARGUMENT_ID,
    ARGUMENT_NUMBER,
    ARGUMENT_TEXT,
    ARGUMENT_ROLES
};
enum { ARGUMENTS = 8, ARGUMENT_TEXT_SIZE = 128 };

struct call_argument {
    enum argument_kind kind;
    struct id id;
    int64_t number; /* also a set of roles */
    char text[ARGUMENT_TEXT_SIZE];
};

/* The arguments of an operation: its `note`, in order of the command's parameters. */
struct call {
    struct call_argument arguments[ARGUMENTS];
};

/* --- what the model is told ------------------------------------------------------------------------------ */

struct model_setup {
    struct sim_report *report;
    struct id admin; /* person 0, made by genesis with the roles hq and admin */
    int64_t genesis_gsn, genesis_at;
};
int model_make(const struct model_setup *setup, struct model **ret);
void model_free(struct model *model); /* NULL is fine */
int model_people(const struct model *model);
struct id model_person_id(const struct model *model, int person);

int model_enrolled(struct model *model, const struct enrolled_seen *told);

int model_did(struct model *model, const struct sim_operation *operation,
              const struct local_outcome *outcome);

/* Headquarters gave a gsn: told for each, in their order, once. */
int model_merged(struct model *model, const struct merged_seen *seen);

/* Work that waits; and all of it was tried again, for the last time: the refill has ended. */
int model_deferred(struct model *model, const struct merged_seen *seen);
int model_retried(struct model *model, int64_t at, bool last);

/* Where the station is, and which of its work it still holds as pending: read from its database. */
int model_looked(struct model *model, int number, sqlite3 *db);
/* The station is at this cursor, and knows what became of all its work up to there. */
int model_synced(struct model *model, int number, int64_t cursor);

/* Copies of its disk: a token, put back later; another station that begins as a copy. */
int model_snapshot(struct model *model, int number);
int model_restore(struct model *model, int number, int token);
int model_clone(struct model *model, int from, int to);
/* It was taken back and knows: nothing is left of it. */
int model_wiped(struct model *model, int number);
/* It has another program from now on. */
int model_updated(struct model *model, int number, int version);
/* It goes on under a device of its own. */
int model_reenrolled(struct model *model, int number, struct id device);

/* Headquarters' disk is copied (the last copy counts), and put back. */
int model_server_snapshot(struct model *model);
int model_server_restore(struct model *model);

/* Comparisons with what stands in the databases. */
int model_check_station(struct model *model, int number, sqlite3 *db);
int model_check_master(struct model *model, sqlite3 *db);
/* After everybody has synced: nothing may be pending. */
int model_finish(struct model *model);

#endif
