/*
 * The network: libcurl. The only file that knows it.
 *
 * TLS is verified against the system's authorities and the station's own CA file; where the address
 * has a pin, by that public key alone. No
 * redirects. Connections are kept for the next request. A transfer that crawls below 100 bytes/s for
 * 30 s is given up; a slow one is not.
 */
#include "client-core/transport.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONNECT_MS = 5000,
    PROBE_MS = 1000,
    LOW_SPEED_BYTES = 100,
    LOW_SPEED_SECONDS = 30,
    URL_SIZE = 1024,
    CA_SIZE = 4 * 1024 * 1024,
    PIN_SIZE = 64
};

struct curl_context {
    pthread_mutex_t lock;
    CURL *post; /* whose connection stays; NULL while somebody uses it */
    struct curl_slist *headers;
};

/* One transfer: from any thread, each with a handle of its own. */
struct transfer {
    CURL *curl;
    char reason[CURL_ERROR_SIZE];
};

static int take_handle(struct curl_context *context, struct transfer *ret,
                       struct error *error) {
    pthread_mutex_lock(&context->lock);
    ret->curl = context->post;
    context->post = NULL;
    pthread_mutex_unlock(&context->lock);
    if (!ret->curl)
        ret->curl = curl_easy_init();
    return ret->curl ? 0 : error_out_of_memory(error);
}

static void give_handle(struct curl_context *context, struct transfer *transfer) {
    pthread_mutex_lock(&context->lock);
    CURL *spare = context->post ? transfer->curl : NULL;
    if (!spare)
        context->post = transfer->curl;
    pthread_mutex_unlock(&context->lock);
    curl_easy_cleanup(spare);
}

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
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
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

/* libcurl takes a pin as "sha256//" and base64. */
static void pin_text(const struct tls_pin *pin, char ret[PIN_SIZE]) {
    static const char DIGITS[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t size = (size_t)snprintf(ret, PIN_SIZE, "sha256//");
    for (size_t i = 0; i < sizeof pin->hash; i += 3) {
        size_t given = sizeof pin->hash - i < 3 ? sizeof pin->hash - i : 3;
        uint32_t group = (uint32_t)pin->hash[i] << 16;
        group |= given > 1 ? (uint32_t)pin->hash[i + 1] << 8 : 0;
        group |= given > 2 ? pin->hash[i + 2] : 0;
        for (size_t k = 0; k < 4; k++)
            ret[size++] = k <= given ? DIGITS[group >> (18 - 6 * k) & 63] : '=';
    }
    ret[size] = '\0';
}

/* Nobody vouches for the certificate, nor for the name in it: the key alone says who it is. */
static void trust_pin(CURL *curl, const struct tls_pin *pin) {
    char text[PIN_SIZE];
    pin_text(pin, text);
    curl_easy_setopt(curl, CURLOPT_PINNEDPUBLICKEY, text);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
}

static int prepare(struct transfer *transfer, struct curl_slist *headers,
                   const struct transport_request *request, struct buffer *body,
                   struct error *error) {
    CURL *curl = transfer->curl;
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
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
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
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, transfer->reason);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (request->pin.known) {
        trust_pin(curl, &request->pin);
        return 0;
    }
    if (request->ca_file && request->ca_file[0])
        return trust_file(curl, request->ca_file, error);
    return 0;
}

static int fail_with(const struct transfer *transfer,
                     const struct transport_request *request, CURLcode rc,
                     struct error *error) {
    const char *reason = transfer->reason[0] ? transfer->reason : curl_easy_strerror(rc);
    if (rc == CURLE_SSL_PINNEDPUBKEYNOTMATCH)
        return error_set(
            error, "transport.tls", "address",
            "%s shows another TLS key than this station was told to trust. If "
            "headquarters changed its certificate, ask for the address that "
            "`satcheld tls show` prints and run `satchel move ADDRESS`.",
            request->address);
    if (rc == CURLE_PEER_FAILED_VERIFICATION)
        return error_set(
            error, "transport.tls", "address",
            "%s: %.200s. If headquarters made its certificate itself, ask for "
            "the address with its pin (`satcheld tls show`) and run `satchel "
            "move ADDRESS`.",
            request->address, reason);
    return error_set(error, code_of(rc), "", "%s: %s", request->address, reason);
}

/* Whoever is cut off within the headers has a status and an empty body: libcurl takes the end of the connection for
 * the end of an answer that does not say how long it is. */
static bool is_cut_off(CURL *curl) {
    curl_off_t length = -1;
    long version = 0;
    struct curl_header *coding = NULL;
    curl_easy_getinfo(curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    curl_easy_getinfo(curl, CURLINFO_HTTP_VERSION, &version);
    return length < 0 && version <= CURL_HTTP_VERSION_1_1 &&
           curl_easy_header(curl, "Transfer-Encoding", 0, CURLH_HEADER, -1, &coding) !=
               CURLHE_OK;
}

static int run_transfer(struct transfer *transfer, struct curl_slist *headers,
                        const struct transport_request *request, struct buffer *ret_body,
                        int *ret_status, struct error *error) {
    long status = 0;
    if (prepare(transfer, headers, request, ret_body, error) != 0)
        return -1;
    CURLcode rc = curl_easy_perform(transfer->curl);
    if (rc != CURLE_OK)
        return fail_with(transfer, request, rc, error);
    if (is_cut_off(transfer->curl))
        return error_set(error, "transport.unreachable", "", "%s: the answer was cut off",
                         request->address);
    curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &status);
    *ret_status = (int)status;
    return 0;
}

static int curl_post(void *opaque, const struct transport_request *request,
                     struct buffer *ret_body, int *ret_status, struct error *error) {
    struct curl_context *context = opaque;
    struct transfer transfer = {.reason = ""};
    if (take_handle(context, &transfer, error) != 0)
        return -1;
    int failed =
        run_transfer(&transfer, context->headers, request, ret_body, ret_status, error);
    curl_easy_setopt(transfer.curl, CURLOPT_ERRORBUFFER, NULL);
    give_handle(context, &transfer);
    return failed;
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
    pthread_mutex_destroy(&context->lock);
    free(context);
}

int transport_curl_open(struct transport *ret, struct error *error) {
    struct curl_context *context = calloc(1, sizeof *context);
    if (!context || pthread_mutex_init(&context->lock, NULL) != 0) {
        free(context);
        return error_out_of_memory(error);
    }
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
