/*
 * What is played in the world: a schema, people, what they do, and what is known of what must come of it.
 * The world runs the real engine and breaks it; it knows nothing of the business. `struct play` is all that it asks.
 *
 * Functions that return int: -1 after sim_wrong.
 */
#ifndef SATCHEL_TESTS_SIM_PLAY_H
#define SATCHEL_TESTS_SIM_PLAY_H

#include <sqlite3.h>

#include "schema/base/id.h"
#include "schema/embedded.h"
#include "tests/sim/report.h"
#include "tests/support/dice.h"

enum { OPERATION_JSON = 2048, PLAN_PEOPLE = 4 };

/* One command of a person at a station. */
struct sim_operation {
    int station, person;
    char command[64];
    char json[OPERATION_JSON];
    bool concurrent; /* on a row that another station edited since this one's last sync */
    int kind;        /* the play's own */
    int64_t argument[8];
    void *note;
};

struct station_plan {
    int people[PLAN_PEOPLE];
    int count;
    bool everyone;
    char ceiling[64]; /* "": the person's roles */
};

/* What became of a command where it was done. */
struct local_outcome {
    const char *code, *field; /* "": it is in the outbox */
    struct id transaction;
    int64_t base;       /* the station's cursor, as the engine recorded it */
    int64_t true_ms;    /* when it happened in truth */
    const char *result; /* JSON; NULL when a crash cut the command off */
};

enum seen_what { SEEN_WORK, SEEN_RELEASED, SEEN_DEVICE, SEEN_EPOCH, SEEN_REVOKED };

/* A gsn that headquarters gave, or work that has to wait for one. */
struct merged_seen {
    enum seen_what what;
    int64_t entry;   /* of the journal */
    int64_t gsn, at; /* at: receipt */
    struct id transaction;
    struct id device;      /* zero: headquarters' own; or that is revoked */
    uint64_t stated, time; /* what the station said, and what counts: HLC */
    int64_t purged;        /* what left scopes up to here is forgotten by then */
    int64_t base;
    int64_t epoch;    /* the lost history that it is of; 0: the present one */
    int64_t former;   /* its gsn there; 0: none */
    struct id parent; /* SEEN_DEVICE: that it is a copy of; zero: none */
    int schema_version;
    int kind; /* enum verdict_kind */
    char code[64], field[64];
};

struct enrolled_seen {
    int station;
    struct id device;
    char code[16];
    struct station_plan plan;
    int parent; /* -1: none */
    int64_t head;
    int schema_version;
};

struct play_setup {
    struct dice *dice;
    struct sim_report *report;
    int people;
    struct id org, admin;
    int64_t genesis_gsn, genesis_at;
};

struct play {
    const char *name;
    void (*schema)(int version, const struct embedded_file **ret, size_t *ret_count);
    int (*make)(const struct play_setup *setup, void **ret);
    void (*free)(void *context);
    struct id (*person)(void *context, int person);
    /* Operations to begin with, at station 0, before there are others. */
    bool (*found)(void *context, struct sim_operation *ret);
    void (*plan)(void *context, int station, struct station_plan *ret);
    /* What somebody at a station does next; false: nothing comes to mind. */
    bool (*draw)(void *context, int station, struct sim_operation *ret);
    int (*enrolled)(void *context, const struct enrolled_seen *seen);
    int (*did)(void *context, const struct sim_operation *operation,
               const struct local_outcome *outcome);
    int (*merged)(void *context, const struct merged_seen *seen);
    /* Work of a lost history that has to wait; all that waits was tried again, for the last time: the refill has ended. */
    int (*deferred)(void *context, const struct merged_seen *seen);
    int (*retried)(void *context, int64_t at, bool last);
    /* The station's cursor or the answers it has heard may be others than before; may be NULL. */
    int (*looked)(void *context, int station, sqlite3 *db);
    int (*synced)(void *context, int station, int64_t cursor);
    /* Lives; each may be NULL, and a play without them is not told. */
    int (*snapshot)(void *context, int station); /* a token */
    int (*restore)(void *context, int station, int token);
    int (*clone)(void *context, int from, int to);
    int (*reenrolled)(void *context, int station, struct id device, const char *code);
    int (*wiped)(void *context, int station);
    int (*updated)(void *context, int station, int version);
    int (*server_snapshot)(void *context);
    int (*server_restore)(void *context, int token);
    int (*check_station)(void *context, int station, sqlite3 *db);
    int (*check_master)(void *context, sqlite3 *db);
    int (*finish)(void *context);
};

/* The sales domain with a few of its commands; compares nothing beyond what the world does. */
extern const struct play play_domain;

#endif
