/*
 * What some platforms lack, and which tests cannot run there for it: the only place that leaves tests out, one line
 * each with its reason.
 *
 *     if (LACKING(THREADS))
 *         skip();
 */
#ifndef SATCHEL_TESTS_SUPPORT_LACKING_H
#define SATCHEL_TESTS_SUPPORT_LACKING_H

#ifdef __EMSCRIPTEN__
enum {
    LACKING_THREADS = 1,   /* a page has one: nobody else works while a secret is tried */
    LACKING_PROCESSES = 1, /* nor is there another process, or a lock that keeps it out */
    LACKING_READINGS = 1,  /* ICU's 30 MB of data: names are not found by pinyin */
};
#else
enum { LACKING_THREADS = 0, LACKING_PROCESSES = 0, LACKING_READINGS = 0 };
#endif

#define LACKING(what) (LACKING_##what)

#endif
