/* libsodium that cannot start. */
#include "tests/support/failing/failing.h"

int __real_sodium_init(void);
int __wrap_sodium_init(void);

static bool failing;

void failing_sodium(bool fails) {
    failing = fails;
}

int __wrap_sodium_init(void) {
    return failing ? -1 : __real_sodium_init();
}
