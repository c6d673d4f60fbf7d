/*
 * The embedded SQL is what lies in schema/: every file, byte for byte, in order.
 */

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "schema/embedded.h"

enum { path_max = 1024, depth_max = 8 };

static void paths_ascend(void **state) {
    for (size_t i = 1; i < embedded_file_count; i++)
        assert_true(strcmp(embedded_files[i - 1].path, embedded_files[i].path) < 0);
}

static void texts_equal_the_files(void **state) {
    for (size_t i = 0; i < embedded_file_count; i++) {
        const struct embedded_file *embedded = &embedded_files[i];
        char path[path_max];
        int n = snprintf(path, sizeof path, "%s/schema/%s", SATCHEL_SOURCE_DIR,
                         embedded->path);
        assert_in_range(n, 1, sizeof path - 1);
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        for (size_t at = 0; at < embedded->size; at++)
            assert_int_equal((unsigned char)embedded->text[at], fgetc(file));
        assert_int_equal(fgetc(file), EOF);
        fclose(file);
        assert_int_equal(embedded->text[embedded->size], '\0');
        assert_int_equal(strlen(embedded->text), embedded->size);
    }
}

static size_t sql_files_below(const char *folder, int depth) {
    assert_in_range(depth, 0, depth_max);
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    size_t count = 0;
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        if (entry->d_name[0] == '.')
            continue;
        char path[path_max];
        int n = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        assert_in_range(n, 1, sizeof path - 1);
        struct stat status;
        assert_int_equal(stat(path, &status), 0);
        size_t length = strlen(entry->d_name);
        if (S_ISDIR(status.st_mode))
            count += sql_files_below(path, depth + 1);
        else if (length > 4 && strcmp(entry->d_name + length - 4, ".sql") == 0)
            count++;
    }
    closedir(dir);
    return count;
}

static void no_file_is_left_out(void **state) {
    assert_int_equal(embedded_file_count,
                     sql_files_below(SATCHEL_SOURCE_DIR "/schema", 0));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_ascend),
        cmocka_unit_test(texts_equal_the_files),
        cmocka_unit_test(no_file_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
