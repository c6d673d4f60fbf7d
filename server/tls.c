/* Keys and certificates of headquarters. The only file that knows OpenSSL. */
#include "server/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "server/internal.h"

enum { CHAIN_MAX = 10, SERIAL_SIZE = 16, HOST_SIZE = 256, SPKI_MAX = 16384 };

/* What a PEM file holds. */
struct pem {
    EVP_PKEY *key;
    X509 *chain[CHAIN_MAX]; /* the certificate first */
    size_t count;
};

static void pem_free(struct pem *pem) {
    EVP_PKEY_free(pem->key);
    for (size_t i = 0; i < pem->count; i++) {
        X509_free(pem->chain[i]);
    }
    *pem = (struct pem){0};
}

/* OpenSSL's own words, in the message. */
static int fail(struct error *error, const char *code, const char *what) {
    char reason[160] = "";
    unsigned long number = ERR_get_error();
    if (number != 0) {
        ERR_error_string_n(number, reason, sizeof reason);
    }
    ERR_clear_error();
    return error_set(error, code, "certificate", "%s%s%s", what, reason[0] ? ": " : "",
                     reason);
}

/* --- reading --------------------------------------------------------------------------------------- */

static int fail_to_read(const char *path, struct error *error) {
    return error_from_system(error, "tls.file", NULL, "certificate", errno, "cannot read",
                             path);
}

static int read_key(const char *path, EVP_PKEY **ret, struct error *error) {
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return fail_to_read(path, error);
    }
    char none[] = ""; /* without one OpenSSL would ask for a password on the terminal */
    *ret = PEM_read_PrivateKey(file, NULL, NULL, none);
    fclose(file);
    ERR_clear_error();
    return 0;
}

static int read_chain(const char *path, struct pem *ret, struct error *error) {
    FILE *file = fopen(path, "re");
    X509 *certificate = NULL;
    char none[] = "";
    if (file == NULL) {
        return fail_to_read(path, error);
    }
    while (ret->count < CHAIN_MAX &&
           (certificate = PEM_read_X509(file, NULL, NULL, none)) != NULL) {
        ret->chain[ret->count++] = certificate;
    }
    fclose(file);
    ERR_clear_error();
    return ret->count > 0 ? 0
                          : error_set(error, "tls.certificate", "certificate",
                                      "%.300s holds no certificate in PEM form", path);
}

static int pem_read(const char *certificate, const char *key, struct pem *ret,
                    struct error *error) {
    *ret = (struct pem){0};
    if (read_chain(certificate, ret, error) != 0 ||
        read_key(key ? key : certificate, &ret->key, error) != 0) {
        pem_free(ret);
        return -1;
    }
    return 0;
}

static int64_t time_ms(const ASN1_TIME *time) {
    struct tm parts;
    return ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) * 1000 : 0;
}

static int read_pin(X509 *certificate, struct tls_pin *ret, struct error *error) {
    uint8_t *der = NULL;
    int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    unsigned int hashed = 0;
    ret->known = size > 0 && size < SPKI_MAX &&
                 EVP_Digest(der, (size_t)size, ret->hash, &hashed, EVP_sha256(), NULL) &&
                 hashed == sizeof ret->hash;
    OPENSSL_free(der);
    return ret->known ? 0
                      : fail(error, "tls.certificate", "the public key is unreadable");
}

static size_t put_name(char *ret, size_t size, size_t room, const char *name) {
    int wrote = snprintf(ret + size, room - size, "%s%s", size ? ", " : "", name);
    return wrote > 0 && (size_t)wrote < room - size ? size + (size_t)wrote : size;
}

static void read_ip(const ASN1_OCTET_STRING *address, char *ret, size_t size) {
    const uint8_t *bytes = ASN1_STRING_get0_data(address);
    int length = ASN1_STRING_length(address);
    size_t used = 0;
    ret[0] = '\0';
    if (length == 4) {
        snprintf(ret, size, "%d.%d.%d.%d", bytes[0], bytes[1], bytes[2], bytes[3]);
    }
    for (int i = 0; length == 16 && i < 16; i += 2) {
        used += (size_t)snprintf(ret + used, size - used, "%s%x", i ? ":" : "",
                                 (unsigned)(bytes[i] << 8 | bytes[i + 1]));
    }
}

static void read_names(X509 *certificate, char *ret, size_t room) {
    GENERAL_NAMES *names =
        X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    size_t size = 0;
    ret[0] = '\0';
    for (int i = 0; names != NULL && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        char text[HOST_SIZE] = "";
        if (name->type == GEN_DNS) {
            snprintf(text, sizeof text, "%.*s", ASN1_STRING_length(name->d.dNSName),
                     (const char *)ASN1_STRING_get0_data(name->d.dNSName));
        } else if (name->type == GEN_IPADD) {
            read_ip(name->d.iPAddress, text, sizeof text);
        }
        size = text[0] ? put_name(ret, size, room, text) : size;
    }
    GENERAL_NAMES_free(names);
}

static bool is_self_signed(X509 *certificate) {
    bool own = X509_NAME_cmp(X509_get_subject_name(certificate),
                             X509_get_issuer_name(certificate)) == 0;
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    own = own && key != NULL && X509_verify(certificate, key) == 1;
    ERR_clear_error();
    return own;
}

int tls_read(const char *path, struct tls_facts *ret, struct error *error) {
    struct pem pem = {0};
    *ret = (struct tls_facts){0};
    if (read_chain(path, &pem, error) != 0) {
        return -1;
    }
    X509 *certificate = pem.chain[0];
    X509_NAME_oneline(X509_get_subject_name(certificate), ret->subject,
                      sizeof ret->subject);
    read_names(certificate, ret->names, sizeof ret->names);
    ret->not_before = time_ms(X509_get0_notBefore(certificate));
    ret->not_after = time_ms(X509_get0_notAfter(certificate));
    ret->self_signed = is_self_signed(certificate);
    int result = read_pin(certificate, &ret->pin, error);
    pem_free(&pem);
    return result;
}

/* "https://[::1]:8787" → "::1" */
static bool host_of(const char *address, char ret[HOST_SIZE]) {
    const char *host = strstr(address, "://");
    host = host ? host + 3 : address;
    bool bracket = host[0] == '[';
    host += bracket ? 1 : 0;
    size_t size = strcspn(host, bracket ? "]" : ":/#");
    if (size == 0 || size >= HOST_SIZE) {
        return false;
    }
    memcpy(ret, host, size);
    ret[size] = '\0';
    return true;
}

int tls_names_host(const char *path, const char *address, bool *ret,
                   struct error *error) {
    struct pem pem = {0};
    char host[HOST_SIZE];
    if (read_chain(path, &pem, error) != 0) {
        return -1;
    }
    *ret =
        host_of(address, host) && (X509_check_host(pem.chain[0], host, 0, 0, NULL) == 1 ||
                                   X509_check_ip_asc(pem.chain[0], host, 0) == 1);
    ERR_clear_error();
    pem_free(&pem);
    return 0;
}

/* --- writing ------------------------------------------------------------------------------------------ */

static int put_pem(const struct pem *pem, FILE *file) {
    int good = PEM_write_PrivateKey(file, pem->key, NULL, NULL, 0, NULL, NULL);
    for (size_t i = 0; i < pem->count && good; i++) {
        good = PEM_write_X509(file, pem->chain[i]);
    }
    return good && fflush(file) == 0 && fsync(fileno(file)) == 0 ? 0 : -1;
}

static int write_draft(const struct pem *pem, const char *draft) {
    unlink(draft); /* of a run that was cut short */
    int fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (file == NULL) {
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    int result = put_pem(pem, file);
    return fclose(file) == 0 ? result : -1;
}

/* The whole file or none of it: a server that starts meanwhile sees one or the other. */
static int pem_write(const struct pem *pem, const char *data, struct error *error) {
    char *path = server_path(data, TLS_FILE);
    char *draft = server_path(data, TLS_FILE ".new");
    int result = path && draft ? 0 : error_out_of_memory(error);
    if (result == 0 && (write_draft(pem, draft) != 0 || rename(draft, path) != 0)) {
        result = error_from_system(error, "tls.file", NULL, "data", errno, "cannot write",
                                   path);
    }
    free(path);
    free(draft);
    return result;
}

/* --- making --------------------------------------------------------------------------------------------- */

static bool is_ip(const char *name) {
    ASN1_OCTET_STRING *address = a2i_IPADDRESS(name);
    bool found = address != NULL;
    ASN1_OCTET_STRING_free(address);
    ERR_clear_error();
    return found;
}

/* What may stand in a certificate: the name goes into OpenSSL's own little language. */
static bool is_host(const char *name) {
    static const char LETTERS[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-*_";
    size_t size = strlen(name);
    return is_ip(name) ||
           (size > 0 && size < HOST_SIZE - 8 && strspn(name, LETTERS) == size);
}

static void add_name(const char *name, const char *ret[TLS_NAMES], size_t *count) {
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(ret[i], name) == 0) {
            return;
        }
    }
    ret[(*count)++] = name;
}

static int collect_names(const struct tls_self_signed *wanted, char host[HOST_SIZE],
                         const char *ret[TLS_NAMES], size_t *ret_count,
                         struct error *error) {
    static const char *const OWN[] = {"localhost", "127.0.0.1", "::1"};
    size_t count = 0;
    if (wanted->host_count > TLS_NAMES - 4) {
        return error_set(error, "tls.name", "host", "at most %d names", TLS_NAMES - 4);
    }
    if (wanted->address != NULL && host_of(wanted->address, host)) {
        add_name(host, ret, &count);
    }
    for (size_t i = 0; i < wanted->host_count; i++) {
        add_name(wanted->hosts[i], ret, &count);
    }
    for (size_t i = 0; i < sizeof OWN / sizeof *OWN; i++) {
        add_name(OWN[i], ret, &count);
    }
    for (size_t i = 0; i < count; i++) {
        if (!is_host(ret[i])) {
            return error_set(error, "tls.name", "host",
                             "\"%.100s\" is neither a host name nor an IP address",
                             ret[i]);
        }
    }
    *ret_count = count;
    return 0;
}

static int add_extension(X509 *certificate, int kind, const char *text) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, text);
    int good = extension != NULL && X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return good;
}

static int add_extensions(X509 *certificate, const char *const *names, size_t count) {
    struct buffer text = buffer_make(LIMIT_TEXT);
    for (size_t i = 0; i < count; i++) {
        buffer_printf(&text, "%s%s:%s", i ? "," : "", is_ip(names[i]) ? "IP" : "DNS",
                      names[i]);
    }
    int good = !text.failed &&
               add_extension(certificate, NID_subject_alt_name, buffer_text(&text)) &&
               add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
               add_extension(certificate, NID_key_usage, "critical,digitalSignature") &&
               add_extension(certificate, NID_ext_key_usage, "serverAuth");
    buffer_free(&text);
    return good;
}

static int set_times(X509 *certificate, const struct tls_self_signed *wanted) {
    int64_t now = wanted->env->wall_ms(wanted->env->context) / 1000;
    int64_t days = wanted->days > 0 ? wanted->days : TLS_DAYS;
    /* Stations' clocks may be a day slow. */
    return ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)(now - 86400)) !=
               NULL &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)(now + days * 86400)) !=
               NULL;
}

static int set_serial(X509 *certificate, const struct env *env) {
    uint8_t bytes[SERIAL_SIZE];
    env->random(env->context, bytes, sizeof bytes);
    bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40); /* positive, and always as long */
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    int good = number != NULL &&
               BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return good;
}

static int fill(X509 *certificate, EVP_PKEY *key, const struct tls_self_signed *wanted,
                const char *const *names, size_t count) {
    X509_NAME *subject = X509_get_subject_name(certificate);
    char common[65];
    snprintf(common, sizeof common, "%s", names[0]);
    return X509_set_version(certificate, X509_VERSION_3) &&
           set_serial(certificate, wanted->env) && set_times(certificate, wanted) &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                      (const unsigned char *)common, -1, -1, 0) &&
           X509_set_issuer_name(certificate, subject) &&
           X509_set_pubkey(certificate, key) &&
           add_extensions(certificate, names, count) &&
           X509_sign(certificate, key, EVP_sha256()) > 0;
}

/* The key that is there, so that stations that pinned it need no word of the new certificate; NULL when there is none yet, or
 * an authority's certificate goes with it. A file without a readable key is not written over: stations may have pinned what
 * was in it. */
static int known_key(const char *path, EVP_PKEY **ret, struct error *error) {
    struct pem pem = {0};
    *ret = NULL;
    if (access(path, F_OK) != 0) {
        return 0;
    }
    if (read_key(path, &pem.key, error) != 0) {
        return -1;
    }
    if (pem.key == NULL) {
        return error_set(
            error, "tls.key", "data",
            "%.300s holds no key that can be read; put a copy of it back, or "
            "make another key with --new-key: stations that know the old "
            "one by its pin have to be told",
            path);
    }
    if (read_chain(path, &pem, NULL) != 0 || is_self_signed(pem.chain[0])) {
        *ret = pem.key;
        pem.key = NULL;
    }
    pem_free(&pem);
    return 0;
}

static int choose_key(const char *data, const struct tls_self_signed *wanted,
                      EVP_PKEY **ret, struct error *error) {
    char *path = server_path(data, TLS_FILE);
    int result = path == NULL      ? error_out_of_memory(error)
                 : wanted->new_key ? 0
                                   : known_key(path, ret, error);
    free(path);
    if (result == 0 && *ret == NULL) {
        *ret = EVP_EC_gen("P-256");
    }
    return result;
}

int tls_make(const char *data, const struct tls_self_signed *wanted,
             struct error *error) {
    char host[HOST_SIZE];
    const char *names[TLS_NAMES];
    size_t count = 0;
    if (wanted->days < 0 || wanted->days > TLS_DAYS_MAX) {
        return error_set(error, "tls.days", "days", "a certificate holds 1 to %d days",
                         TLS_DAYS_MAX);
    }
    if (collect_names(wanted, host, names, &count, error) != 0) {
        return -1;
    }
    struct pem pem = {.count = 1};
    if (choose_key(data, wanted, &pem.key, error) != 0) {
        return -1;
    }
    pem.chain[0] = X509_new();
    int result = -1;
    if (pem.key == NULL || pem.chain[0] == NULL ||
        !fill(pem.chain[0], pem.key, wanted, names, count)) {
        fail(error, "tls.certificate", "the certificate cannot be made");
    } else {
        result = pem_write(&pem, data, error);
    }
    pem_free(&pem);
    return result;
}

/* --- from an authority ------------------------------------------------------------------------------------ */

static int check_times(const struct pem *pem, const struct env *env,
                       struct error *error) {
    int64_t now = env->wall_ms(env->context);
    for (size_t i = 0; i < pem->count; i++) {
        if (time_ms(X509_get0_notAfter(pem->chain[i])) < now) {
            return error_set(error, "tls.expired", "certificate",
                             "certificate %zu of the file has expired; ask for a new one",
                             i + 1);
        }
    }
    return time_ms(X509_get0_notBefore(pem->chain[0])) <= now
               ? 0
               : error_set(error, "tls.expired", "certificate",
                           "the certificate is not valid yet; is this machine's clock "
                           "right?");
}

static int check_chain(const struct pem *pem, struct error *error) {
    for (size_t i = 0; i + 1 < pem->count; i++) {
        EVP_PKEY *issuer = X509_get0_pubkey(pem->chain[i + 1]);
        if (issuer == NULL || X509_verify(pem->chain[i], issuer) != 1) {
            ERR_clear_error();
            return error_set(error, "tls.chain", "certificate",
                             "certificate %zu of the file was not issued by the one "
                             "behind it; the order is: server, intermediates",
                             i + 1);
        }
    }
    return 0;
}

static int check_key(const struct pem *pem, struct error *error) {
    if (pem->key == NULL) {
        return error_set(error, "tls.key", "key",
                         "there is no private key without password; name its file: "
                         "--key PEM");
    }
    if (X509_check_private_key(pem->chain[0], pem->key) != 1) {
        ERR_clear_error();
        return error_set(error, "tls.key", "key",
                         "the private key is not that of the certificate");
    }
    return 0;
}

int tls_install(const char *data, const struct tls_import *import, struct error *error) {
    struct pem pem = {0};
    if (pem_read(import->certificate, import->key, &pem, error) != 0) {
        return -1;
    }
    int result = check_key(&pem, error) != 0 || check_chain(&pem, error) != 0 ||
                         check_times(&pem, import->env, error) != 0
                     ? -1
                     : pem_write(&pem, data, error);
    pem_free(&pem);
    return result;
}

int tls_copy(const char *data, const char *to, struct error *error) {
    struct pem pem = {0};
    char *path = server_path(data, TLS_FILE);
    int result = path == NULL ? error_out_of_memory(error) : 0;
    if (path != NULL && access(path, F_OK) == 0) {
        result = pem_read(path, NULL, &pem, error);
        if (result == 0 && check_key(&pem, error) != 0) {
            result = -1;
        }
        if (result == 0) {
            result = pem_write(&pem, to, error);
        }
        pem_free(&pem);
    }
    free(path);
    return result;
}
