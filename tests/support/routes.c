#include "tests/support/routes.h"

#include <string.h>

#include "server/server.h"

bool routes_answer(struct server *server, const char *path, struct bytes body,
                   struct buffer *ret, int *ret_status) {
    static const struct {
        const char *path;
        void (*handle)(struct server *server, struct bytes body, struct buffer *ret,
                       int *ret_status);
    } ROUTES[] = {{"/v1/sync", server_handle_sync},
                  {"/v1/enrol", server_handle_enrol},
                  {"/v1/reenrol", server_handle_reenrol},
                  {"/v1/rotate", server_handle_rotate},
                  {"/v1/file", server_handle_file}};
    for (size_t i = 0; i < sizeof ROUTES / sizeof *ROUTES; i++) {
        if (strcmp(ROUTES[i].path, path) == 0) {
            ROUTES[i].handle(server, body, ret, ret_status);
            return true;
        }
    }
    return false;
}
