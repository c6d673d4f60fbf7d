/* Invitations and enrolment: a token is good for one key, once, in time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/company.h"

static int set_up(void **state) {
    static struct company company;
    company_make(&company);
    *state = &company;
    return 0;
}

static int tear_down(void **state) {
    company_free(*state);
    return 0;
}

static void invite(struct company *company, struct enrol_request *ret) {
    struct error error = {0};
    struct invite invite = {.actor_count = 1, .ceiling = "rep"};
    invite.expires_at = company->now_ms + 1000;
    invite.actors[0] = text_id("somebody");
    *ret = (struct enrol_request){.schema_version = SCHEMA_VERSION, .name = "phone"};
    company->env.random(company, ret->device_key.bytes, SIGN_PUBLIC);
    assert_int_equal(master_begin(company->master, &error), 0);
    assert_int_equal(station_invite(company->master, &invite, ret->token, &error), 0);
    assert_int_equal(master_commit(company->master, &error), 0);
}

/* Enrols in a transaction of its own; the code of the failure, "" for none. */
static const char *enrol(struct company *company, const struct enrol_request *request,
                         struct bytes *ret_certificate) {
    static struct error error;
    error_clear(&error);
    assert_int_equal(master_begin(company->master, &error), 0);
    if (station_enrol(company->master, &company->work, request, &company->arena,
                      ret_certificate, &error) != 0) {
        master_rollback(company->master);
        return error.code;
    }
    assert_int_equal(master_commit(company->master, &error), 0);
    return "";
}

static void an_invitation_enrols_once(void **state) {
    struct company *company = *state;
    struct enrol_request request;
    struct bytes first;
    struct bytes again;
    struct bytes other;
    invite(company, &request);
    assert_string_equal(enrol(company, &request, &first), "");
    /* the answer was lost: the same key asks again */
    assert_string_equal(enrol(company, &request, &again), "");
    assert_true(bytes_equal(first, again));
    request.device_key.bytes[0] ^= 1;
    assert_string_equal(enrol(company, &request, &other), "invitation.used");
    assert_int_equal(company_integer(company, "select count(*) from station"), 1);
    assert_int_equal(company_integer(company, "select count(*) from device"), 1);
}

static void an_unknown_invitation_is_refused(void **state) {
    struct company *company = *state;
    struct enrol_request request;
    struct bytes certificate;
    invite(company, &request);
    request.token[3] ^= 1;
    assert_string_equal(enrol(company, &request, &certificate), "invitation.unknown");
}

static void an_old_invitation_is_refused(void **state) {
    struct company *company = *state;
    struct enrol_request request;
    struct bytes certificate;
    invite(company, &request);
    company->now_ms += 1001;
    assert_string_equal(enrol(company, &request, &certificate), "invitation.expired");
}

static void a_certificate_says_who_and_is_signed(void **state) {
    struct company *company = *state;
    struct error error = {0};
    struct enrol_request request;
    struct bytes bytes;
    struct envelope envelope;
    struct certificate certificate;
    struct sign_public server;
    invite(company, &request);
    assert_string_equal(enrol(company, &request, &bytes), "");
    memcpy(server.bytes, company->master->keys.public_key, SIGN_PUBLIC);
    assert_int_equal(envelope_open(bytes, &envelope, &error), 0);
    assert_int_equal(envelope_verify(&envelope, "satchel certificate", &server, &error),
                     0);
    assert_int_not_equal(envelope_verify(&envelope, "satchel journal", &server, &error),
                         0);
    assert_int_equal(certificate_decode(envelope.body, &certificate, &error), 0);
    assert_string_equal(certificate.ceiling, "rep");
    assert_string_equal(certificate.name, "phone");
    assert_int_equal(certificate.actor_count, 1);
    assert_true(id_equal(certificate.actors[0], text_id("somebody")));
    assert_int_equal(strlen(certificate.code), 2);
}

static void codes_are_never_given_twice(void **state) {
    struct company *company = *state;
    enum { MANY = 40 };
    for (int i = 0; i < MANY; i++) {
        struct enrol_request request;
        struct bytes certificate;
        invite(company, &request);
        assert_string_equal(enrol(company, &request, &certificate), "");
    }
    assert_int_equal(company_integer(company, "select count(distinct code) from station"),
                     MANY);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_invitation_enrols_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_unknown_invitation_is_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_old_invitation_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_certificate_says_who_and_is_signed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(codes_are_never_given_twice, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
