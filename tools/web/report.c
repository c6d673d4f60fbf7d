/*
 * A sync report as JSON.
 */
#include "tools/web/report.h"

#include "client-core/json.h"

void report_put(struct buffer *json, const satchel_sync_report *report) {
    const struct {
        const char *name;
        int64_t value;
    } members[] = {
        {"bundles_sent", report->bundles_sent},
        {"transactions_sent", report->transactions_sent},
        {"bytes_sent", report->bytes_sent},
        {"merged", report->merged},
        {"conflicts", report->conflicts},
        {"refused", report->refused},
        {"rows_received", report->rows_received},
        {"rows_forgotten", report->rows_forgotten},
        {"bytes_received", report->bytes_received},
        {"rounds", report->rounds},
        {"duration_ms", report->duration_ms},
        {"waiting", report->waiting},
        {"cursor", report->cursor},
        {"differences", report->differences},
        {"healed", report->healed},
        {"files_sent", report->files_sent},
    };
    buffer_append_byte(json, '{');
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        json_put_name(json, members[i].name);
        json_put_integer(json, members[i].value);
    }
    buffer_append_byte(json, '}');
}
