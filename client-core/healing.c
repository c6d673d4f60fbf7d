/*
 * A station that finds a difference.
 */
#include "client-core/healing.h"

#include "client-core/rebuild.h"
#include "client-core/state.h"

static int add_one(struct replica *replica, const char *name, struct error *error) {
    int64_t count = 0;
    if (setting_integer(replica, name, &count, error) != 0)
        return -1;
    return setting_set(replica, name, value_integer(count + 1), error);
}

int healing_agrees(struct replica *replica, int64_t *ret_healed, struct error *error) {
    int64_t since = 0;
    if (setting_integer(replica, "differs", &since, error) != 0)
        return -1;
    *ret_healed = since != 0;
    return since ? setting_set(replica, "differs", value_integer(0), error) : 0;
}

static int heal(struct replica *replica, int64_t now_ms, struct error *error) {
    int64_t healed_at = 0;
    if (setting_integer(replica, "healed_at", &healed_at, error) != 0)
        return -1;
    if (now_ms >= healed_at && now_ms - healed_at < HEAL_EVERY_MS)
        return 0;
    if (setting_set(replica, "healed_at", value_integer(now_ms), error) != 0)
        return -1;
    return rebuild_begin(replica, "digest", error);
}

int healing_differs(struct replica *replica, int64_t now_ms, int64_t *ret_found,
                    struct error *error) {
    int64_t since = 0;
    if (setting_integer(replica, "differs", &since, error) != 0)
        return -1;
    *ret_found = since == 0;
    if (since == 0 &&
        (setting_set(replica, "differs", value_integer(now_ms), error) != 0 ||
         add_one(replica, "digest_differences", error) != 0))
        return -1;
    return heal(replica, now_ms, error);
}
