/*
 * base/file_folder: files under their hashes, in parts and whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "schema/base/file_folder.h"
#include "schema/base/limits.h"
#include "tests/support/failing/failing.h"

#define TEXT "a photo, as far as a test can tell"
#define assert_code(error, expected) assert_string_equal((error).code, (expected))

static char home[64];
static char folder[80];

static int make_home(void **state) {
    (void)state;
    snprintf(home, sizeof home, "/tmp/satchel-folder-XXXXXX");
    assert_non_null(mkdtemp(home));
    snprintf(folder, sizeof folder, "%s/files", home);
    return 0;
}

static int remove_home(void **state) {
    (void)state;
    assert_int_equal(file_folder_wipe(folder, NULL), 0);
    assert_int_equal(file_folder_wipe(folder, NULL), 0); /* once more */
    return rmdir(home);
}

static void path_of(const uint8_t hash[HASH_SIZE], char ret[256]) {
    char text[HASH_TEXT_SIZE];
    hash_format(hash, text);
    snprintf(ret, 256, "%s/%.2s/%s", folder, text, text + 2);
}

static void put(const char *text, uint8_t ret[HASH_SIZE]) {
    assert_int_equal(file_folder_put(folder, bytes_of_text(text), ret, NULL), 0);
}

static void expect(const uint8_t hash[HASH_SIZE], const char *text) {
    struct buffer read = buffer_make(1000);
    assert_int_equal(file_folder_read(folder, hash, &read, NULL), 0);
    assert_true(bytes_equal(buffer_bytes(&read), bytes_of_text(text)));
    buffer_free(&read);
}

static void write_over(const uint8_t hash[HASH_SIZE], const char *text) {
    char path[256];
    path_of(hash, path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void what_is_put_is_read(void **state) {
    uint8_t hash[HASH_SIZE], expected[HASH_SIZE];
    char path[256];
    struct stat found;
    int64_t size = 0;
    (void)state;
    hash_blake2b(bytes_of_text(TEXT), expected);
    assert_int_equal(file_folder_size(folder, expected, &size, NULL), 0);
    assert_int_equal(size, -1);
    put(TEXT, hash);
    assert_memory_equal(hash, expected, HASH_SIZE);
    put(TEXT, hash); /* once more */
    expect(hash, TEXT);
    assert_int_equal(file_folder_size(folder, hash, &size, NULL), 0);
    assert_int_equal(size, strlen(TEXT));
    path_of(hash, path);
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
    struct buffer piece = buffer_make(100);
    assert_int_equal(file_folder_read_piece(folder, hash, 2, 5, &piece, NULL), 0);
    assert_true(bytes_equal(buffer_bytes(&piece), bytes_of_text("photo")));
    assert_int_equal(file_folder_read_piece(folder, hash, 30, 50, &piece, NULL), 0);
    assert_int_equal(piece.size, 5 + strlen(TEXT) - 30);
    buffer_free(&piece);
}

static void damage_is_seen(void **state) {
    uint8_t hash[HASH_SIZE];
    struct error error = {0};
    struct buffer read = buffer_make(1000);
    (void)state;
    put(TEXT, hash);
    write_over(hash, "something else");
    assert_int_equal(file_folder_check(folder, hash, &error), -1);
    assert_code(error, "file.corrupt");
    assert_int_equal(file_folder_read(folder, hash, &read, &error), -1);
    assert_code(error, "file.corrupt");
    put(TEXT, hash); /* puts it right */
    assert_int_equal(file_folder_check(folder, hash, &error), 0);
    assert_int_equal(file_folder_remove(folder, hash, NULL), 0);
    assert_int_equal(file_folder_remove(folder, hash, NULL), 0); /* once more */
    buffer_reset(&read);
    assert_int_equal(file_folder_read(folder, hash, &read, &error), -1);
    assert_code(error, "file.absent");
    assert_int_equal(file_folder_check(folder, hash, &error), -1);
    assert_code(error, "file.absent");
    buffer_free(&read);
}

static int write_at(const char *part, int64_t offset, const char *text,
                    struct error *error) {
    const struct file_piece piece = {offset, bytes_of_text(text)};
    return file_part_write(folder, part, &piece, error);
}

static int64_t part_size(const char *part) {
    int64_t size = -1;
    assert_int_equal(file_part_size(folder, part, &size, NULL), 0);
    return size;
}

static void pieces_become_a_file(void **state) {
    uint8_t hash[HASH_SIZE];
    struct error error = {0};
    (void)state;
    hash_blake2b(bytes_of_text("0123456789"), hash);
    assert_int_equal(part_size("one"), 0);
    assert_int_equal(write_at("one", 1, "x", &error), -1);
    assert_code(error, "file.offset");
    assert_int_equal(write_at("one", 0, "0123", &error), 0);
    assert_int_equal(part_size("one"), 4);
    assert_int_equal(write_at("one", 0, "zz", &error), 0); /* there already: stays */
    assert_int_equal(write_at("one", 2, "zz456", &error),
                     0); /* only what is new counts */
    assert_int_equal(part_size("one"), 7);
    assert_int_equal(write_at("one", 8, "9", &error), -1);
    assert_code(error, "file.offset");
    assert_int_equal(write_at("one", 7, "789", &error), 0);
    assert_int_equal(file_part_finish(folder, "one", hash, &error), 0);
    expect(hash, "0123456789");
    assert_int_equal(part_size("one"), 0);
    assert_int_equal(file_part_finish(folder, "one", hash, &error), -1);
    assert_code(error, "file.absent");
}

static void wrong_pieces_are_thrown_away(void **state) {
    uint8_t hash[HASH_SIZE];
    struct error error = {0};
    int64_t size = 0;
    (void)state;
    hash_blake2b(bytes_of_text("what it should be"), hash);
    assert_int_equal(write_at("wrong", 0, "what it is", &error), 0);
    assert_int_equal(file_part_finish(folder, "wrong", hash, &error), -1);
    assert_code(error, "file.hash");
    assert_int_equal(part_size("wrong"), 0);
    assert_int_equal(file_folder_size(folder, hash, &size, NULL), 0);
    assert_int_equal(size, -1);
}

static void names_stay_in_the_folder(void **state) {
    static const char *const names[] = {"", "../x", "a/b", "A", ".", "a.b"};
    struct error error = {0};
    int64_t size = 0;
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(write_at(names[i], 0, "x", &error), -1);
        assert_code(error, "file.failed");
        assert_int_equal(file_part_size(folder, names[i], &size, NULL), -1);
        assert_int_equal(file_part_drop(folder, names[i], NULL), -1);
    }
}

struct seen {
    int files, parts;
    int64_t bytes;
};

static int see_file(void *context, const uint8_t hash[HASH_SIZE], int64_t size) {
    struct seen *seen = context;
    (void)hash;
    seen->files++;
    seen->bytes += size;
    return 0;
}

static int see_part(void *context, const char *name, int64_t size, int64_t written_at) {
    struct seen *seen = context;
    (void)name;
    seen->parts++;
    seen->bytes += size;
    assert_true(written_at > 1700000000000);
    return 0;
}

/* Nothing is left of what could not be written to its end. */
static void a_disk_that_takes_no_more(void **state) {
    static char large[100000];
    uint8_t hash[HASH_SIZE];
    struct error error = {0};
    struct seen seen = {0};
    (void)state;
    put("small", hash);
    failing_disk(5000);
    int failed = file_folder_put(folder, (struct bytes){(const uint8_t *)large, 100000},
                                 hash, &error);
    failing_disk(-1);
    assert_int_equal(failed, -1);
    assert_code(error, "file.full");
    assert_int_equal(file_folder_each(folder, see_file, &seen, NULL), 0);
    assert_int_equal(file_part_each(folder, "", see_part, &seen, NULL), 0);
    assert_int_equal(seen.files, 1);
    assert_int_equal(seen.parts, 0);
}

/* A link that somebody put there is not followed. */
static void links_are_not_followed(void **state) {
    uint8_t hash[HASH_SIZE];
    char path[256];
    struct error error = {0};
    struct buffer read = buffer_make(1000);
    (void)state;
    put(TEXT, hash);
    path_of(hash, path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_int_equal(file_folder_read(folder, hash, &read, &error), -1);
    assert_code(error, "file.failed");
    buffer_free(&read);
}

static int stop(void *context, const uint8_t hash[HASH_SIZE], int64_t size) {
    (void)context;
    (void)hash;
    (void)size;
    return 7;
}

static void all_of_them_are_told(void **state) {
    uint8_t hash[HASH_SIZE];
    struct seen seen = {0};
    (void)state;
    assert_int_equal(file_folder_each(folder, see_file, &seen, NULL), 0);
    assert_int_equal(seen.files, 0);
    put("one", hash);
    put("three", hash);
    assert_int_equal(write_at("ab-1", 0, "12", NULL), 0);
    assert_int_equal(write_at("ac-1", 0, "1234", NULL), 0);
    assert_int_equal(file_folder_each(folder, see_file, &seen, NULL), 0);
    assert_int_equal(seen.files, 2);
    assert_int_equal(seen.bytes, 8);
    assert_int_equal(file_part_each(folder, "", see_part, &seen, NULL), 0);
    assert_int_equal(file_part_each(folder, "ab", see_part, &seen, NULL), 0);
    assert_int_equal(seen.parts, 3);
    assert_int_equal(seen.bytes, 16);
    assert_int_equal(file_folder_each(folder, stop, NULL, NULL), 7);
}

static void files_are_copied(void **state) {
    uint8_t hash[HASH_SIZE];
    char other[80];
    struct error error = {0};
    (void)state;
    snprintf(other, sizeof other, "%s/other", home);
    put(TEXT, hash);
    assert_int_equal(file_folder_copy(folder, other, hash, &error), 0);
    assert_int_equal(file_folder_check(other, hash, &error), 0);
    assert_int_equal(file_folder_copy(folder, other, hash, &error), 0); /* once more */
    assert_int_equal(file_folder_wipe(other, &error), 0);
    write_over(hash, "damaged");
    assert_int_equal(file_folder_copy(folder, other, hash, &error), -1);
    assert_code(error, "file.hash");
    assert_int_equal(file_folder_wipe(other, &error), 0);
    assert_int_equal(file_folder_remove(folder, hash, &error), 0);
    assert_int_equal(file_folder_copy(folder, other, hash, &error), -1);
    assert_code(error, "file.absent");
    assert_int_equal(file_folder_wipe(other, &error), 0);
}

static void hashes_in_letters(void **state) {
    uint8_t hash[HASH_SIZE], read[HASH_SIZE];
    char text[HASH_TEXT_SIZE];
    (void)state;
    hash_blake2b(bytes_of_text(TEXT), hash);
    hash_format(hash, text);
    assert_true(hash_parse(bytes_of_text(text), read));
    assert_memory_equal(hash, read, HASH_SIZE);
    for (size_t i = 0; text[i]; i++)
        text[i] = text[i] >= 'a' ? (char)(text[i] - 32) : text[i];
    assert_true(hash_parse(bytes_of_text(text), read));
    assert_memory_equal(hash, read, HASH_SIZE);
    text[5] = 'g';
    assert_false(hash_parse(bytes_of_text(text), read));
    text[5] = '@';
    assert_false(hash_parse(bytes_of_text(text), read));
    text[63] = '\0';
    assert_false(hash_parse(bytes_of_text(text), read));
}

int main(void) {
#define folder_test(name) cmocka_unit_test_setup_teardown(name, make_home, remove_home)
    const struct CMUnitTest tests[] = {
        folder_test(what_is_put_is_read),       folder_test(damage_is_seen),
        folder_test(pieces_become_a_file),      folder_test(wrong_pieces_are_thrown_away),
        folder_test(names_stay_in_the_folder),  folder_test(links_are_not_followed),
        folder_test(a_disk_that_takes_no_more), folder_test(all_of_them_are_told),
        folder_test(files_are_copied),          cmocka_unit_test(hashes_in_letters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
