/*
 * Comma-separated text out (RFC 4180, with plain newlines), safe to open in a spreadsheet: a cell that begins
 * with = + - @ and is no number gets a ' in front, so that nobody's text runs as a formula.
 */
#ifndef SATCHEL_TOOLS_CSV_WRITE_H
#define SATCHEL_TOOLS_CSV_WRITE_H

#include <stdbool.h>
#include <stdio.h>

#include "tools/satchel/json.h"

/* One cell, made harmless and quoted where it has to be. */
void csv_write_cell(FILE *file, const char *text);
/* The cell exactly as it was (a rejected row, to be mended and imported again). */
void csv_write_raw_cell(FILE *file, const char *text);

/* An array of row objects, header first. Times, money and rates as people write them. */
int csv_write_rows(FILE *file, const struct node *rows, const char *currency, bool bom);

#endif
