/*
 * Devices that go on under another key: a copy becomes a child of its own, a key is followed by another.
 *
 *   entry 6, content   [certificate of the child (an envelope), the device's request (a handover)]
 *   entry 7, content   [certificate under the new key (an envelope), the device's request (a handover)]
 *
 * The requests are kept as the devices signed them, so that a replay checks them again.
 */
#ifndef SATCHEL_SERVER_DEVICE_H
#define SATCHEL_SERVER_DEVICE_H

#include "server/station.h"

/* A request as it came: both signatures are checked where the device is known. */
struct device_call {
    struct bytes sealed;
    struct handover handover;
    struct device_request request;
};
/* message.*, org.unknown */
int device_call_open(struct bytes sealed, struct id org, struct device_call *ret,
                     struct error *error);

/* In an open transaction. Asked again with the same new key, both give the same certificate.
 * device.unknown, device.revoked, device.key_rotated (the key that signed is a former one), device.key_taken (the new one is
 * somebody's), message.signature
 * reenrol: reenrol.no_fork, reenrol.evidence (another copy was enrolled on it), reenrol.generations
 * rotate:  rotate.chain (the bundle named is not the last one of the device) */
int device_reenrol(struct master *master, struct work *work,
                   const struct device_call *call, struct arena *arena,
                   struct bytes *ret_certificate, struct error *error);
int device_rotate(struct master *master, struct work *work,
                  const struct device_call *call, struct arena *arena,
                  struct bytes *ret_certificate, struct error *error);

/* Journal entries applied: when they are made and when they are replayed. */
int device_apply_reenrol(struct master *master, struct work *work, struct bytes content,
                         int64_t at, struct error *error);
int device_apply_rotate(struct master *master, struct bytes content, struct error *error);

/* What an entry of either kind says; the bytes borrow from its content. */
int device_read_entry(struct bytes content, struct bytes *ret_envelope,
                      struct certificate *ret, struct bytes *ret_request,
                      struct error *error);

#endif
