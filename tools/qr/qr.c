/* QR codes by libqrencode. */
#include "tools/qr/qr.h"

#include <errno.h>
#include <qrencode.h>

enum { QUIET = 4 };

/* Each run of dark modules in a row is one rectangle. */
static void put_row(const QRcode *code, int y, struct buffer *svg) {
    const unsigned char *row = code->data + (size_t)y * (size_t)code->width;
    for (int x = 0; x < code->width; x++) {
        int run = 0;
        while (x + run < code->width && (row[x + run] & 1) != 0) {
            run++;
        }
        if (run > 0) {
            buffer_printf(svg, "M%d %dh%dv1h-%dz", x + QUIET, y + QUIET, run, run);
            x += run;
        }
    }
}

int qr_svg(const char *text, struct buffer *ret_svg, struct error *error) {
    /* Level M: a phone reads it off a screen and off paper with a crease. */
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
    if (code == NULL) {
        return errno == ENOMEM ? error_out_of_memory(error)
                               : error_set(error, "qr.size", "text",
                                           "the text is too long for a QR code");
    }
    int size = code->width + 2 * QUIET;
    buffer_printf(ret_svg,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
                  "shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 "
                  "0h%dv%dH0z\"/><path fill=\"#000\" d=\"",
                  size, size, size, size);
    for (int y = 0; y < code->width; y++) {
        put_row(code, y, ret_svg);
    }
    buffer_printf(ret_svg, "\"/></svg>");
    QRcode_free(code);
    return ret_svg->failed ? error_out_of_memory(error) : 0;
}
