/* The built web application, as it lies in the program. Made by tools/cmake/EmbeddedApp.cmake. */
#ifndef SATCHEL_TOOLS_APP_ASSETS_H
#define SATCHEL_TOOLS_APP_ASSETS_H

#include <stddef.h>

struct app_asset {
    const char *path; /* "/index.html", "/assets/index-1a2b.js" */
    const char *type; /* of its content */
    const unsigned char *data;
    size_t size;
    const unsigned char *gzip; /* the same, compressed; NULL where that gains nothing */
    size_t gzip_size;
};

/* Sorted by path. */
extern const struct app_asset app_assets[];
extern const size_t app_asset_count;

#endif
