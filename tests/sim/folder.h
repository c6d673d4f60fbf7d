/* The few real files of a machine (keys), copied and put back. */
#ifndef SATCHEL_TESTS_SIM_FOLDER_H
#define SATCHEL_TESTS_SIM_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

enum { FOLDER_FILES = 8, FOLDER_FILE = 512 };

struct folder_copy {
    struct {
        char name[64];
        char data[FOLDER_FILE];
        size_t size;
    } files[FOLDER_FILES];
    size_t count;
};

/* False when there are more or larger files than fit. */
bool folder_read(const char *folder, struct folder_copy *ret);
/* These files and no others. */
bool folder_write(const char *folder, const struct folder_copy *copy);
void folder_clear(const char *folder); /* the folder stays */

#endif
