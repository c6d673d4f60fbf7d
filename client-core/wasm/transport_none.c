/* Where there are no sockets: whoever embeds the station brings its transport. */
#include "client-core/transport.h"

int transport_curl_open(struct transport *ret, struct error *error) {
    (void)ret;
    return error_set(error, "transport.unreachable", "",
                     "this build has no network of its own");
}
