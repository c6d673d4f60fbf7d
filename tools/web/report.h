/*
 * What a sync did, as JSON: the same to a page and on the command line.
 */
#ifndef SATCHEL_TOOLS_WEB_REPORT_H
#define SATCHEL_TOOLS_WEB_REPORT_H

#include <satchel.h>

#include "schema/base/bytes.h"

/* Appends {"bundles_sent":0, …}; tools/web/README.md says what the members are. */
void report_put(struct buffer *json, const satchel_sync_report *report);

#endif
