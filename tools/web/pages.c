/*
 * Files under assets/ carry a hash of their content in their names, so they may be kept for ever; the others are asked for
 * each time, with an ETag.
 */
#include "tools/web/pages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/hash.h"
#include "tools/app/assets.h"
#include "tools/web/asset_folder.h"

enum { ETAG = 20 };

struct page {
    const struct app_asset *asset;
    const char *path; /* without a slash at its head */
    char etag[ETAG];
};

struct pages {
    struct asset_folder *folder; /* NULL: the assets are the program's own */
    size_t count;
    struct page pages[];
};

/* Scripts, styles and pictures come from here alone, nothing runs that stands in a page, nobody frames it. */
const char pages_safety[] =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: same-origin\r\n"
    "Permissions-Policy: geolocation=(self), camera=(self), microphone=(), payment=(), "
    "usb=()\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n";

static void page_fill(struct page *page, const struct app_asset *asset) {
    uint8_t hash[HASH_SIZE];
    hash_blake2b((struct bytes){asset->data, asset->size}, hash);
    page->asset = asset;
    page->path = asset->path + (asset->path[0] == '/');
    page->etag[0] = '"';
    for (size_t i = 0; i < 8; i++)
        snprintf(page->etag + 1 + 2 * i, 3, "%02x", hash[i]);
    snprintf(page->etag + 17, 2, "\"");
}

int pages_make(const struct app_asset *assets, size_t count, const char *folder,
               struct pages **ret, struct error *error) {
    struct asset_folder *read = NULL;
    if (folder != NULL && asset_folder_read(folder, &read, &assets, &count, error) != 0)
        return -1;
    struct pages *pages = calloc(1, sizeof *pages + count * sizeof pages->pages[0]);
    if (pages == NULL) {
        asset_folder_free(read);
        return error_out_of_memory(error);
    }
    pages->folder = read;
    pages->count = count;
    for (size_t i = 0; i < count; i++)
        page_fill(&pages->pages[i], &assets[i]);
    *ret = pages;
    return 0;
}

void pages_free(struct pages *pages) {
    if (pages == NULL)
        return;
    asset_folder_free(pages->folder);
    free(pages);
}

static const struct page *find(const struct pages *pages, const char *path) {
    for (size_t i = 0; i < pages->count; i++)
        if (strcmp(pages->pages[i].path, path) == 0)
            return &pages->pages[i];
    return NULL;
}

static bool has_ending(const char *path) {
    const char *slash = strrchr(path, '/');
    return strchr(slash != NULL ? slash : path, '.') != NULL;
}

static bool accepts_gzip(const struct http_request *request) {
    const char *accepted = http_header(request, "Accept-Encoding");
    const char *found = accepted != NULL ? strstr(accepted, "gzip") : NULL;
    return found != NULL && strncmp(found, "gzip;q=0", 8) != 0;
}

static void answer_page(const struct http_request *request, const struct page *page) {
    char headers[2048];
    const char *known = http_header(request, "If-None-Match");
    bool same = known != NULL && strstr(known, page->etag) != NULL;
    bool gzip = page->asset->gzip != NULL && accepts_gzip(request);
    bool forever = strncmp(page->path, "assets/", 7) == 0;
    snprintf(headers, sizeof headers,
             "%sCache-Control: %s\r\nETag: %s\r\nVary: Accept-Encoding\r\n%s",
             pages_safety, forever ? "public, max-age=31536000, immutable" : "no-cache",
             page->etag, gzip && !same ? "Content-Encoding: gzip\r\n" : "");
    struct http_answer answer = {
        .status = same ? 304 : 200,
        .type = page->asset->type,
        .headers = headers,
    };
    if (!same)
        answer.body = gzip ? (struct bytes){page->asset->gzip, page->asset->gzip_size}
                           : (struct bytes){page->asset->data, page->asset->size};
    http_answer(request, &answer);
}

static void answer_words(const struct http_request *request, int status,
                         const char *words) {
    char headers[2048];
    snprintf(headers, sizeof headers, "%sCache-Control: no-store\r\n%s", pages_safety,
             status == 405 ? "Allow: GET, HEAD\r\n" : "");
    http_answer(request, &(struct http_answer){
                             .status = status,
                             .type = "text/plain; charset=utf-8",
                             .headers = headers,
                             .body = bytes_of_text(words),
                         });
}

void pages_answer(const struct pages *pages, const struct http_request *request) {
    const char *path = request->path + 1;
    bool head = strcmp(request->method, "HEAD") == 0;
    if (!head && strcmp(request->method, "GET") != 0) {
        answer_words(request, 405, "Pages are read with GET.\n");
        return;
    }
    const struct page *page = path[0] != '\0' ? find(pages, path) : NULL;
    if (page == NULL && !has_ending(path))
        page = find(pages, "index.html");
    if (page != NULL)
        answer_page(request, page);
    else if (pages->count == 0)
        answer_words(request, 404, "This program was built without its pages.\n");
    else
        answer_words(request, 404, "There is no such page.\n");
}
