/*
 * A company in a temporary folder for tests of the server: people, stations with real keys, sealed
 * bundles, a clock that the test moves.
 */
#ifndef SATCHEL_TESTS_COMPANY_H
#define SATCHEL_TESTS_COMPANY_H

#include "server/chain.h"
#include "server/server.h"

enum { COMPANY_STATIONS = 8 };

struct fake_station {
    struct sign_keys keys;
    struct id device;
    struct id user;
    int64_t number; /* of the last bundle */
    int64_t seq;
    uint8_t hash[HASH_SIZE];
    uint64_t counter;
    int64_t schema_version; /* of its program */
};

struct company {
    char data[64];
    struct env env;
    int64_t now_ms;
    struct catalogue *catalogue;
    struct server_options options;
    struct master *master;
    struct work work;
    struct arena arena;
    struct fake_station stations[COMPANY_STATIONS];
    size_t station_count;
    int64_t schema_version; /* of the stations that enrol; SCHEMA_VERSION at first */
};

void company_make(struct company *company);
void company_free(struct company *company); /* removes the folder */

/* HQ's own hand: a transaction that nobody's rights limit. */
struct verdict company_write(struct company *company, const struct change *changes,
                             size_t count);
struct id company_person(struct company *company, const char *name, const char *role);
struct fake_station *company_station(struct company *company, struct id user,
                                     const char *ceiling);
/* The same with any invitation; `user` is who acts on it. */
struct fake_station *company_enrol(struct company *company, const struct invite *invite,
                                   struct id user);

/* One cell of a change by column name. */
struct cell cell_of(const struct company *company, const char *table, const char *column,
                    struct value value);
struct change change_of(const struct company *company, const char *table,
                        enum row_operation operation, const struct id *key,
                        struct cell *cells, size_t count);

/* Seals one transaction made at `ms` on `base` and takes it into the chain. */
struct verdict station_send(struct company *company, struct fake_station *station,
                            struct change *changes, size_t count, int64_t ms,
                            int64_t base);
/* The sealed bytes alone; the station's chain moves on. */
void station_seal(struct company *company, struct fake_station *station,
                  struct transaction *transaction, struct buffer *ret);
/* The same of several transactions. */
void station_seal_all(struct company *company, struct fake_station *station,
                      struct transaction_list list, struct buffer *ret);
struct bundle_answer station_take(struct company *company, struct fake_station *station,
                                  struct bytes sealed);

/* A single value from the master; texts are copied into the company's arena. */
struct value company_value(struct company *company, const char *sql);
int64_t company_integer(struct company *company, const char *sql);
struct id text_id(const char *name);

#endif
