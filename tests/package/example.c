/* A program of somebody else: prints the customers of a station. */
#include <satchel.h>
#include <stdio.h>

int main(int count, char **arguments) {
    satchel *station = NULL;
    satchel_session *session = NULL;
    satchel_error error = {.message = "usage: example HOME"};
    char *customers = NULL;
    if (count != 2 ||
        satchel_open(&(satchel_options){.home = arguments[1]}, &station, &error) != 0 ||
        satchel_sign_in(station, NULL, NULL, &session, &error) != 0 ||
        satchel_ask(session, "customer.list", NULL, &customers, &error) != 0) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    puts(customers);
    satchel_free(customers);
    satchel_close(station);
    return 0;
}
