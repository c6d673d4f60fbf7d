/*
 * Makes what others do for us fail when a test says so. The linker puts the functions of this folder in the place of the
 * real ones (--wrap, see tools/cmake/Tests.cmake) wherever the program's own code and the libraries inside of it call them.
 */
#ifndef SATCHEL_TESTS_SUPPORT_FAILING_H
#define SATCHEL_TESTS_SUPPORT_FAILING_H

#include <stdbool.h>
#include <stdint.h>

void failing_memory(bool fails); /* realloc, which all of ours grows with */
void failing_sodium(bool fails); /* sodium_init */
void failing_zstd(bool fails);   /* ZSTD_compress, ZSTD_decompress */
void failing_zones(bool fails);  /* msgpack_zone_new */
/* pwrite: so many bytes more fit on the disk; -1: as many as there are. */
void failing_disk(int64_t room);

#endif
