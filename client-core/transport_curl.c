/*
 * The network: libcurl. The only file that knows it.
 *
 * TLS is verified against the system's authorities and the station's own CA file. No
 * redirects. Connections are kept for the next request. A transfer that crawls below 100 bytes/s for
 * 30 s is given up; a slow one is not.
 */
#include "client-core/transport.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONNECT_MS = 5000,
    PROBE_MS = 1000,
    LOW_SPEED_BYTES = 100,
    LOW_SPEED_SECONDS = 30,
    URL_SIZE = 1024,
    CA_SIZE = 4 * 1024 * 1024
};

struct curl_context {
    CURL *post;
    struct curl_slist *headers;
    char reason[CURL_ERROR_SIZE];
};

static size_t take_body(char *data, size_t size, size_t count, void *context) {
    struct buffer *body = context;
    buffer_append(body, data, size * count);
    return body->failed ? 0 : size * count;
}

static const char *code_of(CURLcode rc) {
    switch (rc) {
    case CURLE_OPERATION_TIMEDOUT:
        return "transport.timeout";
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
        return "transport.tls";
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return "transport.address";
    case CURLE_WRITE_ERROR:
    case CURLE_FILESIZE_EXCEEDED:
        return "transport.size";
    default:
        return "transport.unreachable";
    }
}

/* The file's certificates beside the system's: libcurl takes one or the other, so a bundle of both is made
 * in memory. */
static int trust_file(CURL *curl, const char *ca_file, struct error *error) {
    static const char *const system_files[] = {"/etc/ssl/certs/ca-certificates.crt",
                                               "/etc/pki/tls/certs/ca-bundle.crt",
                                               "/etc/ssl/cert.pem"};
    struct buffer bundle = buffer_make(CA_SIZE);
    char part[4096];
    bool own = false;
    for (size_t i = 0; i <= sizeof system_files / sizeof *system_files; i++) {
        FILE *file = fopen(i == 0 ? ca_file : system_files[i - 1], "re");
        if (!file)
            continue;
        own = own || i == 0;
        for (size_t size; (size = fread(part, 1, sizeof part, file)) > 0;)
            buffer_append(&bundle, part, size);
        buffer_append_byte(&bundle, '\n');
        fclose(file);
        if (i > 0)
            break;
    }
    struct curl_blob blob = {bundle.data, bundle.size, CURL_BLOB_COPY};
    int failed = 0;
    if (!own || bundle.failed)
        failed = error_set(error, "transport.tls", "ca_file",
                           "cannot read the CA file %s", ca_file);
    else
        curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &blob);
    buffer_free(&bundle);
    return failed;
}

static int prepare(struct curl_context *context, const struct transport_request *request,
                   struct buffer *body, struct error *error) {
    CURL *curl = context->post;
    char url[URL_SIZE];
    if ((size_t)snprintf(url, sizeof url, "%s%s", request->address, request->path) >=
        sizeof url)
        return error_set(error, "transport.address", "address",
                         "the address is too long");
    curl_easy_reset(curl); /* keeps its connections */
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, context->headers);
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body.data);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size);
    curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)body->maximum);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, (long)LOW_SPEED_BYTES);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)LOW_SPEED_SECONDS);
    curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, context->reason);
    if (request->ca_file && request->ca_file[0])
        return trust_file(curl, request->ca_file, error);
    return 0;
}

static int curl_post(void *opaque, const struct transport_request *request,
                     struct buffer *ret_body, int *ret_status, struct error *error) {
    struct curl_context *context = opaque;
    long status = 0;
    context->reason[0] = '\0';
    if (prepare(context, request, ret_body, error) != 0)
        return -1;
    CURLcode rc = curl_easy_perform(context->post);
    if (rc != CURLE_OK)
        return error_set(error, code_of(rc), "", "%s: %s", request->address,
                         context->reason[0] ? context->reason : curl_easy_strerror(rc));
    curl_easy_getinfo(context->post, CURLINFO_RESPONSE_CODE, &status);
    *ret_status = (int)status;
    return 0;
}

static bool curl_reachable(void *opaque, const char *address) {
    (void)opaque;
    CURL *curl = curl_easy_init();
    if (!curl)
        return false;
    curl_easy_setopt(curl, CURLOPT_URL, address);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER,
                     0L); /* nothing is sent but a greeting */
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)PROBE_MS);
    CURLcode rc = curl_easy_perform(curl);
    curl_easy_cleanup(curl);
    return rc == CURLE_OK;
}

static void curl_close(void *opaque) {
    struct curl_context *context = opaque;
    if (!context)
        return;
    curl_easy_cleanup(context->post);
    curl_slist_free_all(context->headers);
    free(context);
}

int transport_curl_open(struct transport *ret, struct error *error) {
    struct curl_context *context = calloc(1, sizeof *context);
    if (!context)
        return error_out_of_memory(error);
    context->post = curl_easy_init();
    struct curl_slist *type =
        curl_slist_append(NULL, "Content-Type: application/msgpack");
    context->headers = curl_slist_append(type, "Expect:");
    if (!context->headers)
        curl_slist_free_all(type);
    if (!context->post || !context->headers) {
        curl_close(context);
        return error_out_of_memory(error);
    }
    *ret = (struct transport){context, curl_post, curl_reachable, curl_close};
    return 0;
}
