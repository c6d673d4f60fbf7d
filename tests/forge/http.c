/*
 * HTTP/1.1 by plain sockets: one request, one answer, one connection.
 */
#include "tests/forge/forge.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { STEP = 64 * 1024, TIMEOUT_SECONDS = 60 };

/* "http://host:port" → a connected socket, or -1. */
static int dial(const char *address) {
    char host[256];
    struct addrinfo *found = NULL;
    const char *start = strstr(address, "://");
    int fd = -1;
    snprintf(host, sizeof host, "%s", start ? start + 3 : address);
    char *colon = strrchr(host, ':');
    if (!colon)
        return -1;
    *colon = '\0';
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
        return -1;
    fd = socket(found->ai_family, SOCK_STREAM, 0);
    const struct timeval timeout = {.tv_sec = TIMEOUT_SECONDS};
    if (fd >= 0 &&
        (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) != 0 ||
         connect(fd, found->ai_addr, found->ai_addrlen) != 0)) {
        close(fd);
        fd = -1;
    }
    freeaddrinfo(found);
    return fd;
}

static void send_all(int fd, const void *data, size_t size) {
    const char *at = data;
    while (size > 0) {
        ssize_t sent = send(fd, at, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* the server had enough; its answer may still be there */
        at += sent;
        size -= (size_t)sent;
    }
}

/* Where the body begins, or 0 while the head is not complete. */
static size_t body_start(const struct buffer *all) {
    for (size_t i = 3; i < all->size; i++)
        if (memcmp(all->data + i - 3, "\r\n\r\n", 4) == 0)
            return i + 1;
    return 0;
}

static size_t length_of(struct buffer *all) {
    const char *field = strstr(buffer_text(all), "Content-Length: ");
    return field ? (size_t)strtoull(field + strlen("Content-Length: "), NULL, 10) : 0;
}

/* Reads until the body has the length that the head says, or the server closes. */
static void receive(int fd, struct buffer *all) {
    for (;;) {
        size_t start = body_start(all);
        if (start > 0 && all->size >= start + length_of(all))
            return;
        uint8_t *room = buffer_extend(all, STEP);
        if (!room)
            return;
        ssize_t got = recv(fd, room, STEP, 0);
        all->size -= STEP - (got > 0 ? (size_t)got : 0);
        if (got <= 0)
            return;
    }
}

int http_post(const char *address, const char *method, const char *path,
              struct bytes body, size_t claimed_length, struct buffer *ret_body) {
    struct buffer head = buffer_make(4096);
    struct buffer all = buffer_make((size_t)LIMIT_RESPONSE + 4096 + STEP);
    int status = 0;
    int fd = dial(address);
    if (fd < 0)
        goto out;
    buffer_printf(&head,
                  "%s %s HTTP/1.1\r\nHost: forge\r\nContent-Type: application/msgpack\r\n"
                  "Content-Length: %zu\r\nConnection: close\r\n\r\n",
                  method, path, claimed_length);
    send_all(fd, head.data, head.size);
    if (claimed_length == body.size)
        send_all(fd, body.data, body.size);
    receive(fd, &all);
    size_t start = body_start(&all);
    if (start > 0 && strncmp(buffer_text(&all), "HTTP/1.1 ", 9) == 0) {
        status = (int)strtol(buffer_text(&all) + 9, NULL, 10);
        buffer_append(ret_body, all.data + start, all.size - start);
    }
    close(fd);
out:
    buffer_free(&head);
    buffer_free(&all);
    return status;
}
