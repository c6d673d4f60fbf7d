/*
 * What people do: the next operation of a person at a station, drawn from what he sees there.
 */
#ifndef SATCHEL_TESTS_SIM_WORKLOAD_H
#define SATCHEL_TESTS_SIM_WORKLOAD_H

#include "tests/sim/model.h"
#include "tests/support/dice.h"

struct workload;

/* `people`: how many the company shall have beside the administrator. */
int workload_make(struct model *model, struct dice *dice, int people,
                  struct workload **ret);
void workload_free(struct workload *workload);
/* The operations that found the company, at station 0 by the administrator; false: there are no more. */
bool workload_found(struct workload *workload, struct sim_operation *ret);
void workload_plan(struct workload *workload, int station, struct station_plan *ret);
/* False: nothing comes to mind. */
bool workload_draw(struct workload *workload, int station, struct sim_operation *ret);

#endif
