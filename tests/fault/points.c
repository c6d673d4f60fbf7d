/* Plays the script, and at each step every point of it in forks. */
#include "tests/fault/points.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fault/memory.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLOWER 12
#endif
#endif
#if !defined(SLOWER)
#define SLOWER 1
#endif

enum {
    JOBS_MOST = 16,
    SECONDS_MOST = 60 * SLOWER,
    SITES = 1 << 16,
    VERIFY_EVERY = 16,
    SITE_DEPTH = 2
};

static const char *const SIDE_NAMES[] = {"station", "hq", "second"};

struct options {
    bool all;
    const char *step; /* only this one */
    const char *side;
    int64_t at;
    const char *mode;
    int jobs;
    uint64_t seed;
    bool figures;
    int depth;
    bool here; /* without a fork: for a debugger */
};

struct run {
    const struct kind *kind;
    struct options options;
    struct fault_world world;
    struct dice dice;
    struct measure *measure; /* shared with the forks */
    uint64_t seen[SITES];
    int64_t sites, points, failed;
    int64_t *struck; /* shared */
    int running;
    pid_t children[JOBS_MOST];
    struct point tried[JOBS_MOST]; /* by them */
};

struct disk *side_disk(struct fault_world *world, const struct point *point) {
    return point->side == SIDE_STATION
               ? world->stations[point->step->station].machine.disk
           : point->side == SIDE_HQ ? world->hq.disk
                                    : world->second.disk;
}

/* --- in a fork --------------------------------------------------------------------------------------- */

static int tell(const struct run *run, const struct point *point, const char *what,
                const struct error *error) {
    fprintf(
        stderr,
        "%s: %s: %s %s\n    test-fault-%s --seed %llu --step '%s' --side %s --at %lld "
        "--mode '%s'\n",
        run->kind->name, what, error->code, error->message, run->kind->name,
        (unsigned long long)run->options.seed, point->step->name, SIDE_NAMES[point->side],
        (long long)point->at, run->kind->modes[point->mode]);
    return 1;
}

/* What was reported done is there. */
static int check_done(struct fault_world *world, const int64_t before[],
                      struct error *error) {
    for (int i = 0; i < FAULT_STATIONS; i++) {
        struct fault_station *station = &world->stations[i];
        int64_t position = station->enrolled && !station->wiped && station->done > 0
                               ? station_position(station)
                               : INT64_MAX;
        if (position < before[i] + station->done) {
            return error_set(error, "test.lost", "",
                             "%s has %lld transactions, and more were reported done",
                             station->machine.name, (long long)position);
        }
    }
    return 0;
}

static void note_done(struct fault_world *world, int64_t ret[]) {
    for (int i = 0; i < FAULT_STATIONS; i++) {
        struct fault_station *station = &world->stations[i];
        ret[i] = station->enrolled ? station_position(station) : 0;
        station->done = 0;
    }
}

static enum disk_loss loss_of(const struct point *point, struct dice *dice) {
    static const enum disk_loss LOSSES[] = {DISK_KEEPS, DISK_LOSES, DISK_TEARS};
    dice_seed(dice, (uint64_t)point->at * 31 + (uint64_t)point->mode);
    return LOSSES[point->mode < 2 ? point->mode : 2];
}

static int try_point(struct run *run, const struct point *point, bool verify) {
    struct fault_world *world = &run->world;
    struct error error = {0};
    struct contents contents;
    int64_t before[FAULT_STATIONS];
    bool served = world->server != NULL;
    note_done(world, before);
    run->kind->arm(world, point);
    int result = point->step->work(world, &error);
    bool struck = run->kind->disarm(world, point);
    __atomic_add_fetch(run->struck, struck, __ATOMIC_RELAXED);
    if (result != 0 && !struck) {
        return tell(run, point, "it fails without a fault", &error);
    }
    if (result != 0 && error.code[0] == '\0') {
        return tell(run, point, "it fails without a code", &error);
    }
    if (run->kind->crashes) {
        fault_bury(world, loss_of(point, &world->dice));
    }
    struct error down = {0};
    if (served && hq_up(world, &down) != 0) {
        return tell(run, point, "headquarters does not start", &down);
    }
    if (check_done(world, before, &error) != 0) {
        return tell(run, point, "work is lost", &error);
    }
    struct error again = {0};
    if (result != 0 && point->step->work(world, &again) != 0) {
        return tell(run, point, error.code, &again);
    }
    if (fault_settle(world, &contents, &again) != 0) {
        return tell(run, point, "not everybody syncs afterwards", &again);
    }
    if (contents_compare(world, &run->measure->contents, &contents, &again) != 0) {
        return tell(run, point, result ? error.code : "it succeeds, but", &again);
    }
    if (verify && fault_verify(world, &again) != 0) {
        return tell(run, point, "the end is not sound", &again);
    }
    return 0;
}

static int measure_step(struct run *run, const struct point *point) {
    struct error error = {0};
    struct measure *measure = run->measure;
    run->kind->measure(&run->world, point, measure, true);
    int result = point->step->work(&run->world, &error);
    run->kind->measure(&run->world, point, measure, false);
    if (result == 0) {
        result = fault_settle(&run->world, &measure->contents, &error);
    }
    if (result == 0) {
        result = fault_verify(&run->world, &error);
    }
    if (result != 0) {
        fprintf(stderr, "%s: %s: %s\n", point->step->name, error.code, error.message);
    }
    measure->failed = result != 0;
    return result != 0;
}

/* --- forks ------------------------------------------------------------------------------------------- */

static void wait_for_one(struct run *run) {
    int status = 0;
    pid_t child = wait(&status);
    int place = 0;
    while (child > 0 && place < run->running && run->children[place] != child) {
        place++;
    }
    assert(place < run->running);
    struct point point = run->tried[place];
    run->running--;
    run->children[place] = run->children[run->running];
    run->tried[place] = run->tried[run->running];
    if (WIFSIGNALED(status)) {
        const struct error none = {0};
        fprintf(stderr, "signal %d%s: ", WTERMSIG(status),
                WTERMSIG(status) == SIGALRM ? " (it hangs)" : "");
        tell(run, &point, "it dies", &none);
    }
    run->failed += status != 0;
}

static bool enter_fork(struct run *run, const struct point *point) {
    while (run->running >= run->options.jobs) {
        wait_for_one(run);
    }
    (void)fflush(NULL);
    pid_t child = fork();
    if (child < 0) {
        perror("fork");
        exit(2);
    }
    if (child == 0) {
        alarm(SECONDS_MOST);
        return true;
    }
    run->children[run->running] = child;
    run->tried[run->running++] = *point;
    return false;
}

static void wait_for_all(struct run *run) {
    while (run->running > 0) {
        wait_for_one(run);
    }
}

/* --- which points --------------------------------------------------------------------------------------- */

static bool is_new(struct run *run, uint64_t site) {
    size_t place = site % SITES;
    if (site == 0) {
        return false;
    }
    while (run->seen[place] != 0 && run->seen[place] != site) {
        place = (place + 1) % SITES;
    }
    bool news = run->seen[place] == 0;
    assert(run->sites < SITES / 2);
    run->sites += news;
    run->seen[place] = site;
    return news;
}

static void try_modes(struct run *run, struct point *point, bool every) {
    const struct kind *kind = run->kind;
    int count = 0;
    while (count < POINT_MODES && kind->modes[count] != NULL) {
        count++;
    }
    assert(count > 0);
    int first = (int)dice_below(&run->dice, count);
    for (int i = 0; i < (every ? count : kind->modes_at_once); i++) {
        point->mode = (first + i) % count;
        if (run->options.mode != NULL &&
            strcmp(run->options.mode, kind->modes[point->mode]) != 0) {
            continue;
        }
        run->points++;
        bool verify =
            run->options.all || run->points % VERIFY_EVERY == 0 || run->options.at > 0;
        if (run->options.here || enter_fork(run, point)) {
            exit(try_point(run, point, verify));
        }
    }
}

static int play_side(struct run *run, const struct step *step, enum side side) {
    struct point point = {.step = step, .side = side};
    const struct measure *measure = run->measure;
    run->measure->failed = 1;
    wait_for_all(run);
    if (enter_fork(run, &point)) {
        exit(measure_step(run, &point));
    }
    wait_for_all(run);
    if (measure->failed != 0) {
        return -1;
    }
    int64_t points = run->points;
    for (point.at = 1; point.at <= measure->count; point.at++) {
        bool named = run->options.at > 0;
        uint64_t site = measure->sites[point.at - 1];
        bool news = is_new(run, site != 0 ? site + side : 0);
        bool chosen = run->options.all ||
                      dice_below(&run->dice, (news ? 1 : run->kind->share) * SLOWER) == 0;
        if (named ? point.at == run->options.at : chosen) {
            try_modes(run, &point, run->options.all || named);
        }
    }
    wait_for_all(run);
    if (run->options.figures) {
        printf("%-14s %-8s %8lld points, %6lld tried\n", step->name, SIDE_NAMES[side],
               (long long)measure->count, (long long)(run->points - points));
    }
    return 0;
}

static bool has_side(const struct step *step, enum side side) {
    return side == SIDE_STATION ? step->station >= 0 : step->headquarters;
}

static int play(struct run *run) {
    for (size_t i = 0; i < script_count; i++) {
        const struct step *step = &script[i];
        struct error error = {0};
        bool asked =
            run->options.step == NULL || strcmp(run->options.step, step->name) == 0;
        if (step->prepare != NULL && step->prepare(&run->world, &error) != 0) {
            fprintf(stderr, "before %s: %s: %s\n", step->name, error.code, error.message);
            return -1;
        }
        for (enum side side = 0; asked && side < SIDES; side++) {
            bool side_asked = run->options.side == NULL ||
                              strcmp(run->options.side, SIDE_NAMES[side]) == 0;
            if (has_side(step, side) && side_asked && play_side(run, step, side) != 0) {
                return -1;
            }
        }
        if (step->work(&run->world, &error) != 0) {
            fprintf(stderr, "%s: %s: %s\n", step->name, error.code, error.message);
            return -1;
        }
    }
    return 0;
}

/* --- the program ----------------------------------------------------------------------------------------- */

static bool read_options(int count, char **arguments, struct options *ret) {
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    *ret = (struct options){.seed = 1,
                            .depth = SITE_DEPTH,
                            .jobs = online < JOBS_MOST ? (int)online : JOBS_MOST};
    for (int i = 1; i < count; i++) {
        const char *name = arguments[i];
        const char *value = i + 1 < count ? arguments[i + 1] : "";
        bool flag = true;
        if (strcmp(name, "--all") == 0) {
            ret->all = true;
        } else if (strcmp(name, "--here") == 0) {
            ret->here = true;
        } else if (strcmp(name, "--figures") == 0) {
            ret->figures = true;
        } else {
            flag = false;
            i++;
        }
        if (strcmp(name, "--step") == 0) {
            ret->step = value;
        } else if (strcmp(name, "--side") == 0) {
            ret->side = value;
        } else if (strcmp(name, "--at") == 0) {
            ret->at = strtoll(value, NULL, 10);
        } else if (strcmp(name, "--mode") == 0) {
            ret->mode = value;
        } else if (strcmp(name, "--jobs") == 0) {
            ret->jobs = (int)strtol(value, NULL, 10);
        } else if (strcmp(name, "--depth") == 0) {
            ret->depth = (int)strtol(value, NULL, 10);
        } else if (strcmp(name, "--seed") == 0) {
            ret->seed = strtoull(value, NULL, 10);
        } else if (!flag) {
            return false;
        }
    }
    return ret->jobs > 0;
}

static void *share_memory(size_t size) {
    void *memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert(memory != MAP_FAILED);
    return memory;
}

int points_main(const struct kind *kind, int count, char **arguments) {
    static struct run run;
    run.kind = kind;
    if (!read_options(count, arguments, &run.options)) {
        fprintf(
            stderr,
            "usage: %s [--all] [--figures] [--seed N] [--jobs N] [--step NAME] "
            "[--side station|hq|second] [--at N] [--mode NAME] [--depth N] [--here]\n",
            arguments[0]);
        return 2;
    }
    dice_seed(&run.dice, run.options.seed);
    run.measure = share_memory(sizeof *run.measure);
    run.measure->depth = run.options.depth;
    run.measure->sites = share_memory(POINTS_MOST * sizeof *run.measure->sites);
    run.struck = share_memory(sizeof *run.struck);
    fault_world_make(&run.world);
    int result = play(&run);
    wait_for_all(&run);
    printf("%s: seed %llu: %lld points tried, %lld struck, %lld sites, %lld wrong\n",
           kind->name, (unsigned long long)run.options.seed, (long long)run.points,
           (long long)*run.struck, (long long)run.sites, (long long)run.failed);
    fault_world_free(&run.world);
    return result == 0 && run.failed == 0 && run.points > 0 ? 0 : 1;
}
