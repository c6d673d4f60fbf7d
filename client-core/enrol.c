/*
 * Enrolment. The device's key is on disk before anything is sent, so that asking again after a lost
 * answer is the same question, which the server answers with the same certificate.
 */
#include "client-core/enrol.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client-core/exchange.h"
#include "client-core/home.h"
#include "client-core/identity.h"
#include "client-core/state.h"

enum { LOCK_WAIT_MS = 10000, NAME_SIZE = 64 };

struct enrolling {
    const satchel_enrol_options *options;
    const struct env *env;
    const struct transport *transport;
    struct invitation invitation;
    struct sign_keys keys;
    const char *address; /* with the pin, as it is kept */
    char plain[IDENTITY_ADDRESS];
    struct tls_pin pin;
    struct sign_public server_key; /* the present one; the invitation may have an older */
    struct replica *replica;
};

static void put_name(const struct enrolling *enrolling, char ret[NAME_SIZE]) {
    char host[256] = "";
    const char *name = enrolling->options->name;
    if (!name || !name[0]) {
        if (gethostname(host, sizeof host - 1) != 0 || !host[0])
            snprintf(host, sizeof host, "station");
        name = host;
    }
    size_t size = strlen(name);
    if (size >= NAME_SIZE) {
        size = NAME_SIZE - 1;
        while (size > 0 && ((uint8_t)name[size] & 0xc0) == 0x80)
            size--; /* not in the middle of a character */
    }
    memcpy(ret, name, size);
    ret[size] = '\0';
}

/* The certificate is this device's, and the pinned server's. */
static int check_certificate(struct enrolling *enrolling,
                             const struct enrol_response *response, struct error *error) {
    struct identity invited = {.server_key = enrolling->invitation.server_key};
    struct certificate *certificate = &invited.certificate;
    struct envelope envelope;
    const struct key_notices notices = {response->notices, response->notice_count};
    if (envelope_open(response->certificate, &envelope, error) != 0 ||
        certificate_decode(envelope.body, certificate, error) != 0 ||
        identity_follow(&invited, notices, &enrolling->server_key, error) != 0 ||
        certificate_open(response->certificate, &enrolling->server_key, certificate,
                         error) != 0)
        return -1;
    if (memcmp(certificate->device_key.bytes, enrolling->keys.public_key, SIGN_PUBLIC) !=
        0)
        return error_set(error, "server.key", "",
                         "the certificate is for another device");
    return 0;
}

static int keep(const struct enrolling *enrolling, const struct enrol_response *response,
                const struct clock_anchor *anchor, struct error *error) {
    struct enrolment enrolment = {
        .response = response,
        .server_key = &enrolling->server_key,
        .address = enrolling->address,
        .ca_file = enrolling->options->ca_file,
    };
    struct replica *replica = enrolling->replica;
    if (replica_begin(replica, error) != 0)
        return -1;
    if (identity_save(replica, &enrolment, error) != 0 ||
        progress_write_anchor(replica, anchor, error) != 0 ||
        replica_commit(replica, error) != 0) {
        replica_rollback(replica);
        return -1;
    }
    return 0;
}

static int take_answer(struct enrolling *enrolling, struct bytes answer,
                       struct error *error) {
    struct enrol_response response;
    struct clock_reading now = clock_read(enrolling->env);
    if (enrol_response_decode(answer, &response, error) != 0 ||
        check_certificate(enrolling, &response, error) != 0)
        return -1;
    struct clock_anchor anchor = {true, response.hq_time, now.wall_ms, now.boot_ms,
                                  now.boot};
    return keep(enrolling, &response, &anchor, error);
}

static int ask_server(struct enrolling *enrolling, struct error *error) {
    struct exchange exchange = {
        .transport = enrolling->transport,
        .address = enrolling->plain,
        .path = "/v1/enrol",
        .pin = enrolling->pin,
        .ca_file = enrolling->options->ca_file,
        .keys = &enrolling->keys,
        .server_key = &enrolling->invitation.server_key,
        .request_context = "satchel enrol request",
        .response_context = "satchel enrol response",
        .maximum = 4 * LIMIT_ENROL_REQUEST,
    };
    struct enrol_request request = {.schema_version =
                                        enrolling->replica->catalogue->version};
    struct buffer body = buffer_make(LIMIT_ENROL_REQUEST);
    struct buffer bytes = buffer_make(0);
    struct bytes answer;
    size_t sent = 0;
    put_name(enrolling, request.name);
    memcpy(request.token, enrolling->invitation.token, sizeof request.token);
    memcpy(request.device_key.bytes, enrolling->keys.public_key, SIGN_PUBLIC);
    request.server_key = enrolling->invitation.server_key;
    enrol_request_encode(&request, &body);
    int failed = body.failed ? error_out_of_memory(error)
                             : exchange_run(&exchange, buffer_bytes(&body), &bytes,
                                            &answer, &sent, error);
    if (!failed)
        failed = take_answer(enrolling, answer, error);
    buffer_free(&body);
    buffer_free(&bytes);
    return failed;
}

/* The replica of a home that is not a station yet. */
static int open_replica(struct enrolling *enrolling, const struct catalogue *catalogue,
                        struct error *error) {
    char path[HOME_PATH];
    struct identity identity;
    bool enrolled = false;
    if (home_file(enrolling->options->home, "replica.db", path, error) != 0 ||
        replica_open(path, true, catalogue, enrolling->env, &enrolling->replica, error) !=
            0 ||
        identity_load(enrolling->replica, &identity, &enrolled, error) != 0)
        return -1;
    return enrolled ? error_set(error, "enrol.exists", "home",
                                "%s holds a station already", enrolling->options->home)
                    : 0;
}

/* Another address of the same server has the invitation's pin unless it brings one. */
static int choose_address(struct enrolling *enrolling, struct buffer *address,
                          struct error *error) {
    const struct invitation *invitation = &enrolling->invitation;
    const char *other = enrolling->options->address;
    const char *chosen = other ? other : invitation->address;
    if (identity_check_address(chosen, error) != 0 ||
        pinned_address_parse(chosen, enrolling->plain, sizeof enrolling->plain,
                             &enrolling->pin, error) != 0)
        return -1;
    if (!enrolling->pin.known && strncmp(chosen, "https://", 8) == 0)
        enrolling->pin = invitation->pin;
    pinned_address_format(enrolling->plain, &enrolling->pin, address);
    enrolling->address = buffer_text(address);
    return address->failed ? error_out_of_memory(error) : 0;
}

int enrol(const satchel_enrol_options *options, const struct catalogue *catalogue,
          const struct env *env, const struct transport *transport, struct error *error) {
    struct enrolling enrolling = {.options = options, .env = env, .transport = transport};
    struct buffer address = buffer_make(2 * IDENTITY_ADDRESS);
    int lock = -1;
    int failed = -1;
    if (!options->home || !options->invitation)
        return error_set(error, "invitation.malformed", "invitation",
                         "a home and an invitation are needed");
    if (seal_start(error) != 0 ||
        invitation_parse(options->invitation, &enrolling.invitation, error) != 0)
        goto out;
    if (choose_address(&enrolling, &address, error) != 0)
        goto out;
    if (home_make(options->home, error) != 0 ||
        home_lock(options->home, "sync.lock", env, LOCK_WAIT_MS, &lock, error) != 0)
        goto out;
    if (open_replica(&enrolling, catalogue, error) != 0 ||
        home_keys(options->home, env, true, &enrolling.keys, error) != 0)
        goto out;
    failed = ask_server(&enrolling, error);
out:
    seal_wipe(&enrolling.keys, sizeof enrolling.keys);
    replica_close(enrolling.replica);
    home_unlock(lock);
    buffer_free(&address);
    return failed;
}
