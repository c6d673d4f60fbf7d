/*
 * The one writer. Jobs of many requests share a transaction and one durable commit (group commit);
 * who submits waits until that commit is on disk.
 */
#ifndef SATCHEL_SERVER_INGEST_H
#define SATCHEL_SERVER_INGEST_H

#include "server/work.h"

struct ingest;

/* Runs inside the writer's transaction, in a savepoint of its own: what it did is undone when it
 * fails. May be run again from the start when a commit failed. Returns 0, or -1 with the error. */
typedef int (*ingest_function)(struct master *master, struct work *work, void *context,
                               struct error *error);

/* Starts the writer thread. It owns `master` until ingest_stop, which closes it. */
int ingest_start(struct master *master, struct ingest **ret, struct error *error);
/* The same without a thread: each job is run, and committed, by who submits it, one after another. For a
 * simulator, where everything happens on one thread. */
int ingest_open(struct master *master, struct ingest **ret, struct error *error);
/* Runs a job and waits for the commit. server.stopping when it is too late. Any thread. */
int ingest_run(struct ingest *ingest, ingest_function function, void *context,
               struct error *error);
/* Finishes what was submitted, stops the thread, closes the master. NULL is fine. */
void ingest_stop(struct ingest *ingest);

struct ingest_figures {
    int64_t jobs;
    int64_t commits;
    int64_t failures;
    int64_t waiting; /* jobs that are not done yet */
};
struct ingest_figures ingest_figures(struct ingest *ingest);

#endif
