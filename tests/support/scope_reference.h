/*
 * Which rows are in which scopes, computed from the tables alone by statements made of the catalogue: slow, and nothing
 * in common with server/placing.c. In temporary tables of the master's connection:
 *
 *   ref (t, k, kind, id)   row k of table t is in this scope
 *   version (t, k, gsn)    every row
 */
#ifndef SATCHEL_TESTS_SCOPE_REFERENCE_H
#define SATCHEL_TESTS_SCOPE_REFERENCE_H

#include "tests/support/company.h"

void reference_make(struct company *company); /* once */
void reference_compute(struct company *company);
/* Ends the test unless the places and the sums that the server keeps are those of the reference. */
void reference_check_places(struct company *company);
/* The same unless `sql` (columns table_number, row_key, detail) finds nothing; says what it finds. */
void reference_finds_none(struct company *company, const char *what, const char *sql);

#endif
