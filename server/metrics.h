/* Figures for monitoring, in the text format of Prometheus. */
#ifndef SATCHEL_SERVER_METRICS_H
#define SATCHEL_SERVER_METRICS_H

#include "server/internal.h"

/* A sync request was answered after so long. */
void metrics_note_duration(struct server *server, int64_t ms);
/* A station said why it gets everything again: at the first request of a rebuild, and with the answer that ends it. */
void metrics_note_rebuild(struct server *server, const struct sync_request *request,
                          bool ended);

#endif
