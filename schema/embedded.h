/* The .sql files of this folder, put into the program when it is built. */
#ifndef SATCHEL_SCHEMA_EMBEDDED_H
#define SATCHEL_SCHEMA_EMBEDDED_H

#include <stddef.h>

struct embedded_file {
    const char *path; /* below schema/, e.g. "commands/customer.sql" */
    const char *text; /* NUL-terminated */
    size_t size;
};

extern const struct embedded_file embedded_files[]; /* sorted by path */
extern const size_t embedded_file_count;

#endif
