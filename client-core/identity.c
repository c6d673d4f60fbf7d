/*
 * Who a station is and whom it trusts.
 */
#include "client-core/identity.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "client-core/roles.h"
#include "client-core/state.h"

enum { CERTIFICATE_SIZE = LIMIT_ENROL_REQUEST };

int certificate_open(struct bytes envelope, const struct sign_public *key,
                     struct certificate *ret, struct error *error) {
    struct envelope opened;
    if (envelope_open(envelope, &opened, error) != 0 ||
        envelope_verify(&opened, "satchel certificate", key, error) != 0)
        return error_set(error, "server.key", "",
                         "the certificate was not signed by the server that invited");
    return certificate_decode(opened.body, ret, error);
}

/* A setting as text into a field of fixed size. */
static int load_text(struct replica *replica, const char *name, char *ret, size_t room,
                     struct error *error) {
    struct buffer text = buffer_make(room - 1);
    int failed = setting_bytes(replica, name, &text, error);
    if (!failed)
        memcpy(ret, buffer_text(&text), text.size + 1);
    buffer_free(&text);
    return failed;
}

/* The server's key that signed the certificate, when it is not the one that is trusted now. */
static int load_signer(struct replica *replica, const struct sign_public *server_key,
                       struct sign_public *ret, struct error *error) {
    struct buffer key = buffer_make(SIGN_PUBLIC);
    int failed = setting_bytes(replica, "certificate_key", &key, error);
    *ret = *server_key;
    if (!failed && key.size == SIGN_PUBLIC)
        memcpy(ret->bytes, key.data, SIGN_PUBLIC);
    buffer_free(&key);
    return failed;
}

static int load_key(struct replica *replica, struct sign_public *ret,
                    struct error *error) {
    struct buffer key = buffer_make(SIGN_PUBLIC);
    int failed = setting_bytes(replica, "server_key", &key, error);
    if (!failed && key.size != SIGN_PUBLIC)
        failed = error_set(error, "database.corrupt", "", "the server's key is missing");
    if (!failed)
        memcpy(ret->bytes, key.data, SIGN_PUBLIC);
    buffer_free(&key);
    return failed;
}

int identity_read_pin(struct replica *replica, struct tls_pin *ret, struct error *error) {
    struct buffer pin = buffer_make(sizeof ret->hash);
    int failed = setting_bytes(replica, "tls_pin", &pin, error);
    *ret = (struct tls_pin){.known = !failed && pin.size == sizeof ret->hash};
    if (ret->known)
        memcpy(ret->hash, pin.data, sizeof ret->hash);
    buffer_free(&pin);
    return failed;
}

static int load_rest(struct replica *replica, struct identity *ret, struct error *error) {
    if (load_text(replica, "org_name", ret->org_name, sizeof ret->org_name, error) != 0 ||
        load_text(replica, "address", ret->address, sizeof ret->address, error) != 0 ||
        load_text(replica, "ca_file", ret->ca_file, sizeof ret->ca_file, error) != 0 ||
        identity_read_pin(replica, &ret->pin, error) != 0 ||
        setting_integer(replica, "epoch", &ret->epoch, error) != 0)
        return -1;
    ret->ceiling = roles_of_text(replica->catalogue, ret->certificate.ceiling);
    return 0;
}

int identity_load(struct replica *replica, struct identity *ret, bool *ret_enrolled,
                  struct error *error) {
    struct buffer certificate = buffer_make(CERTIFICATE_SIZE);
    int failed = setting_bytes(replica, "certificate", &certificate, error);
    bool enrolled = !failed && certificate.size > 0;
    if (enrolled)
        failed = load_key(replica, &ret->server_key, error) != 0 ||
                 load_signer(replica, &ret->server_key, &ret->signer, error) != 0 ||
                 certificate_open(buffer_bytes(&certificate), &ret->signer,
                                  &ret->certificate, error) != 0 ||
                 load_rest(replica, ret, error) != 0;
    buffer_free(&certificate);
    if (failed)
        return -1;
    *ret_enrolled = enrolled;
    return 0;
}

bool identity_is_shared(const struct identity *identity) {
    const struct certificate *certificate = &identity->certificate;
    return certificate->everyone || certificate->actor_count != 1;
}

static int another_key(struct error *error) {
    return error_set(error, "server.key", "",
                     "headquarters has another key, but not from the one that this "
                     "station trusts");
}

int identity_follow(const struct identity *identity, struct key_notices notices,
                    struct sign_public *ret, struct error *error) {
    struct sign_public key = identity->server_key;
    bool reached = notices.count == 0;
    for (size_t i = 0; i < notices.count; i++) {
        struct key_notice notice;
        if (key_notice_open(notices.notices[i], &notice, error) != 0 ||
            !id_equal(notice.org, identity->certificate.org))
            return another_key(error);
        if (memcmp(&notice.former, &key, sizeof key) == 0) {
            key = notice.next;
            reached = true;
        } else if (reached) {
            return another_key(error);
        } else { /* one that was followed before, with an earlier answer */
            reached = memcmp(&notice.next, &key, sizeof key) == 0;
        }
    }
    *ret = key;
    return reached ? 0 : another_key(error);
}

int identity_trust(struct replica *replica, const struct identity *identity,
                   const struct sign_public *key, struct error *error) {
    struct bytes trusted = {key->bytes, SIGN_PUBLIC};
    struct bytes signer = {identity->signer.bytes, SIGN_PUBLIC};
    return setting_set(replica, "server_key", value_blob(trusted), error) != 0
               ? -1
               : setting_set(replica, "certificate_key", value_blob(signer), error);
}

static int keep_paper(struct replica *replica, struct error *error) {
    static const char sql[] =
        "insert into station_paper (certificate)"
        " select value from station_setting where name = 'certificate'";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    return statement ? replica_finish(replica, statement, error) : -1;
}

int identity_papers(struct replica *replica, struct arena *arena, struct bytes **ret,
                    size_t *ret_count, struct error *error) {
    static const char sql[] = "select certificate from (select position, certificate"
                              " from station_paper order by position desc limit ?1)"
                              " order by position";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    bool row = true;
    *ret_count = 0;
    *ret = arena_alloc_array(arena, LIMIT_PAPERS, sizeof **ret);
    if (!statement || !*ret)
        return statement ? error_out_of_memory(error) : -1;
    sqlite3_bind_int(statement, 1, LIMIT_PAPERS);
    while (row) {
        if (replica_step(replica, statement, &row, error) != 0)
            return -1;
        if (!row)
            break;
        struct bytes paper = arena_copy(arena, column_bytes(statement, 0));
        if (!paper.data) {
            sqlite3_reset(statement);
            return error_out_of_memory(error);
        }
        (*ret)[(*ret_count)++] = paper;
    }
    sqlite3_reset(statement);
    return 0;
}

int identity_certify(struct replica *replica, struct bytes certificate,
                     const struct sign_public *signer, struct error *error) {
    struct bytes key = {signer->bytes, SIGN_PUBLIC};
    return keep_paper(replica, error) != 0 ||
                   setting_set(replica, "certificate", value_blob(certificate), error) !=
                       0
               ? -1
               : setting_set(replica, "certificate_key", value_blob(key), error);
}

int identity_save(struct replica *replica, const struct enrolment *enrolment,
                  struct error *error) {
    const struct enrol_response *response = enrolment->response;
    struct bytes key = {enrolment->server_key->bytes, SIGN_PUBLIC};
    if (setting_set(replica, "certificate_key", value_blob(key), error) != 0 ||
        setting_set(replica, "certificate", value_blob(response->certificate), error) !=
            0 ||
        setting_set(replica, "server_key", value_blob(key), error) != 0 ||
        setting_set(replica, "org_name", value_text(response->org_name), error) != 0 ||
        setting_set(replica, "epoch", value_integer(response->epoch), error) != 0 ||
        setting_set(replica, "rows_epoch", value_integer(response->epoch), error) != 0 ||
        setting_set(replica, "server_schema_version",
                    value_integer(response->schema_version), error) != 0 ||
        setting_set(replica, "revoked_at", value_integer(0), error) != 0 ||
        setting_set(replica, "wiped", value_integer(0), error) != 0)
        return -1;
    return identity_move(replica, enrolment->address, enrolment->ca_file, error);
}

/* --- the address --------------------------------------------------------------------------------- */

/* Behind "http://"; a name, numbers with dots, or an IPv6 address in brackets. */
static size_t host_size(const char *text) {
    size_t size = 0;
    if (text[0] == '[') {
        size = 1 + strspn(text + 1, "0123456789abcdefABCDEF:.");
        return size > 1 && text[size] == ']' ? size + 1 : 0;
    }
    while (isalnum((unsigned char)text[size]) ||
           (text[size] && strchr("-._", text[size])))
        size++;
    return size;
}

static bool is_port(const char *text) {
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 5 || text[digits])
        return false;
    long port = strtol(text, NULL, 10);
    return port >= 1 && port <= 65535;
}

static bool is_address(const char *address) {
    size_t scheme = strncmp(address, "http://", 7) == 0    ? 7
                    : strncmp(address, "https://", 8) == 0 ? 8
                                                           : 0;
    if (scheme == 0 || strlen(address) >= IDENTITY_ADDRESS)
        return false;
    size_t host = host_size(address + scheme);
    const char *rest = address + scheme + host;
    return host > 0 && (rest[0] == '\0' || (rest[0] == ':' && is_port(rest + 1)));
}

static int read_address(const char *text, char ret[IDENTITY_ADDRESS],
                        struct tls_pin *ret_pin, struct error *error) {
    if (pinned_address_parse(text, ret, IDENTITY_ADDRESS, ret_pin, error) != 0)
        return -1;
    return is_address(ret) ? 0
                           : error_set(error, "address.invalid", "address",
                                       "The address of a server is http://HOST[:PORT] or "
                                       "https://HOST[:PORT], not \"%.100s\".",
                                       text);
}

int identity_check_address(const char *address, struct error *error) {
    char plain[IDENTITY_ADDRESS];
    struct tls_pin pin;
    return read_address(address, plain, &pin, error);
}

static int save_address(struct replica *replica, const char *text, struct error *error) {
    char address[IDENTITY_ADDRESS];
    struct tls_pin pin;
    if (read_address(text, address, &pin, error) != 0)
        return -1;
    struct bytes hash = {pin.hash, pin.known ? sizeof pin.hash : 0};
    return setting_set(replica, "address", value_text(address), error) != 0
               ? -1
               : setting_set(replica, "tls_pin", value_blob(hash), error);
}

int identity_move(struct replica *replica, const char *address, const char *ca_file,
                  struct error *error) {
    if (ca_file && strlen(ca_file) >= IDENTITY_FILE)
        return error_set(error, "transport.tls", "ca_file", "the path is too long");
    if (address && save_address(replica, address, error) != 0)
        return -1;
    if (ca_file && setting_set(replica, "ca_file", value_text(ca_file), error) != 0)
        return -1;
    return 0;
}
