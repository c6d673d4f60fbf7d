/*
 * satchel-forge invitation=TEXT foreign_opportunity=ID foreign_customer=ID foreign_file=HASH [address=URL]
 *
 * Enrols with the invitation, which must be a salesperson's with an open and a won opportunity, and makes every
 * attack of attacks.c. The two rows and the file, which must be at
 * headquarters, must be ones that he may not see. Prints a line for each attack; ends with 1
 * if any was answered otherwise than the table says, with 2 if it could not begin.
 */
#include "tests/forge/forge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/embedded.h"

_Noreturn void give_up(const char *what, const struct error *error) {
    fprintf(stderr, "satchel-forge: %s: %s (%s)\n", what, error->message, error->code);
    exit(2);
}

/* The value of the argument `name=value`, or NULL. */
static const char *argument(int count, char **arguments, const char *name) {
    size_t length = strlen(name);
    for (int i = 1; i < count; i++)
        if (strncmp(arguments[i], name, length) == 0 && arguments[i][length] == '=')
            return arguments[i] + length + 1;
    return NULL;
}

static struct id id_argument(int count, char **arguments, const char *name) {
    struct id id = {{0}};
    const char *text = argument(count, arguments, name);
    if (!text || !id_parse(text, &id))
        give_up(name, &(struct error){.message = "an id is needed"});
    return id;
}

static void prepare(struct forge *forge, int count, char **arguments) {
    struct error error = {0};
    const char *invitation = argument(count, arguments, "invitation");
    const char *address = argument(count, arguments, "address");
    if (seal_start(&error) != 0 ||
        catalogue_load(embedded_files, embedded_file_count, &forge->catalogue, &error) !=
            0 ||
        invitation_parse(invitation ? invitation : "", &forge->invitation, &error) != 0)
        give_up("starting", &error);
    if (address)
        snprintf(forge->invitation.address, sizeof forge->invitation.address, "%s",
                 address);
    forge->env = env_system();
    forge->arena = arena_make((size_t)LIMIT_RESPONSE * 8);
    forge->last_bundle = buffer_make(LIMIT_BUNDLE);
    forge->foreign_opportunity = id_argument(count, arguments, "foreign_opportunity");
    forge->foreign_customer = id_argument(count, arguments, "foreign_customer");
    const char *file = argument(count, arguments, "foreign_file");
    if (!file || !hash_parse(bytes_of_text(file), forge->foreign_file))
        give_up("foreign_file", &(struct error){.message = "a file is needed"});
    device_enrol(forge);
    world_learn(forge);
}

static int attack_all(struct forge *forge) {
    int wrong = 0;
    for (const struct attack *attack = attacks; attack->name; attack++) {
        struct outcome outcome = {0};
        attack->run(forge, &outcome);
        bool good =
            outcome.status == attack->status && strcmp(outcome.code, attack->code) == 0;
        printf("%s: %d, %s", attack->name, outcome.status, outcome.code);
        if (!good)
            printf("  <- expected %d, %s", attack->status, attack->code);
        printf("\n");
        wrong += !good;
    }
    return wrong;
}

int main(int count, char **arguments) {
    struct forge forge = {.counter = 0};
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    prepare(&forge, count, arguments);
    int wrong = attack_all(&forge);
    printf("%d answered otherwise than they should be\n", wrong);
    buffer_free(&forge.last_bundle);
    scope_set_free(&forge.scopes);
    arena_free(&forge.arena);
    catalogue_free(forge.catalogue);
    return wrong == 0 ? 0 : 1;
}
