/*
 * Files: photos and signatures. Bytes come and go as they are; only pictures are shown by the browser, whatever a record says
 * that they are, and nothing in them may run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client-core/json.h"
#include "tools/web/internal.h"

enum { FILE_NAME = 640, LIMIT_ANSWER = 256 };

void api_file_add(struct visit *visit) {
    struct error error = {0};
    char file[SATCHEL_FILE_TEXT];
    if (satchel_file_add(visit->session->handle, visit->body.data, visit->body.size, file,
                         outer(&error)) != 0) {
        visit_fail(visit, &error);
        return;
    }
    struct buffer json = buffer_make(LIMIT_ANSWER);
    buffer_append_byte(&json, '{');
    json_put_name(&json, "file");
    json_put_string(&json, file);
    json_put_name(&json, "size");
    json_put_integer(&json, (int64_t)visit->body.size);
    buffer_append_byte(&json, '}');
    visit_answer_buffer(visit, &json);
    buffer_free(&json);
}

void api_files(struct visit *visit) {
    struct error error = {0};
    char *json = NULL;
    if (satchel_files(visit->session->handle, &json, outer(&error)) != 0)
        visit_fail(visit, &error);
    else
        visit_answer(visit, json);
    satchel_free(json);
}

/* What the bytes are, as their beginning says; NULL: nothing that a browser may show. */
static const char *picture_type(const char *data, size_t size) {
    static const struct {
        const char *begin;
        size_t size;
        const char *type;
    } kinds[] = {
        {"\xff\xd8\xff", 3, "image/jpeg"},
        {"\x89PNG\r\n\x1a\n", 8, "image/png"},
        {"GIF87a", 6, "image/gif"},
        {"GIF89a", 6, "image/gif"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (size > kinds[i].size && memcmp(data, kinds[i].begin, kinds[i].size) == 0)
            return kinds[i].type;
    bool webp =
        size > 12 && memcmp(data, "RIFF", 4) == 0 && memcmp(data + 8, "WEBP", 4) == 0;
    return webp ? "image/webp" : NULL;
}

/* "?name=…" as it was sent, in characters that a header takes; "" for anything else. */
static void read_name(const char *query, char ret[FILE_NAME]) {
    static const char taken[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789-._~%";
    size_t size = strlen(query);
    bool good = strncmp(query, "name=", 5) == 0 && size < FILE_NAME &&
                strspn(query + 5, taken) == size - 5;
    snprintf(ret, FILE_NAME, "%s", good ? query + 5 : "");
}

void api_file_read(struct visit *visit) {
    struct error error = {0};
    char headers[4096];
    char name[FILE_NAME];
    char *data = NULL;
    size_t size = 0;
    if (satchel_file_read(visit->session->handle, visit->rest, &data, &size,
                          outer(&error)) != 0) {
        visit_fail(visit, &error);
        return;
    }
    const char *picture = picture_type(data, size);
    read_name(visit->request->query, name);
    snprintf(headers, sizeof headers,
             "%sContent-Security-Policy: default-src 'none'; sandbox\r\n"
             "Cache-Control: no-store\r\nContent-Disposition: %s%s%s\r\n",
             pages_safety, picture ? "inline" : "attachment",
             name[0] ? "; filename*=UTF-8''" : "", name);
    http_answer(visit->request,
                &(struct http_answer){
                    .status = 200,
                    .type = picture ? picture : "application/octet-stream",
                    .headers = headers,
                    .body = {(const uint8_t *)data, size},
                });
    satchel_free(data);
}
