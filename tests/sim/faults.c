/* Which faults there are and how often they strike. */
#include "tests/sim/faults.h"

#include <stddef.h>
#include <string.h>

enum { SOME_OFF = 250 }; /* per mille */

static const struct {
    const char *name;
    int per_mille; /* usually; a seed may make it a third or three times of that */
    const char *off_because;
} FAULTS[FAULT_COUNT] = {
    [FAULT_DROP_REQUEST] = {"drop-request", 40, NULL},
    [FAULT_DROP_ANSWER] = {"drop-answer", 40, NULL},
    [FAULT_DUPLICATE] = {"duplicate", 40, NULL},
    [FAULT_LATE] = {"late", 30, NULL},
    [FAULT_CUT] = {"cut", 20, NULL},
    [FAULT_FLIP] = {"flip", 20, NULL},
    [FAULT_PARTITION] = {"partition", 20, NULL},
    [FAULT_INTERLEAVE] = {"interleave", 200, NULL},
    [FAULT_STATION_RESTART] = {"station-restart", 3, NULL},
    [FAULT_STATION_KILL] = {"station-kill", 4, NULL},
    [FAULT_STATION_POWER] = {"station-power", 4, NULL},
    [FAULT_STATION_DISK] = {"station-disk", 4, NULL},
    [FAULT_STOP] = {"stop", 20, NULL},
    [FAULT_HQ_RESTART] = {"hq-restart", 2, NULL},
    [FAULT_HQ_KILL] = {"hq-kill", 5, NULL},
    [FAULT_HQ_POWER] = {"hq-power", 5, NULL},
    [FAULT_HQ_DISK] = {"hq-disk", 5, NULL},
    [FAULT_HQ_DOWN] = {"hq-down", 1, NULL},
    [FAULT_SKEW] = {"skew", 500, NULL},
    [FAULT_JUMP] = {"jump", 5, NULL},
    [FAULT_LATE_ENROL] = {"late-enrol", 2, NULL},
    [FAULT_CLONE] = {"clone", 4, NULL},
    [FAULT_RESTORE_STATION] = {"restore-station", 6, NULL},
    [FAULT_RESTORE_HQ] = {"restore-hq", 3, NULL},
    [FAULT_REVOKE] = {"revoke", 2, NULL},
    [FAULT_DEVICE_KEY] = {"device-key", 20, NULL},
    [FAULT_SERVER_KEY] = {"server-key", 1, NULL},
    [FAULT_CARRY] = {"carry", 60, NULL},
    [FAULT_HORIZON] = {"horizon", 300, NULL},
    [FAULT_OLD_SCHEMA] = {"old-schema", 300, NULL},
    [FAULT_ALTERED] = {"altered", 5, NULL},
    [FAULT_REPLAYED] = {"replayed", 5, NULL},
    [FAULT_REORDERED] = {"reordered", 5, NULL},
    [FAULT_FOREIGN] = {"foreign", 5, NULL},
};

const char *fault_name(enum fault fault) {
    return FAULTS[fault].name;
}

const char *fault_off_because(enum fault fault) {
    return FAULTS[fault].off_because;
}

static bool is_listed(const char *names, const char *name, size_t size) {
    for (const char *at = names; *at != '\0'; at += *at == ',') {
        size_t length = strcspn(at, ",");
        if (length == size && strncmp(at, name, size) == 0) {
            return true;
        }
        at += length;
    }
    return false;
}

bool faults_are_known(const char *names) {
    for (const char *at = names; *at != '\0'; at += *at == ',') {
        size_t length = strcspn(at, ",");
        bool known = length == strlen("none") && strncmp(at, "none", length) == 0;
        for (size_t i = 0; i < FAULT_COUNT && !known; i++) {
            known = is_listed(FAULTS[i].name, at, length);
        }
        if (!known) {
            return false;
        }
        at += length;
    }
    return true;
}

void faults_draw(struct faults *faults, struct dice *dice, const char *names) {
    static const int SCALE[] = {333, 1000, 1000, 3000};
    memset(faults, 0, sizeof *faults);
    for (size_t i = 0; i < FAULT_COUNT; i++) {
        bool off = dice_chance(dice, SOME_OFF);
        int scale = SCALE[dice_below(dice, sizeof SCALE / sizeof *SCALE)];
        if (names != NULL) {
            off = !is_listed(names, FAULTS[i].name, strlen(FAULTS[i].name));
        }
        faults->on[i] = !off && (FAULTS[i].off_because == NULL || names != NULL);
        faults->per_mille[i] = FAULTS[i].per_mille * scale / 1000;
        if (faults->per_mille[i] == 0) {
            faults->per_mille[i] = 1;
        }
    }
}

bool fault_strikes(struct faults *faults, struct dice *dice, enum fault fault) {
    bool strikes = dice_chance(dice, faults->per_mille[fault]) && faults->on[fault];
    faults->struck[fault] += strikes ? 1 : 0;
    return strikes;
}
