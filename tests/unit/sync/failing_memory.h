/*
 * Makes the program's own calls of realloc fail when a test says so. Include it in one test file; it
 * replaces the function for the whole program, but not inside shared libraries. Sanitizers have
 * replacements of their own and Emscripten's has no other name, so with them there is none: ask
 * failing_memory() first.
 */
#ifndef SATCHEL_TESTS_UNIT_SYNC_FAILING_MEMORY_H
#define SATCHEL_TESTS_UNIT_SYNC_FAILING_MEMORY_H

#include <stdbool.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    defined(__EMSCRIPTEN__)
#define SATCHEL_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SATCHEL_SANITIZED 1
#endif
#endif

#ifdef SATCHEL_SANITIZED

static inline bool failing_memory(bool fail) {
    (void)fail;
    return false;
}

#else

static bool memory_fails;
void *__libc_realloc(void *memory, size_t size); /* glibc's own */

void *realloc(void *__ptr, size_t __size) {
    return memory_fails ? NULL : __libc_realloc(__ptr, __size);
}

/* True when it can be done, and is. */
static inline bool failing_memory(bool fail) {
    memory_fails = fail;
    return true;
}

#endif
#endif
