/*
 * One command on its way through the model (model_command.c) and what the commands are made of
 * (model_commands.c): rows looked up, added and changed at the station.
 */
#ifndef SATCHEL_TESTS_SIM_MODEL_ACT_H
#define SATCHEL_TESTS_SIM_MODEL_ACT_H

#include "tests/sim/model_parts.h"

struct act {
    struct model *model;
    const struct station_of_model *station;
    struct id person;
    int roles;
    const struct call *call;
    struct view raw; /* the station as it was before */
    struct view below,
        view; /* what the person sees of it: before, and with what was done so far */
    struct cover cover;   /* of both, on a station that several people share */
    struct cover covered; /* the same for `below` */
    bool is_covered;
    struct overlay top;
    struct arena arena;
    const char *code; /* why it is refused; NULL: it goes on */
    int hits;         /* rows written, changed or not */
};

struct set {
    const char *column;
    struct value value;
};

struct row_key {
    uint8_t bytes[KEY_MOST];
};

void act_fail(struct act *act, const char *code);
/* Arguments by their place: NULL values when absent. */
struct value argument_value(const struct act *act, int place);
struct row_key argument_key(const struct act *act, int place);
struct row_key pair_key(const struct act *act, int first, int second);
bool act_find(const struct act *act, int table, const struct row_key *key,
              struct seen_row *ret);
void act_insert(struct act *act, int table, const struct row_key *key,
                const struct set *sets, int count);
/* Nothing happens when the row is not there. */
void act_update(struct act *act, int table, const struct row_key *key,
                const struct set *sets, int count);

extern const struct command_of_model model_commands[];
extern const int model_command_count;

#endif
