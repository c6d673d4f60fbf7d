/*
 * The certificate that headquarters shows: made here, taken from an authority, looked at. tls.c is the only file
 * that knows OpenSSL's certificates; the connections themselves are CivetWeb's.
 *
 * DIR/tls.pem (0600) holds the private key, the certificate and its chain, in this order.
 */
#ifndef SATCHEL_SERVER_TLS_H
#define SATCHEL_SERVER_TLS_H

#include "schema/base/env.h"
#include "sync/message.h"

#define TLS_FILE "tls.pem"

enum { TLS_DAYS = 825, TLS_DAYS_MAX = 3650, TLS_NAMES = 32 };

struct tls_self_signed {
    const char *address; /* the stored one: its host is among the names; may be NULL */
    const char *const *hosts; /* further names and IP addresses */
    size_t host_count;
    int64_t days; /* 0: TLS_DAYS */
    bool new_key; /* also where DIR/tls.pem is self-signed, whose key is kept otherwise */
    const struct env *env;
};
/* Makes a P-256 key and a certificate for the names, localhost, 127.0.0.1 and ::1, and puts them into
 * DIR/tls.pem. The key of a self-signed certificate stays, and with it the stations' pin.
 * tls.name, tls.days, tls.file */
int tls_make(const char *data, const struct tls_self_signed *wanted, struct error *error);

/* A file of PEM: what a program that looks at it needs to know. */
struct tls_facts {
    char subject[256];
    char names[1024];              /* "hq.example.com, 10.0.0.5" */
    int64_t not_before, not_after; /* UTC ms */
    bool self_signed;
    struct tls_pin pin;
};
/* tls.file, tls.certificate */
int tls_read(const char *path, struct tls_facts *ret, struct error *error);
/* Is the certificate in `path` for the host of this address? */
int tls_names_host(const char *path, const char *address, bool *ret, struct error *error);

struct tls_import {
    const char *certificate; /* PEM: certificate, then its chain; may hold the key too */
    const char *key;         /* PEM; NULL: in `certificate` */
    const struct env *env;
};
/* Checks and installs as DIR/tls.pem. tls.file, tls.certificate, tls.key, tls.chain, tls.expired */
int tls_install(const char *data, const struct tls_import *import, struct error *error);

/* Takes DIR/tls.pem along to another folder; does nothing where there is none. */
int tls_copy(const char *data, const char *to, struct error *error);

#endif
