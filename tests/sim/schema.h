/*
 * The simulator's own small domain: SQL files below tests/sim/schema, beside the engine's tables of the real one.
 */
#ifndef SATCHEL_TESTS_SIM_SCHEMA_H
#define SATCHEL_TESTS_SIM_SCHEMA_H

#include "schema/embedded.h"

/* The files of a version (SCHEMA_VERSION: the present one; before it: the former), sorted by path; they live as long as the program. */
void sim_schema(int version, const struct embedded_file **ret_files, size_t *ret_count);

#endif
