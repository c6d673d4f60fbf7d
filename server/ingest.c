/* The writer thread and its queue. */
#include "server/ingest.h"

#include "server/sums.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP_MAXIMUM = 64, WRITER_STACK = 8 * 1024 * 1024 };

struct job {
    ingest_function function;
    void *context;
    struct error error;
    int result;
    bool done;
    struct job *next;
};

struct ingest {
    struct master *master;
    struct work work;
    bool threaded; /* else who submits a job runs it */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t submitted;
    pthread_cond_t finished;
    struct job *first;
    struct job *last;
    bool stopping;
    struct ingest_figures figures;
};

/* --- the writer ----------------------------------------------------------------------------- */

static int run_job(struct ingest *ingest, struct job *job) {
    struct master *master = ingest->master;
    error_clear(&job->error);
    if (database_run(master->db, "savepoint job", &job->error) != 0) {
        return -1;
    }
    job->result = job->function(master, &ingest->work, job->context, &job->error);
    if (job->result == 0) {
        return database_run(master->db, "release job", &job->error);
    }
    master_forget(master);
    struct error undone;
    return database_run(master->db, "rollback to job; release job", &undone) != 0 ||
                   error_is_failure(&job->error)
               ? -1
               : 0;
}

/* Reads the heads again after an undone job, whose entries are gone. */
static int run_group(struct ingest *ingest, struct job **jobs, size_t count,
                     struct error *error) {
    struct master *master = ingest->master;
    if (master_begin(master, error) != 0) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        int64_t gsn = master->gsn;
        int64_t entry = master->entry;
        int64_t at = master->last_at;
        size_t sums = scope_sums_mark(master->sums);
        uint8_t hash[HASH_SIZE];
        memcpy(hash, master->entry_hash, HASH_SIZE);
        if (run_job(ingest, jobs[i]) != 0) {
            *error = jobs[i]->error;
            master_rollback(master);
            return -1;
        }
        if (jobs[i]->result != 0) {
            master->gsn = gsn;
            master->entry = entry;
            master->last_at = at;
            scope_sums_undo(master->sums, sums);
            memcpy(master->entry_hash, hash, HASH_SIZE);
        }
    }
    return master_commit(master, error);
}

static void fail_job(struct job *job, const struct error *error) {
    job->result = -1;
    job->error = *error;
}

/* A group that failed is run again job by job, so that one job's trouble stays its own. */
static void write_group(struct ingest *ingest, struct job **jobs, size_t count) {
    struct error error = {0};
    bool failed = run_group(ingest, jobs, count, &error) != 0;
    for (size_t i = 0; i < count && failed && count > 1; i++) {
        if (run_group(ingest, &jobs[i], 1, &error) != 0) {
            fail_job(jobs[i], &error);
        }
    }
    if (failed && count == 1) {
        fail_job(jobs[0], &error);
    }
    pthread_mutex_lock(&ingest->lock);
    ingest->figures.jobs += (int64_t)count;
    ingest->figures.waiting -= (int64_t)count;
    ingest->figures.commits++;
    ingest->figures.failures += failed ? 1 : 0;
    for (size_t i = 0; i < count; i++) {
        jobs[i]->done = true;
    }
    pthread_cond_broadcast(&ingest->finished);
    pthread_mutex_unlock(&ingest->lock);
}

/* Waits for work; 0 when it is time to stop and nothing is left. */
static size_t take_group(struct ingest *ingest, struct job *ret_jobs[GROUP_MAXIMUM]) {
    size_t count = 0;
    pthread_mutex_lock(&ingest->lock);
    while (ingest->first == NULL && !ingest->stopping) {
        pthread_cond_wait(&ingest->submitted, &ingest->lock);
    }
    while (ingest->first != NULL && count < GROUP_MAXIMUM) {
        ret_jobs[count++] = ingest->first;
        ingest->first = ingest->first->next;
    }
    if (ingest->first == NULL) {
        ingest->last = NULL;
    }
    pthread_mutex_unlock(&ingest->lock);
    return count;
}

static void *write_always(void *context) {
    struct ingest *ingest = context;
    struct job *jobs[GROUP_MAXIMUM];
    size_t count;
    while ((count = take_group(ingest, jobs)) > 0) {
        write_group(ingest, jobs, count);
    }
    return NULL;
}

/* --- its life ---------------------------------------------------------------------------------- */

int ingest_open(struct master *master, struct ingest **ret, struct error *error) {
    struct ingest *ingest = calloc(1, sizeof *ingest);
    if (ingest == NULL) {
        return error_out_of_memory(error);
    }
    ingest->master = master;
    work_begin(&ingest->work, master);
    pthread_mutex_init(&ingest->lock, NULL);
    pthread_cond_init(&ingest->submitted, NULL);
    pthread_cond_init(&ingest->finished, NULL);
    *ret = ingest;
    return 0;
}

/* All but the master. */
static void ingest_free(struct ingest *ingest) {
    work_end(&ingest->work);
    pthread_mutex_destroy(&ingest->lock);
    pthread_cond_destroy(&ingest->submitted);
    pthread_cond_destroy(&ingest->finished);
    free(ingest);
}

int ingest_start(struct master *master, struct ingest **ret, struct error *error) {
    struct ingest *ingest = NULL;
    if (ingest_open(master, &ingest, error) != 0) {
        return -1;
    }
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, WRITER_STACK);
    int rc = pthread_create(&ingest->thread, &attributes, write_always, ingest);
    pthread_attr_destroy(&attributes);
    if (rc != 0) {
        ingest_free(ingest);
        return error_set(error, "server.thread", "",
                         "the writer's thread could not be started");
    }
    ingest->threaded = true;
    *ret = ingest;
    return 0;
}

/* Hands the job to the writer and waits for it. False when it is too late. */
static bool submit(struct ingest *ingest, struct job *job) {
    pthread_mutex_lock(&ingest->lock);
    bool stopping = ingest->stopping;
    if (!stopping) {
        if (ingest->last != NULL) {
            ingest->last->next = job;
        } else {
            ingest->first = job;
        }
        ingest->last = job;
        ingest->figures.waiting++;
        pthread_cond_signal(&ingest->submitted);
    }
    while (!stopping && !job->done) {
        pthread_cond_wait(&ingest->finished, &ingest->lock);
    }
    pthread_mutex_unlock(&ingest->lock);
    return !stopping;
}

int ingest_run(struct ingest *ingest, ingest_function function, void *context,
               struct error *error) {
    struct job job = {.function = function, .context = context};
    if (!ingest->threaded) {
        ingest->figures.waiting++;
        write_group(ingest, (struct job *[]){&job}, 1);
    } else if (!submit(ingest, &job)) {
        return error_set(error, "server.stopping", "", "the server is shutting down");
    }
    if (job.result != 0 && error != NULL) {
        *error = job.error;
    }
    return job.result;
}

void ingest_stop(struct ingest *ingest) {
    if (ingest == NULL) {
        return;
    }
    struct master *master = ingest->master;
    pthread_mutex_lock(&ingest->lock);
    ingest->stopping = true;
    pthread_cond_signal(&ingest->submitted);
    pthread_mutex_unlock(&ingest->lock);
    if (ingest->threaded) {
        pthread_join(ingest->thread, NULL);
    }
    ingest_free(ingest);
    master_close(master);
}

struct ingest_figures ingest_figures(struct ingest *ingest) {
    pthread_mutex_lock(&ingest->lock);
    struct ingest_figures figures = ingest->figures;
    pthread_mutex_unlock(&ingest->lock);
    return figures;
}
