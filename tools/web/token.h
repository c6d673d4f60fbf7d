/*
 * The token that the page's own requests carry: it follows from the session's id, so nothing is kept for it, and a
 * page that cannot read the station's answers does not know it.
 */
#ifndef SATCHEL_TOOLS_WEB_TOKEN_H
#define SATCHEL_TOOLS_WEB_TOKEN_H

#include "tools/web/internal.h"

void token_of(const struct web *web, const char *id, char ret_token[TOKEN + 1]);
bool token_matches(const struct web *web, const char *id, const char *token);

#endif
