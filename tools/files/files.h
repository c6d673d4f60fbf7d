/*
 * Whole files, read and written for people: bundle files on their way.
 */
#ifndef SATCHEL_TOOLS_FILES_H
#define SATCHEL_TOOLS_FILES_H

#include "schema/base/bytes.h"
#include "schema/base/error.h"

/* Reads all of it, at most ret->maximum bytes. Codes: file.read, parcel.size, memory */
int file_read(const char *path, struct buffer *ret, struct error *error);
/* There is nothing of that name yet. Code: parcel.exists */
int file_is_free(const char *path, struct error *error);
/* Makes a file that only its owner reads, durable before this returns; what fails leaves none behind.
 * Codes: parcel.exists, file.write */
int file_write(const char *path, struct bytes data, struct error *error);

#endif
