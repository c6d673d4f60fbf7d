/*
 * Whether databases hold the same rows, looked at from outside: by reading every synced table.
 */
#ifndef SATCHEL_TESTS_SIM_EQUAL_H
#define SATCHEL_TESTS_SIM_EQUAL_H

#include "tests/sim/world.h"

/* A row: its table and key, and a hash of all its cells. */
struct equal_row {
    uint8_t table;
    uint8_t key[2 * ID_SIZE];
    uint64_t cells;
};

struct equal_rows {
    struct equal_row *rows; /* in order */
    size_t count, room;
};

int equal_read(struct world *world, sqlite3 *db, const char *whose,
               struct equal_rows *ret);
void equal_free(struct equal_rows *rows);
/* Every row of the station is a row of the master, cell by cell. */
int equal_to_master(struct world *world, const struct sim_station *station,
                    const struct equal_rows *master);
int equal_stations(struct world *world, const struct sim_station *one,
                   const struct sim_station *other);

#endif
