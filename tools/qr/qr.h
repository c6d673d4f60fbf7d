/*
 * Text as a QR code. qr.c is the only file that knows the library.
 */
#ifndef SATCHEL_TOOLS_QR_H
#define SATCHEL_TOOLS_QR_H

#include "schema/base/bytes.h"
#include "schema/base/error.h"

/* Appends an SVG of the text (at most some 2,300 bytes): black on white with the quiet zone that readers want, one
 * unit per module, no size of its own. qr.size */
int qr_svg(const char *text, struct buffer *ret_svg, struct error *error);

#endif
