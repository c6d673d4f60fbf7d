/*
 * Inside the reference model, and nobody else's business.
 *
 * The model says by lists and loops what must come out: it shares no code with sync/, client-core/ or server/. Of a row
 * it keeps every version, so that what a station holds follows from its cursor alone.
 */
#ifndef SATCHEL_TESTS_SIM_MODEL_PARTS_H
#define SATCHEL_TESTS_SIM_MODEL_PARTS_H

#include "schema/base/hash.h"
#include "schema/base/value.h"
#include "tests/sim/model.h"

/* --- the schema as the model knows it (model_schema.c), written by hand ---------------------------- */

enum {
    T_USER = 10,
    T_ROLE = 12,
    T_USER_ROLE = 13,
    T_BRANCH = 14,
    T_DEPUTY = 15,
    T_SETTING = 16,
    T_CUSTOMER = 20,
    T_MEMBER = 21,
    T_DEAL = 22,
    T_STEP = 23,
    T_LINE = 24,
    T_VISIT = 25,
    T_PRODUCT = 26,
    T_BUDGET = 27,
    T_REMARK = 28,
    T_CONFLICT = 200,
    T_REFUSAL = 201,
    T_NOTICE = 202,
    T_DEVICE = 203,
    T_NUMBERS = 256
};

enum { ROLE_REP = 1, ROLE_MANAGER = 2, ROLE_HQ = 4, ROLE_ADMIN = 8, ROLE_ALL = 15 };
enum model_merge { KEEP_LATER, SUM, GREATEST, LEAST, ONCE, STATE };
enum model_check { CHECK_NONE, CHECK_LENGTH, CHECK_LEAST, CHECK_MOST, CHECK_STAGE };
enum {
    COLUMNS = 24, /* of a table at most, with its key */
    KEY_MOST = 32,
    VALUE_ANY = 9 /* a value's type: not predicted, taken over when first seen */
};

struct model_column {
    const char *name;
    int number;
    const char *group; /* NULL: its own cell */
    enum model_merge merge;
    int write; /* roles */
    int ref;   /* table number, 0: none */
    bool key, not_null, self, any;
    const char *fallback; /* the default: a number or a text; NULL: none */
    enum model_check check;
    int64_t low, high;
    int since; /* version of the schema; 0: always */
};

struct model_table {
    int number;
    const char *name;
    int insert; /* roles */
    bool org, append, engine;
    int key_size;
    int column_count;
    struct model_column columns[COLUMNS];
};

const struct model_table *model_table(int number);
/* In order of their numbers. */
const struct model_table *const *model_tables(size_t *ret_count);
int column_of(const struct model_table *table, const char *name); /* asserts */
/* The column that stands for its cell: the first of its group, or itself. */
int cell_of_column(const struct model_table *table, int column);
int column_number(const struct model_table *table, int column); /* on the wire */
bool check_passes(const struct model_column *column, struct value value);

/* --- values ------------------------------------------------------------------------------------------ */

struct value value_any(void);
struct value id_value(struct model *model, struct id id);
struct id value_id(struct value value); /* zero when it is none */
bool is_null(struct value value);
struct value keep_text(struct model *model, const char *text);
struct value keep_value(struct model *model, struct value value);
/* "…" in a ring of static-free room: writes into `room`. */
const char *value_words(struct value value, char room[80]);

/* --- scopes as sets of small numbers ----------------------------------------------------------------- */

enum { SCOPE_WORDS = 24, SCOPES_MOST = SCOPE_WORDS * 64 };
enum model_scope { IN_ORG = 1, IN_HQ, IN_USER, IN_BRANCH, IN_POOL };
struct scope_bits {
    uint64_t words[SCOPE_WORDS];
};
void bits_add(struct scope_bits *bits, int scope);
void bits_join(struct scope_bits *bits, const struct scope_bits *other);
bool bits_meet(const struct scope_bits *a, const struct scope_bits *b);
bool bits_same(const struct scope_bits *a, const struct scope_bits *b);
bool bits_has(const struct scope_bits *bits, int scope);
int scope_of(struct model *model, enum model_scope kind, struct id id);

/* --- rows and their versions --------------------------------------------------------------------------- */

struct version {
    int64_t gsn;          /* when it began to be so */
    int64_t row_gsn;      /* of its last change of content */
    int64_t born;         /* of its insert */
    struct value *values; /* by place in the table's columns, key included */
    int64_t *stamps;      /* by place of the cell; 0: born */
    int64_t created_at, updated_at;
    struct id created_by, updated_by;
    struct scope_bits scopes;
    int history;            /* in which it was made */
    struct version *before; /* in that history */
    struct version *older;  /* made before, in whichever */
};

struct edit_mark { /* who edited a row last, and who else */
    int station;
    int64_t at;
};

struct model_row {
    const struct model_table *table;
    uint8_t key[KEY_MOST];
    struct version *latest; /* of the present history */
    struct version *newest;
    struct model_row *next_of_hash, *next_of_table;
    struct edit_mark edits[2]; /* of two different stations, newest first */
    struct scope_bits found;   /* scratch of a placing */
};

struct model_row *row_find(const struct model *model, int table, const uint8_t *key);
/* Found or made, without a version. */
struct model_row *row_make(struct model *model, int table, const uint8_t *key);
const struct version *version_at(const struct model *model, const struct model_row *row,
                                 int history, int64_t gsn);
/* A copy of the latest to be changed (or an empty first one), already in its place. */
struct version *version_add(struct model *model, struct model_row *row, int64_t gsn);

/* --- transactions --------------------------------------------------------------------------------------- */

struct model_change {
    const struct model_table *table;
    bool insert;
    uint8_t key[KEY_MOST];
    int count;
    int columns[COLUMNS]; /* places */
    struct value values[COLUMNS];
    struct value formers[COLUMNS]; /* of an update: what was there */
};

struct transaction_of_model {
    struct id id;
    int station;
    int line;     /* in which life it was made */
    int64_t made; /* at which event */
    struct id person;
    const char *command;
    int64_t base, true_ms;
    int64_t epoch; /* that its station was in */
    struct model_change *changes;
    int change_count;
    int64_t gsn;    /* 0: not known at headquarters */
    int kind;       /* of its verdict */
    int64_t looked; /* event at which the station still held it as pending */
    struct transaction_of_model *next_of_hash;
};

struct known_gsn {
    int64_t gsn, at;
    uint64_t time;
    struct id device, person, transaction;
    int kind;
    int64_t epoch, former, lost_base; /* of a lost history: what it was there */
};

/* --- who works where -------------------------------------------------------------------------------------- */

struct overlay_row {
    const struct model_table *table;
    uint8_t key[KEY_MOST];
    struct value values[COLUMNS];
    int64_t row_gsn;
    bool inserted, changed, touched;
    int64_t stamps[COLUMNS]; /* headquarters only */
    int64_t born;
    struct overlay_row *next_of_hash, *next;
};

enum { OVERLAY_HASH = 64 };
struct overlay {
    struct overlay_row *hash[OVERLAY_HASH];
    struct overlay_row *first, **end;
    int count;
    const struct overlay *below;
};

/* A station's work up to a copy of its disk is that of both. */
struct line_of_life {
    int parent; /* -1: none */
    int64_t until;
};

/* A device as headquarters knows it. */
struct device_of_model {
    struct id id;
    int family; /* the first device of it, by its place in the list */
    struct station_plan plan;
    int ceiling;
    int schema_version;
    int64_t seen_base; /* the greatest base that headquarters took from it */
    bool unknown;      /* headquarters lost its enrolment */
    bool revoked;
};

struct station_of_model {
    int number;
    struct id device;
    int line;
    struct station_plan plan;
    int ceiling; /* roles */
    int schema_version;
    int rows_version; /* of the program that got its rows */
    int history;      /* that the cursor is of */
    int64_t epoch;
    int64_t cursor;
    int64_t synced; /* the model's own count of events then */
    struct scope_bits held;
    struct transaction_of_model **pending;
    int pending_count, pending_room;
    struct overlay overlay; /* the pending work's rows */
    struct arena arena;     /* of the overlay */
};

/* --- looking at rows ---------------------------------------------------------------------------------------- */

struct view {
    const struct model *model;
    int64_t at;                    /* versions as of this gsn */
    const struct scope_bits *held; /* NULL: all rows */
    const struct overlay *overlay; /* NULL: none */
    const struct cover *cover;     /* NULL: everything that is there */
    int history;
};

struct seen_row {
    const struct model_table *table;
    const uint8_t *key;
    const struct value *values;
    int64_t row_gsn;
};

/* False: there is none. */
bool view_find(const struct view *view, int table, const uint8_t *key,
               struct seen_row *ret);
/* All rows of a table: start with *place zeroed. */
struct view_place {
    const struct overlay *overlay;
    const struct overlay_row *above;
    const struct model_row *row;
    bool begun;
};
bool view_next(const struct view *view, int table, struct view_place *place,
               struct seen_row *ret);
struct value seen_value(const struct seen_row *row, const char *column);

/* Empties it; its rows are taken from `arena`. */
enum { SCHEMA_PRESENT = 3 };
void overlay_make(struct overlay *overlay, const struct overlay *below);
struct overlay_row *overlay_find(const struct overlay *overlay, int table,
                                 const uint8_t *key);
struct overlay_row *overlay_add(struct overlay *overlay, struct arena *arena,
                                const struct model_table *table, const uint8_t *key);

/* What somebody may do and see, from the rows of a view. */
struct rights {
    bool known, active;
    int roles;
    struct scope_bits scopes;
};
void rights_of(const struct view *view, struct id person, int ceiling,
               struct rights *ret);

/* model_cover.c: on a station that several people share, what one of them may see of it. */
struct cover {
    struct rights rights;
    struct view whole;         /* the station's */
    const struct overlay *own; /* what the transaction at hand wrote is visible to it */
};
/* False: this person needs no cover here. */
bool cover_make(const struct station_of_model *station, const struct view *whole,
                const struct rights *rights, struct cover *ret);
bool cover_shows(const struct cover *cover, const struct seen_row *row);

/* --- rules -------------------------------------------------------------------------------------------------- */

struct cell_change {
    const struct model_table *table;
    const uint8_t *key;
    int column;
    struct value before, after;
};
struct rule_case {
    const struct view *view; /* with the transaction in it */
    const struct overlay *touched;
    const struct cell_change *cells;
    int cell_count;
    int roles;
    int schema_version;
};
/* The first rule broken, in order of names; NULL: none. *ret_flag (may be NULL): the first that the author's program does
 * not have. */
const char *rules_broken(const struct rule_case *c, const char **ret_flag);

/* Role and form of one change: NULL or a code. */
const char *change_refused(const struct model_change *change, bool as_update,
                           struct id person, int roles);

/* --- the model -------------------------------------------------------------------------------------------------- */

enum { ROW_HASH = 8192, TRANSACTION_HASH = 8192, STATIONS_MOST = 1024, HOT = 128 };

struct refused_row {
    int table;
    uint8_t key[KEY_MOST];
    bool whole;
    int family;
    int64_t gsn;
};

struct lost_cell { /* of a conflict: what may be put back */
    struct id conflict;
    int history;
    int64_t gsn;
    int table, cell, count;
    uint8_t key[KEY_MOST];
    struct value loser[COLUMNS], winner[COLUMNS];
};

struct hot_row {
    struct model_row *row;
    int station;
    int64_t at;
};

/* A station as it was once: what is needed to put it back. */
struct station_copy {
    int number, line, history, rows_version;
    struct id device;
    int64_t made, cursor, synced, epoch;
    struct transaction_of_model **pending;
    int pending_count;
};

/* Headquarters goes on from a copy of what it was at `from` in the history before. */
struct history_of_model {
    int parent; /* -1: none */
    int64_t from;
};

/* Work of a lost history that waits at headquarters. */
struct waiting_of_model {
    struct transaction_of_model *transaction;
    struct merged_seen seen;
};

enum { EPOCHS_MOST = 256 };
struct epoch_of_model {
    int64_t number, from; /* up to this gsn all that came before has it too */
};

/* What headquarters alone knows: copied with it, and put back. */
struct headquarters_of_model {
    int history;
    int64_t head;
    struct known_gsn *gsns;
    int gsn_count, gsn_room;
    struct device_of_model *devices;
    int device_count, device_room;
    struct refused_row *refused;
    int refused_count, refused_room;
    struct waiting_of_model *waiting;
    int waiting_count, waiting_room;
    bool refilling;
    struct epoch_of_model epochs[EPOCHS_MOST];
    int epoch_count;
};

struct model {
    struct sim_report *report;
    struct arena arena;
    struct id admin;
    struct model_row *rows[ROW_HASH];
    struct model_row *of_table[T_NUMBERS];
    int row_count[T_NUMBERS];
    struct transaction_of_model *transactions[TRANSACTION_HASH];
    struct headquarters_of_model hq, hq_copy;
    struct history_of_model *histories;
    int history_count, history_room;
    struct {
        enum model_scope kind;
        struct id id;
    } scopes[SCOPES_MOST];
    int scope_count;
    int scope_hash[4 * SCOPES_MOST];
    struct station_of_model *stations[STATIONS_MOST];
    struct line_of_life *lines;
    int line_count, line_room;
    struct station_copy *copies;
    int copy_count, copy_room;
    struct id *people;
    int person_count, person_room;
    struct lost_cell *lost;
    int lost_count, lost_room;
    struct { /* a bundle out of the quarantine is not of the device's chain */
        int64_t entry;
        struct id device;
        int64_t seen_base;
    } released;
    int64_t events; /* counts what was told */
    struct hot_row hot[HOT];
    int hot_count;
    int64_t merged, conflicts, refusals;
};

struct station_of_model *station_of(const struct model *model, int station);
struct transaction_of_model *transaction_find(const struct model *model, struct id id);
const struct known_gsn *gsn_find(const struct model *model, int64_t gsn);
/* Grows an array of the model's to hold one more. */
void *room_for(void *array, int count, int *room, size_t size);

/* model_lives.c: copies of stations, and the devices that go on from one another. */
int line_begin(struct model *model, int parent, int64_t until);
/* Whether the work of `gsn` was known where the transaction was made, being of the same station's past. */
bool is_own_line(const struct model *model, int64_t gsn,
                 const struct transaction_of_model *transaction);
bool is_own_past(const struct model *model, int64_t gsn,
                 const struct transaction_of_model *transaction);
/* NULL: nobody knows it. */
struct device_of_model *device_find(const struct model *model, struct id id);
struct device_of_model *device_of_child(struct model *model, int number,
                                        struct id device);
/* A copy of the parent is a device of its own from now on; nothing happens when the parent is none. */
void device_of_parent(struct model *model, struct id device, struct id parent);
void device_add(struct model *model, const struct station_of_model *station, int family);

/* model_history.c: headquarters put back, and what was lost then. */
/* Whether what was made in `made` at `gsn` is also of this history. */
bool in_history(const struct model *model, int history, int made, int64_t gsn);
int past_begin(struct model *model, int parent, int64_t from);
/* What the gsn was in the lost history that the work is of: whether its author knew of it there; whether who wrote
 * it knew of this work there. */
bool past_knew(const struct model *model, int64_t gsn, const struct merged_seen *seen,
               const struct transaction_of_model *transaction);
bool past_superseded(const struct model *model, int64_t gsn,
                     const struct merged_seen *seen);
/* Whether a refusal is put off. */
bool past_defers(const struct model *model, const struct merged_seen *seen,
                 const char *code);
/* What counts of a base that is of this epoch (0: the present one). */
int64_t past_base(const struct model *model, int64_t epoch, int64_t base);
/* The same of a transaction, that may have waited. */
int64_t past_base_of(const struct model *model,
                     const struct transaction_of_model *transaction, int64_t epoch);
void past_epoch(struct model *model, int64_t number, int64_t from);
/* It waits no longer. */
void past_decided(struct model *model, const struct transaction_of_model *transaction);
void past_free(struct headquarters_of_model *hq);

/* model_scope.c: places all rows anew; those that moved get a version of this gsn. */
void scopes_place(struct model *model, int64_t gsn);

/* model_station.c */
/* The station is at this cursor now and holds its pending work only. */
void station_move(struct model *model, struct station_of_model *station, int64_t cursor);
struct view station_view(const struct model *model,
                         const struct station_of_model *station);
struct value fallback_of(const struct model_column *column);
/* The row in the overlay: there already, or copied from the view, or new (not *ret_found). */
struct overlay_row *overlay_take(const struct view *view, struct overlay *overlay,
                                 struct arena *arena, const struct model_table *table,
                                 const uint8_t *key, bool *ret_found);
void overlay_merge(struct overlay *to, struct arena *arena, const struct overlay *from);
/* The pending work of a station over what it got. */
void station_redo(struct model *model, struct station_of_model *station);
/* One transaction over an overlay; false: it does not fit there any more. */
bool redo_over(const struct view *below, struct overlay *overlay, struct arena *arena,
               const struct transaction_of_model *transaction);

/* model_command.c: what a command does at a station. */
enum parameter_kind {
    P_NONE,
    P_ID,
    P_ANY,
    P_NEW,
    P_TEXT,
    P_NUMBER,
    P_STAGE,
    P_BOOL,
    P_ROLES
};
struct parameter_of_command {
    const char *name;
    enum parameter_kind kind;
    int table; /* P_ID, P_ANY */
    bool optional;
    int64_t low, high; /* P_NUMBER; high also of P_TEXT */
};
struct act;
struct command_of_model {
    const char *name;
    int roles; /* 0: everybody */
    bool may_noop;
    struct parameter_of_command parameters[ARGUMENTS];
    void (*run)(struct act *act);
};
/* -1: there is none. */
int command_find(const char *name);
const struct command_of_model *command_at(int kind);
struct local_result {
    const char
        *codes[4]; /* why it is refused; more than one when the order is not fixed */
    int code_count;
    struct model_change *changes;
    int change_count;
};
int command_run(struct model *model, const struct sim_operation *operation,
                struct local_result *ret);

/* model_merge.c */
struct kept_cell {
    const struct overlay_row *row;
    int cell;
    const char *reason;
    bool author_lost;
    int64_t other;
    struct value winner[COLUMNS], loser[COLUMNS];
    int count;
};
enum { KEPT_MOST = 64, CODES_MOST = 8 };
struct merging {
    struct model *model;
    struct transaction_of_model *transaction;
    const struct merged_seen *seen;
    struct device_of_model *device;
    struct rights rights;
    uint64_t time; /* effective */
    struct overlay overlay;
    struct arena arena;
    struct view before, view;
    struct cell_change cells[256];
    int cell_count;
    struct kept_cell kept[KEPT_MOST];
    int kept_count;
    const char *codes[CODES_MOST];
    int code_count;
    const char
        *flag; /* merged all the same: a rule that the author's program does not have */
};
/* Decides: no code means that it is merged. merge_free in any case. */
struct merging *merge_decide(struct model *model,
                             struct transaction_of_model *transaction,
                             const struct merged_seen *seen);
void merge_free(struct merging *merging);

/* model_derived.c: rows that merging makes. */
struct row_stamp {
    int64_t gsn, at;
    struct id by;
};
/* A new version of the row with these values by place (the key is put in); scopes are the caller's. */
struct version *row_write(struct model *model, int table, const uint8_t *key,
                          const struct value *values, const struct row_stamp *stamp);
void derive_conflicts(struct merging *merging);
void derive_flag(struct merging *merging);
void derive_refusal(struct merging *merging, const char *code);
/* An enrolment makes a row for the device. */
void derive_device(struct model *model, const struct known_gsn *known);
/* Taking back a device takes back its family. */
void derive_revoked(struct model *model, struct id device, const struct known_gsn *known);

#endif
