/* The play of the simulator's own schema, predicted by the reference model. */
#ifndef SATCHEL_TESTS_SIM_PLAY_MODEL_H
#define SATCHEL_TESTS_SIM_PLAY_MODEL_H

#include "tests/sim/play.h"

extern const struct play play_model;

#endif
