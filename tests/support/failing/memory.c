/* realloc that finds no memory. */
#include "tests/support/failing/failing.h"

#include <stdlib.h>

void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static bool failing;

void failing_memory(bool fails) {
    failing = fails;
}

void *__wrap_realloc(void *memory, size_t size) {
    return failing ? NULL : __real_realloc(memory, size);
}
