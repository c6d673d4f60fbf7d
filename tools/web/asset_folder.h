/*
 * Pages from a folder instead of the program: for who works on them.
 */
#ifndef SATCHEL_TOOLS_WEB_ASSET_FOLDER_H
#define SATCHEL_TOOLS_WEB_ASSET_FOLDER_H

#include <stddef.h>

#include "schema/base/error.h"
#include "tools/app/assets.h"

struct asset_folder;

/* Reads all files below the folder, once. *ret_assets belongs to *ret. Error: web.assets */
int asset_folder_read(const char *folder, struct asset_folder **ret,
                      const struct app_asset **ret_assets, size_t *ret_count,
                      struct error *error);
void asset_folder_free(struct asset_folder *folder); /* NULL is fine */

#endif
