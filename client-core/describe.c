/*
 * The catalogue as JSON.
 */
#include "client-core/describe.h"

#include "client-core/json.h"
#include "client-core/roles.h"

static const char *type_name(enum parameter_type type) {
    static const char *const names[] = {
        [PARAMETER_ID] = "id",     [PARAMETER_NEWID] = "newid", [PARAMETER_TEXT] = "text",
        [PARAMETER_INT] = "int",   [PARAMETER_MONEY] = "money", [PARAMETER_BP] = "bp",
        [PARAMETER_BOOL] = "bool", [PARAMETER_DATE] = "date",   [PARAMETER_TIME] = "time",
        [PARAMETER_ENUM] = "enum", [PARAMETER_CODE] = "code",   [PARAMETER_JSON] = "json",
        [PARAMETER_FILE] = "file",
    };
    return names[type];
}

static void put_member(struct buffer *json, const char *name, const char *text) {
    json_put_name(json, name);
    json_put_string(json, text);
}

static void put_flag(struct buffer *json, const char *name, bool value) {
    json_put_name(json, name);
    buffer_printf(json, "%s", value ? "true" : "false");
}

static void put_parameter(const struct parameter *parameter, struct buffer *json) {
    struct buffer accepts = buffer_make(1024);
    json_put_comma(json);
    buffer_append_byte(json, '{');
    put_member(json, "name", parameter->name);
    put_member(json, "type", type_name(parameter->type));
    put_flag(json, "optional", parameter->optional);
    put_member(json, "default", parameter->default_text);
    if (parameter->table)
        put_member(json, "table", parameter->table->name);
    if (parameter->type == PARAMETER_INT || parameter->type == PARAMETER_TEXT) {
        json_put_name(json, "minimum");
        json_put_integer(json, parameter->minimum);
        json_put_name(json, "maximum");
        json_put_integer(json, parameter->maximum);
    }
    if (parameter->choices) {
        json_put_name(json, "choices");
        buffer_append_byte(json, '[');
        for (size_t i = 0; parameter->choices[i]; i++) {
            json_put_comma(json);
            json_put_string(json, parameter->choices[i]);
        }
        buffer_append_byte(json, ']');
    }
    parameter_accepts(parameter, &accepts);
    put_member(json, "accepts", buffer_text(&accepts));
    put_member(json, "description", parameter->description);
    buffer_append_byte(json, '}');
    buffer_free(&accepts);
}

/* null: everyone. */
static void put_roles(const struct catalogue *catalogue, role_set roles,
                      struct buffer *json) {
    json_put_name(json, "roles");
    if (roles == ROLE_SET_ALL) {
        buffer_printf(json, "null");
        return;
    }
    roles_put_json(catalogue, roles, json);
}

static void put_operation(const struct catalogue *catalogue,
                          const struct operation *operation, struct buffer *json) {
    json_put_comma(json);
    buffer_append_byte(json, '{');
    put_member(json, "name", operation->name);
    put_member(json, "title", operation->title);
    put_member(json, "title_zh", operation->title_zh);
    put_roles(catalogue, operation->roles, json);
    json_put_name(json, "parameters");
    buffer_append_byte(json, '[');
    for (size_t i = 0; i < operation->parameter_count; i++)
        put_parameter(&operation->parameters[i], json);
    buffer_append_byte(json, ']');
    json_put_name(json, "examples");
    buffer_append_byte(json, '[');
    for (size_t i = 0; i < operation->example_count; i++) {
        json_put_comma(json);
        json_put_string(json, operation->examples[i]);
    }
    buffer_printf(json, "]}");
}

static void put_operations(const struct catalogue *catalogue, const char *name,
                           const struct operation *operations, size_t count,
                           struct buffer *json) {
    json_put_name(json, name);
    buffer_append_byte(json, '[');
    for (size_t i = 0; i < count; i++)
        put_operation(catalogue, &operations[i], json);
    buffer_append_byte(json, ']');
}

void describe_put(const struct catalogue *catalogue, struct buffer *ret_json) {
    buffer_append_byte(ret_json, '{');
    put_operations(catalogue, "commands", catalogue->commands, catalogue->command_count,
                   ret_json);
    put_operations(catalogue, "queries", catalogue->queries, catalogue->query_count,
                   ret_json);
    buffer_append_byte(ret_json, '}');
}
