/*
 * satchel-sim: plays seeds, one after the other, and prints what befell them. The first failure ends it with the command
 * that plays that seed again.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/play_model.h"
#include "tests/sim/world.h"

enum { VERIFY_EVERY = 5 };

static const struct play *const PLAYS[] = {&play_model, &play_domain};

struct options {
    const struct play *play;
    int64_t seeds, from, operations;
    const char *faults;
    bool trace, hashes, help;
};

struct totals {
    struct world_figures figures;
    int64_t struck[FAULT_COUNT];
    int64_t seeds_with[FAULT_COUNT];
    double seconds;
};

static void usage(FILE *to) {
    fprintf(to, "satchel-sim [--seeds N] [--from S] [--operations K] [--faults LIST]"
                " [--play NAME] [--trace] [--hashes]\n\n"
                "  --seeds N       so many runs (1)\n"
                "  --from S        the first one's seed (1)\n"
                "  --operations K  of each run, instead of what its seed draws\n"
                "  --faults LIST   only these (\"none\", or names with commas)\n"
                "  --play NAME     what is played:");
    for (size_t i = 0; i < sizeof PLAYS / sizeof *PLAYS; i++) {
        fprintf(to, " %s", PLAYS[i]->name);
    }
    fprintf(to, "\n  --trace         tells the story of each run\n"
                "  --hashes        prints a hash of each run's story: the same seed, the"
                " same hash\n");
}

static bool read_number(const char *text, int64_t *ret) {
    char *end = NULL;
    *ret = strtoll(text, &end, 10);
    return text[0] != '\0' && *end == '\0' && *ret >= 0;
}

static bool read_play(const char *name, const struct play **ret) {
    for (size_t i = 0; i < sizeof PLAYS / sizeof *PLAYS; i++) {
        if (strcmp(PLAYS[i]->name, name) == 0) {
            *ret = PLAYS[i];
            return true;
        }
    }
    return false;
}

static bool read_options(int count, char **arguments, struct options *ret) {
    static const struct option OPTIONS[] = {
        {"seeds", required_argument, NULL, 's'},
        {"from", required_argument, NULL, 'f'},
        {"operations", required_argument, NULL, 'o'},
        {"faults", required_argument, NULL, 'x'},
        {"play", required_argument, NULL, 'p'},
        {"trace", no_argument, NULL, 't'},
        {"hashes", no_argument, NULL, 'h'},
        {"help", no_argument, NULL, '?'},
        {0},
    };
    int option;
    bool fine = true;
    *ret = (struct options){.play = PLAYS[0], .seeds = 1, .from = 1};
    while (fine && (option = getopt_long(count, arguments, "", OPTIONS, NULL)) != -1) {
        switch (option) {
        case 's':
            fine = read_number(optarg, &ret->seeds);
            break;
        case 'f':
            fine = read_number(optarg, &ret->from);
            break;
        case 'o':
            fine = read_number(optarg, &ret->operations);
            break;
        case 'x':
            ret->faults = optarg;
            fine = faults_are_known(optarg);
            break;
        case 'p':
            fine = read_play(optarg, &ret->play);
            break;
        case 't':
            ret->trace = true;
            break;
        case 'h':
            ret->hashes = true;
            break;
        default:
            ret->help = true;
            return true;
        }
    }
    return fine && optind == count;
}

/* --- totals ---------------------------------------------------------------------------------------- */

static void add_up(struct totals *totals, const struct world *world) {
    const struct world_figures *from = &world->figures;
    struct world_figures *to = &totals->figures;
    to->operations += from->operations;
    to->concurrent += from->concurrent;
    to->refused_here += from->refused_here;
    to->merged += from->merged;
    to->conflicts += from->conflicts;
    to->refused += from->refused;
    to->syncs += from->syncs;
    to->syncs_failed += from->syncs_failed;
    to->stations += from->stations;
    to->requests += from->requests;
    for (size_t i = 0; i < FAULT_COUNT; i++) {
        totals->struck[i] += world->faults.struck[i];
        totals->seeds_with[i] += world->faults.struck[i] > 0;
    }
}

static void print_totals(const struct totals *totals, int64_t seeds) {
    const struct world_figures *figures = &totals->figures;
    double share = figures->operations > 0
                       ? 100.0 * (double)figures->concurrent / (double)figures->operations
                       : 0;
    printf("%-16s %10s %8s\n", "fault", "times", "seeds");
    for (size_t i = 0; i < FAULT_COUNT; i++) {
        const char *off = fault_off_because((enum fault)i);
        printf("%-16s %10lld %8lld%s%s\n", fault_name((enum fault)i),
               (long long)totals->struck[i], (long long)totals->seeds_with[i],
               off ? "  off: " : "", off ? off : "");
    }
    printf("\nseeds %lld, stations %lld, operations %lld (%.1f %% on rows that others"
           " edited since the last sync)\n",
           (long long)seeds, (long long)figures->stations, (long long)figures->operations,
           share);
    printf("merged %lld, with conflicts %lld, refused %lld, refused at once %lld\n",
           (long long)figures->merged, (long long)figures->conflicts,
           (long long)figures->refused, (long long)figures->refused_here);
    printf("syncs %lld, cut off %lld, requests %lld\n", (long long)figures->syncs,
           (long long)figures->syncs_failed, (long long)figures->requests);
    printf("%.1f s of a processor, %.0f operations a second\n", totals->seconds,
           totals->seconds > 0 ? (double)figures->operations / totals->seconds : 0);
}

static void print_failure(const struct options *options, uint64_t seed,
                          const struct world *world) {
    printf("\nseed %llu is wrong after %lld operations: %s\nplay it again:\n"
           "  satchel-sim --play %s --seeds 1 --from %llu",
           (unsigned long long)seed, (long long)world->figures.operations,
           world->report.wrong, options->play->name, (unsigned long long)seed);
    if (options->operations > 0) {
        printf(" --operations %lld", (long long)options->operations);
    }
    if (options->faults != NULL) {
        printf(" --faults %s", options->faults);
    }
    printf(" --trace\n");
}

/* --- runs ------------------------------------------------------------------------------------------- */

/* Of this program's own work, whatever else the machine does. */
static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int play_seed(const struct options *options, const struct world_options *base,
                     uint64_t seed, struct totals *totals) {
    static struct world world; /* too large for a stack */
    struct world_options run = *base;
    run.seed = seed;
    run.verify = options->seeds == 1 || seed % VERIFY_EVERY == 0;
    int result = world_run(&world, &run);
    add_up(totals, &world);
    if (result != 0) {
        print_failure(options, seed, &world);
    } else if (options->hashes) {
        printf("seed %llu: %lld operations, %lld lines, hash %016llx\n",
               (unsigned long long)seed, (long long)world.figures.operations,
               (long long)world.report.lines, (unsigned long long)world.report.hash);
    }
    world_end(&world);
    return result;
}

static int load_former(const struct options *options, struct catalogue **ret,
                       struct error *error) {
    const struct embedded_file *files = NULL;
    size_t count = 0;
    options->play->schema(SCHEMA_VERSION - 1, &files, &count);
    if (catalogue_load(files, count, ret, error) != 0) {
        return -1;
    }
    (*ret)->version = SCHEMA_VERSION - 1;
    return 0;
}

static int play_seeds(const struct options *options, struct totals *totals) {
    const struct embedded_file *files = NULL;
    size_t count = 0;
    struct error error = {0};
    struct world_options run = {.play = options->play,
                                .operations = options->operations,
                                .faults = options->faults,
                                .trace = options->trace ? stdout : NULL,
                                .disks = disks_make()};
    int result = -1;
    options->play->schema(SCHEMA_VERSION, &files, &count);
    if (run.disks == NULL || catalogue_load(files, count, &run.catalogue, &error) != 0 ||
        load_former(options, &run.former, &error) != 0) {
        printf("%s %s\n", error.code, error.message);
    } else {
        result = 0;
    }
    for (int64_t i = 0; i < options->seeds && result == 0; i++) {
        result = play_seed(options, &run, (uint64_t)(options->from + i), totals);
    }
    catalogue_free(run.catalogue);
    catalogue_free(run.former);
    disks_free(run.disks);
    return result;
}

/* Keys and locks lie here; the databases are in memory. */
static bool enter_folder(char folder[64]) {
    static const char *const PLACES[] = {"/dev/shm", "/tmp"};
    for (size_t i = 0; i < 2; i++) {
        snprintf(folder, 64, "%s/satchel-sim-XXXXXX", PLACES[i]);
        if (mkdtemp(folder) != NULL) {
            return chdir(folder) == 0;
        }
    }
    return false;
}

int main(int count, char **arguments) {
    struct options options;
    struct totals totals = {0};
    char folder[64];
    if (!read_options(count, arguments, &options)) {
        usage(stderr);
        return 2;
    }
    if (options.help) {
        usage(stdout);
        return 0;
    }
    /* One thread, and nobody asks how much memory is in use. */
    sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    setenv("TZ", "UTC", 1);
    tzset();
    if (!enter_folder(folder)) {
        fprintf(stderr, "satchel-sim: no folder for the keys of its machines\n");
        return 2;
    }
    double began = seconds_now();
    int result = play_seeds(&options, &totals);
    totals.seconds = seconds_now() - began;
    print_totals(&totals, options.seeds);
    if (chdir("/") != 0 || rmdir(folder) != 0) {
        fprintf(stderr, "satchel-sim: %s is not empty\n", folder);
    }
    return result == 0 ? 0 : 1;
}
