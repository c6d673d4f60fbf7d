/*
 * Whole files.
 */
#include "tools/files/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { BLOCK = 1024 * 1024 };

static int read_on(int fd, struct buffer *ret, const char *path, struct error *error) {
    for (;;) {
        size_t left = ret->maximum - ret->size;
        uint8_t more = 0;
        size_t room = left < BLOCK ? left : BLOCK;
        uint8_t *at = room ? buffer_extend(ret, room) : &more;
        if (!at)
            return error_out_of_memory(error);
        ssize_t got = read(fd, at, room ? room : 1);
        ret->size -= room;
        if (got < 0)
            return error_from_system(error, "file.read", NULL, "file", errno,
                                     "cannot read", path);
        if (got == 0)
            return 0;
        if (room == 0)
            return error_set(error, "parcel.size", "file",
                             "%.300s has more than %zu bytes.", path, ret->maximum);
        ret->size += (size_t)got;
    }
}

int file_read(const char *path, struct buffer *ret, struct error *error) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_from_system(error, "file.read", NULL, "file", errno, "cannot read",
                                 path);
    int failed = read_on(fd, ret, path, error);
    (void)close(fd);
    return failed;
}

static int exists(const char *path, struct error *error) {
    return error_set(error, "parcel.exists", "file",
                     "%.300s is there already; choose another name.", path);
}

int file_is_free(const char *path, struct error *error) {
    return access(path, F_OK) == 0 ? exists(path, error) : 0;
}

static int write_all(int fd, struct bytes data) {
    size_t done = 0;
    while (done < data.size) {
        ssize_t wrote = write(fd, data.data + done, data.size - done);
        if (wrote < 0 && errno != EINTR)
            return -1;
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    return fsync(fd);
}

int file_write(const char *path, struct bytes data, struct error *error) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST)
        return exists(path, error);
    int failed = fd < 0 ? -1 : write_all(fd, data);
    int number = errno;
    if (fd >= 0 && close(fd) != 0 && !failed) {
        failed = -1;
        number = errno;
    }
    if (!failed)
        return 0;
    if (fd >= 0)
        (void)unlink(path);
    return error_from_system(error, "file.write", NULL, "file", number, "cannot write",
                             path);
}
