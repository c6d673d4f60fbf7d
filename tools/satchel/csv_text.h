/*
 * A text file as UTF-8 in memory, whichever of the accepted encodings it came in.
 */
#ifndef SATCHEL_TOOLS_CSV_TEXT_H
#define SATCHEL_TOOLS_CSV_TEXT_H

#include <satchel.h>
#include <stdbool.h>
#include <stddef.h>

/* *ret_text is malloc'ed, NUL-terminated UTF-8 without byte order mark. Errors: csv.missing, csv.read,
 * csv.size, csv.encoding. */
int csv_text_read(const char *path, char **ret_text, size_t *ret_size, bool *ret_gb18030,
                  satchel_error *error);

#endif
