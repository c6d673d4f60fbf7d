/* The server's key is replaced: whole or not at all, and who pins an older one finds the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/server_key.h"
#include "tests/support/company.h"

struct fixture {
    struct company company;
    uint8_t first_seed[SIGN_SEED];
    struct sign_public first;
};

static void path_of(struct fixture *f, const char *file, char ret[256]) {
    snprintf(ret, 256, "%s/%s", f->company.data, file);
}

static size_t read_file(struct fixture *f, const char *name, uint8_t *ret, size_t room) {
    char path[256];
    path_of(f, name, path);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return 0;
    }
    size_t size = fread(ret, 1, room, file);
    fclose(file);
    return size;
}

static void write_file(struct fixture *f, const char *name, const uint8_t *data,
                       size_t size) {
    char path[256];
    path_of(f, name, path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    fclose(file);
}

static int set_up(void **state) {
    static struct fixture fixture;
    struct fixture *f = &fixture;
    company_make(&f->company);
    assert_int_equal(read_file(f, "server.key", f->first_seed, SIGN_SEED), SIGN_SEED);
    memcpy(f->first.bytes, f->company.master->keys.public_key, SIGN_PUBLIC);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    static const char *const FILES[] = {"server.keys.old", "server.key.next",
                                        "server.lock"};
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        char path[256];
        path_of(f, FILES[i], path);
        unlink(path);
    }
    company_free(&f->company);
    return 0;
}

static void rotate(struct fixture *f) {
    struct error error = {0};
    if (server_rotate_key(&f->company.options, &error) != 0) {
        fail_msg("%s: %s", error.code, error.message);
    }
}

static const char *verify(struct fixture *f) {
    static struct error error;
    struct verify_report report;
    error = (struct error){0};
    return server_verify(&f->company.options, &report, &error) == 0 ? "" : error.code;
}

static const char *reopen(struct fixture *f) {
    static struct error error;
    struct master *master = NULL;
    error = (struct error){0};
    int result = server_open_master(&f->company.options, &master, &error);
    master_close(master);
    return result == 0 ? "" : error.code;
}

static void load_ring(struct fixture *f, struct key_ring *ret) {
    struct error error = {0};
    if (key_ring_load(f->company.data, f->company.master->db, ret, &error) != 0) {
        fail_msg("%s: %s", error.code, error.message);
    }
}

static void who_pins_an_older_key_finds_the_way(void **state) {
    struct fixture *f = *state;
    struct key_ring ring;
    struct sign_public key = f->first;
    rotate(f);
    rotate(f);
    load_ring(f, &ring);
    assert_int_equal(ring.former_count, 2);
    struct key_choice choice = key_ring_choose(&ring, &f->first);
    assert_memory_equal(choice.keys->public_key, f->first.bytes, SIGN_PUBLIC);
    assert_int_equal(choice.notice_count, 2);
    for (size_t i = 0; i < choice.notice_count; i++) {
        struct key_notice notice;
        assert_int_equal(key_notice_open(choice.notices[i], &notice, NULL), 0);
        assert_memory_equal(&notice.former, &key, sizeof key);
        key = notice.next;
    }
    assert_memory_equal(key.bytes, ring.present.public_key, SIGN_PUBLIC);
    choice = key_ring_choose(&ring, &key);
    assert_int_equal(choice.notice_count, 0);
    assert_ptr_equal(choice.keys, &ring.present);
    memset(&key, 7, sizeof key); /* nobody's */
    assert_ptr_equal(key_ring_choose(&ring, &key).keys, &ring.present);
    assert_memory_equal(key_ring_first(&ring)->public_key, f->first.bytes, SIGN_PUBLIC);
    key_ring_free(&ring);
    assert_string_equal(verify(f), "");
}

static void who_dies_before_the_new_key_has_its_place_goes_on(void **state) {
    struct fixture *f = *state;
    uint8_t seed[SIGN_SEED];
    rotate(f);
    assert_int_equal(read_file(f, "server.key", seed, sizeof seed), SIGN_SEED);
    write_file(f, "server.key.next", seed, SIGN_SEED);
    write_file(f, "server.key", f->first_seed, SIGN_SEED);
    assert_string_equal(reopen(f), "");
    uint8_t now[SIGN_SEED];
    assert_int_equal(read_file(f, "server.key", now, sizeof now), SIGN_SEED);
    assert_memory_equal(now, seed, SIGN_SEED);
    assert_string_equal(verify(f), "");
}

static void who_dies_before_the_entry_has_changed_nothing(void **state) {
    struct fixture *f = *state;
    struct key_ring ring;
    uint8_t other[SIGN_SEED] = {1, 2, 3};
    write_file(f, "server.key.next", other, SIGN_SEED);
    write_file(f, "server.keys.old", f->first_seed, SIGN_SEED);
    assert_string_equal(reopen(f), "");
    load_ring(f, &ring);
    assert_int_equal(ring.former_count, 0);
    assert_memory_equal(ring.present.public_key, f->first.bytes, SIGN_PUBLIC);
    key_ring_free(&ring);
    rotate(f);
    load_ring(f, &ring);
    assert_int_equal(ring.former_count, 1);
    key_ring_free(&ring);
    assert_string_equal(verify(f), "");
}

static void another_key_is_told(void **state) {
    struct fixture *f = *state;
    uint8_t other[SIGN_SEED] = {1, 2, 3};
    rotate(f);
    write_file(f, "server.key", other, SIGN_SEED);
    assert_string_equal(reopen(f), "server.key");
    assert_string_equal(verify(f), "journal.signature");
}

static void older_keys_must_be_there(void **state) {
    struct fixture *f = *state;
    struct key_ring ring;
    struct error error = {0};
    char path[256];
    rotate(f);
    path_of(f, "server.keys.old", path);
    assert_int_equal(unlink(path), 0);
    assert_int_not_equal(
        key_ring_load(f->company.data, f->company.master->db, &ring, &error), 0);
    assert_string_equal(error.code, "server.key");
}

/* A notice that skips a key, or of another company, is not taken. */
static void a_notice_follows_from_the_key_before(void **state) {
    struct fixture *f = *state;
    struct master *master = f->company.master;
    struct error error = {0};
    struct sign_keys stranger;
    struct sign_keys next;
    struct sign_public applied;
    uint8_t seed[SIGN_SEED] = {9};
    struct buffer content = buffer_make(LIMIT_TEXT);
    seal_keys(seed, &stranger);
    seed[0] = 8;
    seal_keys(seed, &next);
    struct key_notice notice = {.org = master->org, .at = 1};
    memcpy(notice.former.bytes, stranger.public_key, SIGN_PUBLIC);
    memcpy(notice.next.bytes, next.public_key, SIGN_PUBLIC);
    key_notice_seal(&notice, (struct handover_keys){&stranger, &next}, &content);
    assert_int_equal(master_begin(master, &error), 0);
    assert_int_not_equal(
        server_key_apply(master, buffer_bytes(&content), &applied, &error), 0);
    assert_string_equal(error.code, "journal.key");
    master_rollback(master);
    buffer_free(&content);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(who_pins_an_older_key_finds_the_way),
        TEST(who_dies_before_the_new_key_has_its_place_goes_on),
        TEST(who_dies_before_the_entry_has_changed_nothing),
        TEST(another_key_is_told),
        TEST(older_keys_must_be_there),
        TEST(a_notice_follows_from_the_key_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
