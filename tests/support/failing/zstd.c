/* zstd that finds no memory. */
#include "tests/support/failing/failing.h"

#include <stddef.h>

enum { ZSTD_NO_MEMORY = -64 };

size_t __real_ZSTD_compress(void *to, size_t room, const void *from, size_t size,
                            int level);
size_t __wrap_ZSTD_compress(void *to, size_t room, const void *from, size_t size,
                            int level);
size_t __real_ZSTD_decompress(void *to, size_t room, const void *from, size_t size);
size_t __wrap_ZSTD_decompress(void *to, size_t room, const void *from, size_t size);

static bool failing;

void failing_zstd(bool fails) {
    failing = fails;
}

size_t __wrap_ZSTD_compress(void *to, size_t room, const void *from, size_t size,
                            int level) {
    return failing ? (size_t)ZSTD_NO_MEMORY
                   : __real_ZSTD_compress(to, room, from, size, level);
}

size_t __wrap_ZSTD_decompress(void *to, size_t room, const void *from, size_t size) {
    return failing ? (size_t)ZSTD_NO_MEMORY
                   : __real_ZSTD_decompress(to, room, from, size);
}
