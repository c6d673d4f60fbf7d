/* msgpack-c that finds no memory. */
#include "tests/support/failing/failing.h"

#include <stddef.h>

struct msgpack_zone;
struct msgpack_zone *__real_msgpack_zone_new(size_t chunk_size);
struct msgpack_zone *__wrap_msgpack_zone_new(size_t chunk_size);

static bool failing;

void failing_zones(bool fails) {
    failing = fails;
}

struct msgpack_zone *__wrap_msgpack_zone_new(size_t chunk_size) {
    return failing ? NULL : __real_msgpack_zone_new(chunk_size);
}
