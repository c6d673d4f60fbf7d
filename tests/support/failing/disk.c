/* A disk that is full after so many bytes. */
#include "tests/support/failing/failing.h"

#include <errno.h>
#include <unistd.h>

ssize_t __real_pwrite(int file, const void *data, size_t size, off_t offset);
ssize_t __wrap_pwrite(int file, const void *data, size_t size, off_t offset);

static int64_t left = -1;

void failing_disk(int64_t room) {
    left = room;
}

ssize_t __wrap_pwrite(int file, const void *data, size_t size, off_t offset) {
    if (left == 0) {
        errno = ENOSPC;
        return -1;
    }
    if (left > 0 && (int64_t)size > left)
        size = (size_t)left;
    ssize_t written = __real_pwrite(file, data, size, offset);
    if (left > 0 && written > 0)
        left -= written;
    return written;
}
