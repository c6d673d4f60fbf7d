/*
 * Files between this station and headquarters, piece by piece. Cut anywhere, go on at that byte.
 */
#ifndef SATCHEL_CLIENT_FILE_LINK_H
#define SATCHEL_CLIENT_FILE_LINK_H

#include "client-core/exchange.h"
#include "client-core/file_store.h"
#include "client-core/identity.h"

/* How large the next piece is: as much as the link carries in FILE_PIECE_MS. */
struct piece_size {
    size_t bytes; /* 0: not tried yet */
};
void piece_size_note(struct piece_size *size, int64_t took_ms);
void piece_size_failed(struct piece_size *size);

/* How headquarters is reached, and where the files are. Everything is borrowed. */
struct file_link {
    const struct transport *transport;
    const struct identity *identity;
    const struct env *env;
    const char *address;
    const char *ca_file;
    struct tls_pin pin;
    const char *folder;
    struct piece_size *piece;
    int64_t bytes_sent, bytes_received; /* counted up */
};

/* Sends the next piece of a file, or asks how far it has got when `file->sent` is 0. *file is where it is then.
 * transport.*, server.*, device.*, file.* */
int file_link_send(struct file_link *link, struct waiting_file *file, bool *ret_whole,
                   struct error *error);
/* Fetches a file to the folder, going on where an earlier try was cut. *ret_size: its size.
 * file.absent: headquarters has none for this station, or cannot be reached */
int file_link_fetch(struct file_link *link, const uint8_t hash[HASH_SIZE],
                    int64_t *ret_size, struct error *error);

#endif
