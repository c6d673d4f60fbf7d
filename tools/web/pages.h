/*
 * The pages: files that are the same for everybody, and how browsers may keep them.
 */
#ifndef SATCHEL_TOOLS_WEB_PAGES_H
#define SATCHEL_TOOLS_WEB_PAGES_H

#include "server/http.h"

struct pages;
struct app_asset;

/* The files of `assets`, or of `folder` unless it is NULL. Error: web.assets */
int pages_make(const struct app_asset *assets, size_t count, const char *folder,
               struct pages **ret, struct error *error);
void pages_free(struct pages *pages); /* NULL is fine */

/* Answers GET and HEAD. A path without an ending that is no file is a place within the application: index.html. */
void pages_answer(const struct pages *pages, const struct http_request *request);

/* What every answer says, pages and others, "Name: value\r\n" lines. */
extern const char pages_safety[];

#endif
