/* Bundles that released versions sealed are opened, verified and read by this one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <glob.h>

#include <cmocka.h>

#include "sync/bundle.h"

static struct bytes read_file(const char *path, struct arena *arena) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    uint8_t *data = arena_alloc(arena, LIMIT_BUNDLE);
    assert_non_null(data);
    size_t size = fread(data, 1, LIMIT_BUNDLE, file);
    assert_int_equal(fclose(file), 0);
    return (struct bytes){data, size};
}

static void check_bundle(const char *path, struct arena *arena) {
    struct error error = {0};
    struct bundle_envelope envelope;
    struct transaction *transactions = NULL;
    struct sign_public key;
    size_t count = 0;
    struct buffer key_path = buffer_make(4096);
    buffer_printf(&key_path, "%.*s.key", (int)(strlen(path) - strlen(".bundle")), path);
    struct bytes key_bytes = read_file(buffer_text(&key_path), arena);
    buffer_free(&key_path);
    assert_int_equal(key_bytes.size, SIGN_PUBLIC);
    memcpy(key.bytes, key_bytes.data, SIGN_PUBLIC);
    assert_int_equal(bundle_open(read_file(path, arena), &envelope, &error), 0);
    assert_int_equal(bundle_verify(&envelope, &key, &error), 0);
    assert_int_equal(bundle_read(&envelope, arena, &transactions, &count, &error), 0);
    assert_int_equal(count, envelope.header.last_seq - envelope.header.first_seq + 1);
    assert_true(count > 0 && transactions[0].change_count > 0);
    key.bytes[0] ^= 1;
    assert_int_not_equal(bundle_verify(&envelope, &key, &error), 0);
}

static void every_released_bundle_is_read(void **state) {
    (void)state;
    glob_t found;
    struct error error;
    assert_int_equal(seal_start(&error), 0);
    assert_int_equal(
        glob(SATCHEL_SOURCE_DIR "/tests/golden/v*/bundles/*.bundle", 0, NULL, &found), 0);
    assert_true(found.gl_pathc > 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct arena arena = arena_make(64 * 1024 * 1024);
        check_bundle(found.gl_pathv[i], &arena);
        arena_free(&arena);
    }
    globfree(&found);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_released_bundle_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
