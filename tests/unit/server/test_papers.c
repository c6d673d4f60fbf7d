/* Devices that show the certificates which this server lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/kin.h"
#include "server/papers.h"
#include "tests/support/company.h"

enum { PAPERS = 3 };

/* What a device shows: the last of its certificates, and those before it. */
struct shown {
    struct company company;
    struct certificate last; /* what the next one is made from */
    struct bytes papers[PAPERS];
    struct sync_request request;
    int64_t head;
};

static struct shown shown;

static int set_up(void **state) {
    memset(&shown, 0, sizeof shown);
    company_make(&shown.company);
    struct id anna = company_person(&shown.company, "anna", "rep");
    shown.last = (struct certificate){.org = shown.company.master->org,
                                      .device = text_id("phone"),
                                      .device_key = {{1}},
                                      .code = "77",
                                      .name = "phone",
                                      .actors = {anna},
                                      .actor_count = 1,
                                      .ceiling = "rep",
                                      .issued_at = 1};
    shown.head = shown.company.master->gsn;
    *state = &shown;
    return 0;
}

/* Whatever a test did, the master must still be what its journal says. */
static int tear_down(void **state) {
    struct shown *at = *state;
    struct verify_report report;
    struct error error = {0};
    int result = server_verify(&at->company.options, &report, &error);
    if (result != 0)
        fprintf(stderr, "verify: %s (%s)\n", error.message, error.code);
    company_free(&at->company);
    return result;
}

/* The present certificate becomes a paper; `at->last` is the one to show. */
static void keep(struct shown *at) {
    struct error error = {0};
    assert_int_equal(station_certify(at->company.master, &at->last, &at->company.arena,
                                     &at->papers[at->request.paper_count++], &error),
                     0);
    at->last.issued_at++;
}

/* Its key was replaced after this bundle. */
static void rotate(struct shown *at, int64_t number) {
    keep(at);
    at->last.device_key.bytes[0]++;
    at->last.follows = true;
    at->last.last_number = number;
    at->last.last_hash[0] = (uint8_t)number;
}

/* It was found to be a copy, which had another bundle under this number. */
static void fork_at(struct shown *at, const char *name, int64_t number) {
    struct id parent = at->last.device;
    rotate(at, number);
    at->last.device = text_id(name);
    at->last.parent = parent;
}

/* The code of the failure, "" when there was none. */
static const char *prove(struct shown *at) {
    static struct error error;
    struct company *company = &at->company;
    error = (struct error){0};
    if (at->request.certificate.size == 0)
        assert_int_equal(station_certify(company->master, &at->last, &company->arena,
                                         &at->request.certificate, &error),
                         0);
    at->request.papers = at->papers;
    assert_int_equal(master_begin(company->master, &error), 0);
    if (papers_prove(company->master, &company->work, &at->request, &error) != 0) {
        master_rollback(company->master);
        return error.code;
    }
    assert_int_equal(master_commit(company->master, &error), 0);
    return "";
}

static int64_t ask(struct shown *at, const char *sql) {
    return company_integer(&at->company, sql);
}

static int64_t stations(struct shown *at) {
    return ask(at, "select count(*) from station");
}

static void read_station(struct shown *at, const char *name, struct station *ret) {
    struct error error = {0};
    assert_int_equal(station_find(at->company.master->db, at->company.catalogue,
                                  text_id(name), &at->company.arena, ret, &error),
                     0);
}

static void each_key_counts_as_far_as_it_did(void **state) {
    struct shown *at = *state;
    struct station station;
    rotate(at, 4);
    rotate(at, 9);
    assert_string_equal(prove(at), "");
    read_station(at, "phone", &station);
    assert_int_equal(station.key.bytes[0], 3);
    assert_int_equal(station.former_count, 2);
    assert_true(station.former[0].key.bytes[0] == 1 &&
                station.former[0].last_number == 4 &&
                station.former[0].last_hash[0] == 4);
    assert_true(station.former[1].key.bytes[0] == 2 &&
                station.former[1].last_number == 9);
    int64_t entries = at->company.master->entry;
    assert_string_equal(prove(at), ""); /* shown again, it says nothing new */
    at->request.paper_count = 0;        /* a former one neither */
    at->request.certificate = at->papers[0];
    assert_string_equal(prove(at), "");
    assert_int_equal(at->company.master->entry, entries);
}

static void a_known_device_goes_on_under_its_key(void **state) {
    struct shown *at = *state;
    struct station station;
    assert_string_equal(prove(at), "");
    at->request.certificate = (struct bytes){NULL, 0};
    rotate(at, 2);
    assert_string_equal(prove(at), "");
    read_station(at, "phone", &station);
    assert_true(station.key.bytes[0] == 2 && station.former_count == 1);
    assert_int_equal(ask(at, "select count(*) from station where code = '77'"), 1);
}

static void a_child_is_of_its_family(void **state) {
    struct shown *at = *state;
    struct station child;
    struct station parent;
    struct error error = {0};
    fork_at(at, "copy", 6);
    assert_string_equal(prove(at), "");
    read_station(at, "copy", &child);
    read_station(at, "phone", &parent);
    assert_true(child.family.root == parent.number && child.family.ancestor_count == 1);
    assert_int_equal(ask(at, "select number from station_kin"), 6);
    /* All that the parent has here was before the fork. What it sends again comes later, and was too, up to there. */
    assert_true(child.family.ancestors[0].fork_gsn >= at->head);
    struct master *master = at->company.master;
    assert_int_equal(master_begin(master, &error), 0);
    assert_int_equal(kin_share_again(master, parent.number, 5, 1000, &error), 0);
    assert_int_equal(kin_share_again(master, parent.number, 6, 1001, &error), 0);
    assert_int_equal(kin_share_again(master, child.number, 5, 1002, &error), 0);
    assert_int_equal(ask(at, "select count(*) from station_shared"), 1);
    assert_int_equal(ask(at, "select gsn from station_shared"), 1000);
    master_rollback(master);
}

/* Another certificate of the kind that was shown last, for another device. */
static const char *prove_twin(struct shown *at, const struct certificate *child,
                              bool same_key) {
    at->request.certificate.size = 0;
    at->last = *child;
    at->last.device = text_id("twin");
    at->last.device_key.bytes[0] += !same_key;
    at->last.code[0] = '6';
    return prove(at);
}

/* The copy that was enrolled on this bundle was lost, another was enrolled on it since, and then the first comes back. */
static void two_children_may_have_one_evidence(void **state) {
    struct shown *at = *state;
    struct station first;
    struct station second;
    fork_at(at, "copy", 5);
    const struct certificate child = at->last;
    assert_string_equal(prove(at), "");
    assert_string_equal(prove_twin(at, &child, false), "");
    read_station(at, "copy", &first);
    read_station(at, "twin", &second);
    assert_int_equal(first.family.root, second.family.root);
    assert_int_equal(ask(at, "select count(*) from station_kin where number = 5"), 2);
}

/* The same station asked for it in two histories; it goes on as what it shows. */
static void a_key_is_of_the_device_that_shows_it(void **state) {
    struct shown *at = *state;
    struct station twin;
    struct station first;
    fork_at(at, "copy", 5);
    const struct certificate child = at->last;
    assert_string_equal(prove(at), "");
    assert_string_equal(prove_twin(at, &child, true), "");
    read_station(at, "copy", &first);
    read_station(at, "twin", &twin);
    assert_memory_equal(twin.key.bytes, child.device_key.bytes, SIGN_PUBLIC);
    assert_memory_not_equal(first.key.bytes, child.device_key.bytes, SIGN_PUBLIC);
}

static void a_child_without_its_parent_comes_alone(void **state) {
    struct shown *at = *state;
    struct station child;
    fork_at(at, "copy", 6);
    at->request.paper_count = 0;
    assert_string_equal(prove(at), "");
    read_station(at, "copy", &child);
    assert_int_equal(child.family.ancestor_count, 0);
}

/* Two children of one parent whose certificates are of before they told their evidence. */
static void certificates_of_earlier_programs_do_too(void **state) {
    struct shown *at = *state;
    fork_at(at, "copy", 6);
    at->last.follows = false;
    assert_string_equal(prove(at), "");
    at->request.certificate = (struct bytes){NULL, 0};
    at->last.device = text_id("other copy");
    at->last.device_key.bytes[0] = 9;
    assert_string_equal(prove(at), "");
    assert_int_equal(ask(at, "select count(*) from station_kin"), 2);
}

static void papers_of_another_line_say_nothing(void **state) {
    struct shown *at = *state;
    int64_t before = stations(at);
    keep(at);
    at->last.device = text_id("other"); /* no child of it */
    at->last.device_key.bytes[0] = 9;
    assert_string_equal(prove(at), "");
    assert_int_equal(stations(at), before + 1);
}

static void only_the_servers_word_counts(void **state) {
    struct shown *at = *state;
    uint8_t seed[SIGN_SEED] = {1};
    struct sign_keys own = at->company.master->keys;
    int64_t before = stations(at);
    seal_keys(seed, &at->company.master->keys); /* as somebody else signs */
    keep(at);
    at->company.master->keys = own;
    at->request.certificate = at->papers[0];
    assert_string_equal(prove(at), "message.signature");
    at->request.certificate = (struct bytes){NULL, 0};
    assert_string_equal(prove(at),
                        ""); /* a forged paper before it is as if it were not there */
    assert_int_equal(stations(at), before + 1);
    at->request.certificate = (struct bytes){NULL, 0};
    at->last.org = text_id("another company");
    assert_string_equal(prove(at), "org.unknown");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(each_key_counts_as_far_as_it_did),
        TEST(a_known_device_goes_on_under_its_key),
        TEST(a_child_is_of_its_family),
        TEST(two_children_may_have_one_evidence),
        TEST(a_key_is_of_the_device_that_shows_it),
        TEST(a_child_without_its_parent_comes_alone),
        TEST(certificates_of_earlier_programs_do_too),
        TEST(papers_of_another_line_say_nothing),
        TEST(only_the_servers_word_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
