/* malloc, calloc and realloc of the whole process; the C library's, or the sanitizer's, behind them. */
#define _GNU_SOURCE
#include "tests/fault/memory.h"

#include <errno.h>
#include <unwind.h>

#include "tests/support/disk_file.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define REAL(name) __interceptor_##name
#endif
#endif
#if !defined(REAL) && defined(__SANITIZE_ADDRESS__)
#define REAL(name) __interceptor_##name
#endif
#if !defined(REAL)
#define REAL(name) __libc_##name
#endif

void *REAL(malloc)(size_t size);
void *REAL(calloc)(size_t count, size_t size);
void *REAL(realloc)(void *memory, size_t size);
__attribute__((visibility("default"))) void *malloc(size_t size);
__attribute__((visibility("default"))) void *calloc(size_t count, size_t size);
__attribute__((visibility("default"))) void *realloc(void *memory, size_t size);

extern const char __executable_start[];
extern const char etext[];

enum { FRAMES_MOST = 96, WITHIN_MOST = 32 };

static enum memory_side inside;
static enum memory_side failing_side;
static int64_t fail_at;
static bool fail_for_good;
static bool failed;
static enum memory_side traced_side;
static struct memory_trace *traced;
static bool tracing;

enum memory_side memory_enter(enum memory_side side) {
    enum memory_side before = inside;
    inside = side;
    return before;
}

void memory_fail_at(enum memory_side side, int64_t n, bool for_good) {
    failing_side = n > 0 ? side : MEMORY_NOBODY;
    fail_at = n;
    fail_for_good = for_good;
    failed = false;
}

bool memory_has_failed(void) {
    return failed;
}

void memory_trace(enum memory_side side, struct memory_trace *trace) {
    traced = trace;
    traced_side = side;
}

struct walk {
    uint64_t hash;
    int frames, within, depth;
};

static _Unwind_Reason_Code visit(struct _Unwind_Context *context, void *data) {
    struct walk *walk = data;
    uintptr_t at = (uintptr_t)_Unwind_GetIP(context);
    bool here = at >= (uintptr_t)__executable_start && at < (uintptr_t)etext;
    if (here && walk->within++ > 1) { /* not these two functions */
        walk->hash =
            (walk->hash ^ (at - (uintptr_t)__executable_start)) * 0x100000001b3ULL;
    }
    return ++walk->frames < FRAMES_MOST && walk->within < walk->depth + 2
               ? _URC_NO_REASON
               : _URC_END_OF_STACK;
}

static void note(void) {
    struct walk walk = {.hash = 0xcbf29ce484222325ULL, .depth = traced->depth};
    tracing = true;
    _Unwind_Backtrace(visit, &walk);
    if (traced->count < traced->room) {
        traced->sites[traced->count] = walk.hash;
    }
    traced->count++;
    tracing = false;
}

/* A place for a debugger to stop at: break memory_strike */
static __attribute__((noinline)) void memory_strike(void) {
    failed = true;
    errno = ENOMEM;
}

static bool fails(void) {
    if (inside == MEMORY_NOBODY || disk_allocating > 0 || tracing) {
        return false;
    }
    if (traced != 0 && inside == traced_side) {
        note();
    }
    if (inside != failing_side || fail_at <= 0) {
        return false;
    }
    bool now = fail_at == 1;
    fail_at -= now && fail_for_good ? 0 : 1;
    if (now) {
        memory_strike();
    }
    return now;
}

void *malloc(size_t size) {
    return fails() ? NULL : REAL(malloc)(size);
}

void *calloc(size_t count, size_t size) {
    return fails() ? NULL : REAL(calloc)(count, size);
}

void *realloc(void *memory, size_t size) {
    return fails() ? NULL : REAL(realloc)(memory, size);
}
