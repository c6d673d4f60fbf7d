/*
 * The one place where the program complains. Codes and fields come from the library or from the
 * command's own checks; both are shown the same way.
 */
#include "tools/satchel/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tools/satchel/json.h"
#include "tools/satchel/vocabulary.h"
#include "tools/satchel/words.h"

int problem_set(satchel_error *error, const char *code, const char *field,
                const char *format, ...) {
    if (error == NULL)
        return -1;
    memset(error, 0, sizeof *error);
    snprintf(error->code, sizeof error->code, "%s", code);
    snprintf(error->field, sizeof error->field, "%s", field != NULL ? field : "");
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    return -1;
}

int problem_out_of_memory(satchel_error *error) {
    return problem_set(error, "memory", NULL, "Out of memory.");
}

enum { SENTENCE_SIZE = 1024 };

static void print_json(const satchel_error *error) {
    struct node *object = node_object();
    node_set_text(object, "code", error->code);
    node_set_text(object, "field", error->field);
    node_set_text(object, "message", error->message);
    char *text = node_write(object);
    fprintf(stderr, "%s\n", text != NULL ? text : "{}");
    node_free_text(text);
    node_release(object);
}

int problem_print_of(const char *operation, const satchel_error *error, bool json) {
    (void)fflush(stdout);
    char sentence[SENTENCE_SIZE];
    const char *chinese = words_are_chinese()
                              ? vocabulary_error(operation, error->code, error->field,
                                                 sentence, sizeof sentence)
                              : NULL;
    const char *message = chinese != NULL ? chinese : error->message;
    if (json)
        print_json(error);
    else if (error->field[0] != '\0')
        fprintf(stderr, word("satchel: %s (%s, field %s)\n"), message, error->code,
                error->field);
    else
        fprintf(stderr, word("satchel: %s (%s)\n"), message, error->code);
    if (!json && chinese != NULL && error->message[0] != '\0')
        fprintf(stderr, word("  details: %s\n"),
                error->message); /* names what is accepted */
    return EXIT_FAILED;
}

int problem_print(const satchel_error *error, bool json) {
    return problem_print_of("", error, json);
}
