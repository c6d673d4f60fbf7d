/*
 * Tells the service manager how the server stands, by the protocol of sd_notify(3): one datagram to the socket
 * that NOTIFY_SOCKET names.
 */
#ifndef SATCHEL_TOOLS_SATCHELD_NOTIFY_H
#define SATCHEL_TOOLS_SATCHELD_NOTIFY_H

/* "READY=1", "STOPPING=1". 0 when it was told, or nobody asks; -1 otherwise. */
int notify_service_manager(const char *state);

#endif
