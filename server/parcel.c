/* A sync round that comes and goes as a file. */
#include "sync/parcel.h"

#include <stdlib.h>
#include <string.h>

#include "server/internal.h"
#include "server/server_key.h"

struct round {
    struct server *server;
    const struct parcel_options *options;
    struct parcel_reader reader;
    struct parcel_writer writer; /* of the answer; begun when the station is known */
    struct buffer *answer;
    struct parcel_report *report;
    bool met;
    bool last; /* the request at hand is the last one */
};

static int open_round(struct round *round, struct bytes parcel, struct error *error) {
    if (parcel_open(parcel, &round->reader, error) != 0) {
        return -1;
    }
    if (round->reader.head.kind != PARCEL_QUESTIONS) {
        return error_set(error, "parcel.kind", "file",
                         "this bundle file is an answer of headquarters: it belongs to "
                         "the station that asked (satchel bundle import)");
    }
    return id_equal(round->reader.head.org, round->server->org)
               ? 0
               : error_set(error, "parcel.company", "file",
                           "this bundle file is for another company's headquarters");
}

/* The answer is for whoever signed the first request, and the others must be his as well. */
static int meet(void *context, const struct station *station, struct error *error) {
    struct round *round = context;
    struct parcel_head head = {.kind = PARCEL_ANSWERS,
                               .id = env_new_id(round->server->env),
                               .org = round->server->org,
                               .device = station->id,
                               .recipient = station->key};
    if (!id_equal(station->id, round->reader.head.device)) {
        return error_set(error, "parcel.station", "file",
                         "this bundle file holds requests of another station than the "
                         "one that it names");
    }
    if (!round->met) {
        parcel_begin(&head, &round->writer, round->answer);
        memcpy(round->report->code, station->certificate.code,
               sizeof round->report->code);
        memcpy(round->report->name, station->certificate.name,
               sizeof round->report->name);
        round->met = true;
    }
    return 0;
}

static void count(struct parcel_report *report, const struct sync_response *response) {
    for (size_t i = 0; i < response->answer_count; i++) {
        const struct bundle_answer *answer = &response->answers[i];
        report->bundles += answer->accepted;
        for (size_t k = 0; k < answer->verdict_count; k++) {
            enum verdict_kind kind = answer->verdicts[k].kind;
            report->transactions++;
            report->merged += kind == VERDICT_MERGED;
            report->conflicts += kind == VERDICT_CONFLICTS;
            report->refused += kind == VERDICT_REFUSED;
        }
    }
    report->rows += response->row_count;
    report->responses++;
}

static int take(void *context, struct bytes sealed, const struct sync_response *response,
                bool *ret_again, struct error *error) {
    struct round *round = context;
    uint8_t seed[BOX_SEED];
    const struct env *env = round->server->env;
    bool enough = round->answer->size + sealed.size >= round->options->enough;
    bool more = round->last && round->options->rows && response->more;
    env->random(env->context, seed, sizeof seed);
    int result = parcel_add(&round->writer, sealed, round->last && (!more || enough),
                            seed, round->answer, error);
    seal_wipe(seed, sizeof seed);
    count(round->report, response);
    round->report->more = more;
    *ret_again = !enough;
    return result;
}

/* The last request brings the rows: all of them stand at the same place. */
static int take_request(struct round *round, struct bytes body, struct error *error) {
    const struct carried_request carried = {.body = body,
                                            .rows = round->last && round->options->rows,
                                            .context = round,
                                            .meet = meet,
                                            .take = take};
    round->report->requests++;
    return sync_answer_carried(round->server, &carried, error);
}

static int take_requests(struct round *round, struct error *error) {
    struct buffer body = buffer_make(LIMIT_REQUEST * 2);
    int result = 0;
    while (result == 0 && !round->reader.ended) {
        buffer_reset(&body);
        const struct key_choice key =
            key_ring_choose(round->server->ring, &round->reader.head.recipient);
        result = parcel_next(&round->reader, key.keys, &body, error);
        round->last = round->reader.ended;
        if (result == 0) {
            result = take_request(round, buffer_bytes(&body), error);
        }
    }
    buffer_free(&body);
    return result;
}

int server_take_parcel(struct server *server, struct bytes parcel,
                       const struct parcel_options *options, struct buffer *ret_answer,
                       struct parcel_report *ret, struct error *error) {
    struct parcel_report report = {.code = ""};
    struct round *round = calloc(1, sizeof *round);
    if (round == NULL) {
        return error_out_of_memory(error);
    }
    *round = (struct round){
        .server = server, .options = options, .answer = ret_answer, .report = &report};
    int result = open_round(round, parcel, error);
    if (result == 0) {
        result = take_requests(round, error);
    }
    free(round);
    if (result == 0) {
        *ret = report;
    }
    return result;
}
