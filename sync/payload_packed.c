/*
 * The payload of a bundle, format 2: transactions as columns of bits.
 *
 *   dense = runs · users · user_indexes · command_indexes · milliseconds · counters · bases · change_counts ·
 *           shapes · shape_indexes · keys · cells
 *   plain = [commands, …]
 *
 *   runs             transaction ids that follow each other: prefix (8 bytes), first counter, how many; again
 *                    until there is an id for each transaction
 *   users            how many, then 16 bytes each: who acted, each once
 *   user_indexes … change_counts   number columns (number_column.h) with a number for each transaction: its place in
 *                    `users` and in `commands` from 0, its HLC time's milliseconds and counter, its base, its changes
 *   shapes           how many, then each once:  table · operation + 4 x key columns · number of cells n ·
 *                    n column numbers (a byte each)
 *   shape_indexes    number column: for each change its shape
 *   keys             for each change 16 bytes per key column
 *   cells            for each column of each shape, unless it was there before: the values of all changes that have
 *                    it, in order (cell_column.h)
 *   commands         array of texts: each command's name once; the items after it are the cells'
 *
 * Single numbers are varints (pack.h). The times of work done within minutes take 17 bits each, an enumeration two or three, a
 * phone number 30: beside its key, all that a change of one cell has to say.
 */
#include "sync/payload_packed.h"

#include <assert.h>
#include <string.h>

#include "schema/base/limits.h"
#include "sync/cell_column.h"
#include "sync/clock.h"
#include "sync/number_column.h"
#include "sync/payload.h"

enum { SCRATCH = 8 * LIMIT_PAYLOAD };

/* One column of one table, whose cells stand together. */
struct place {
    uint8_t table;
    uint8_t column;
};

/* --- writing ------------------------------------------------------------------------- */

struct encoder {
    const struct transaction *transactions;
    size_t count;
    struct cell_writer writer;
    struct buffer items;    /* of the plain stream */
    struct buffer numbers;  /* the column in the making, int64_t each */
    struct buffer users;    /* struct id each */
    struct buffer commands; /* const char * each */
    struct buffer shapes;   /* const struct change * each: the first that has it */
    struct buffer places;   /* struct place each */
    struct buffer values;   /* struct value each */
};

static void add_number(struct encoder *encoder, int64_t number) {
    buffer_append(&encoder->numbers, &number, sizeof number);
}

static void put_numbers(struct encoder *encoder) {
    struct buffer *dense = encoder->writer.dense;
    number_column_put(dense, (const int64_t *)(const void *)encoder->numbers.data,
                      encoder->numbers.size / sizeof(int64_t));
    dense->failed |= encoder->numbers.failed;
    buffer_reset(&encoder->numbers);
}

static void put_users(struct encoder *encoder) {
    struct buffer *users = &encoder->users;
    for (size_t i = 0; i < encoder->count; i++) {
        const struct id *user = &encoder->transactions[i].user;
        size_t at = 0;
        while (at < users->size && memcmp(users->data + at, user, ID_SIZE) != 0)
            at += ID_SIZE;
        if (at == users->size)
            buffer_append(users, user, ID_SIZE);
        add_number(encoder, (int64_t)(at / ID_SIZE));
    }
    pack_unsigned(encoder->writer.dense, users->size / ID_SIZE);
    buffer_append(encoder->writer.dense, users->data, users->size);
    put_numbers(encoder);
}

static void put_commands(struct encoder *encoder) {
    struct buffer *commands = &encoder->commands;
    for (size_t i = 0; i < encoder->count; i++) {
        const char *command = encoder->transactions[i].command;
        const char **known = (const char **)(void *)commands->data;
        size_t count = commands->size / sizeof command;
        size_t at = 0;
        while (at < count && strcmp(known[at], command) != 0)
            at++;
        if (at == count)
            buffer_append(commands, &command, sizeof command);
        add_number(encoder, (int64_t)at);
    }
    put_numbers(encoder);
    size_t count = commands->size / sizeof(char *);
    wire_put_array(&encoder->items, count);
    for (size_t i = 0; i < count; i++)
        wire_put_text(&encoder->items, ((const char **)(void *)commands->data)[i]);
    encoder->writer.plain_count++;
}

static void put_transactions(struct encoder *encoder) {
    const struct transaction *all = encoder->transactions;
    for (size_t i = 0; i < encoder->count; i++)
        add_number(encoder, clock_ms(all[i].time));
    put_numbers(encoder);
    for (size_t i = 0; i < encoder->count; i++)
        add_number(encoder, clock_counter(all[i].time));
    put_numbers(encoder);
    for (size_t i = 0; i < encoder->count; i++)
        add_number(encoder, all[i].base);
    put_numbers(encoder);
    for (size_t i = 0; i < encoder->count; i++)
        add_number(encoder, (int64_t)all[i].change_count);
    put_numbers(encoder);
}

static bool same_shape(const struct change *a, const struct change *b) {
    if (a->table != b->table || a->operation != b->operation ||
        a->key.size != b->key.size || a->cell_count != b->cell_count)
        return false;
    for (size_t i = 0; i < a->cell_count; i++)
        if (a->cells[i].column != b->cells[i].column)
            return false;
    return true;
}

static const struct change *shape_at(const struct encoder *encoder, size_t i) {
    const struct change *shape = NULL;
    memcpy(&shape, encoder->shapes.data + i * sizeof shape, sizeof shape);
    return shape;
}

static void add_shape(struct encoder *encoder, const struct change *change) {
    size_t count = encoder->shapes.size / sizeof change;
    size_t i = 0;
    while (i < count && !same_shape(shape_at(encoder, i), change))
        i++;
    if (i == count)
        buffer_append(&encoder->shapes, &change, sizeof change);
    add_number(encoder, (int64_t)i);
}

static void put_shape(struct buffer *dense, const struct change *change) {
    size_t units = change->key.size / ID_SIZE;
    assert(change->table > 0 && units >= 1 && units <= LIMIT_KEY_COLUMNS);
    assert(change->key.size % ID_SIZE == 0 && change->cell_count < LIMIT_COLUMNS);
    buffer_append_byte(dense, change->table);
    buffer_append_byte(dense,
                       (uint8_t)((unsigned)change->operation | (unsigned)units << 2));
    buffer_append_byte(dense, (uint8_t)change->cell_count);
    for (size_t i = 0; i < change->cell_count; i++)
        buffer_append_byte(dense, change->cells[i].column);
}

static void put_changes(struct encoder *encoder) {
    struct buffer *dense = encoder->writer.dense;
    size_t cells = 0;
    for (size_t i = 0; i < encoder->count; i++)
        for (size_t k = 0; k < encoder->transactions[i].change_count; k++)
            add_shape(encoder, &encoder->transactions[i].changes[k]);
    size_t shapes = encoder->shapes.size / sizeof(struct change *);
    pack_unsigned(dense, shapes);
    for (size_t i = 0; i < shapes; i++)
        put_shape(dense, shape_at(encoder, i));
    put_numbers(encoder);
    for (size_t i = 0; i < encoder->count; i++)
        for (size_t k = 0; k < encoder->transactions[i].change_count; k++) {
            const struct change *change = &encoder->transactions[i].changes[k];
            buffer_append(dense, change->key.data, change->key.size);
            cells += change->cell_count;
        }
    dense->failed |= encoder->shapes.failed | (cells > LIMIT_WIRE_NODES);
}

/* The values of one column of one table, of all changes. */
static void put_cells_at(struct encoder *encoder, struct place place) {
    buffer_reset(&encoder->values);
    for (size_t i = 0; i < encoder->count; i++)
        for (size_t k = 0; k < encoder->transactions[i].change_count; k++) {
            const struct change *change = &encoder->transactions[i].changes[k];
            for (size_t c = 0; change->table == place.table && c < change->cell_count;
                 c++)
                if (change->cells[c].column == place.column)
                    buffer_append(&encoder->values, &change->cells[c].value,
                                  sizeof(struct value));
        }
    encoder->writer.dense->failed |= encoder->values.failed;
    cell_column_put(&encoder->writer,
                    (const struct value *)(const void *)encoder->values.data,
                    encoder->values.size / sizeof(struct value));
}

static void put_shape_cells(struct encoder *encoder, const struct change *shape) {
    for (size_t c = 0; c < shape->cell_count; c++) {
        const struct place place = {shape->table, shape->cells[c].column};
        size_t at = 0;
        while (at < encoder->places.size &&
               memcmp(encoder->places.data + at, &place, sizeof place) != 0)
            at += sizeof place;
        if (at < encoder->places.size)
            continue;
        buffer_append(&encoder->places, &place, sizeof place);
        put_cells_at(encoder, place);
    }
}

static void encode_dense(struct encoder *encoder) {
    payload_put_runs(encoder->transactions, encoder->count, encoder->writer.dense);
    put_users(encoder);
    put_commands(encoder);
    put_transactions(encoder);
    put_changes(encoder);
    for (size_t i = 0; i < encoder->shapes.size / sizeof(struct change *); i++)
        put_shape_cells(encoder, shape_at(encoder, i));
}

static void encoder_free(struct encoder *encoder) {
    buffer_free(&encoder->items);
    buffer_free(&encoder->numbers);
    buffer_free(&encoder->users);
    buffer_free(&encoder->commands);
    buffer_free(&encoder->shapes);
    buffer_free(&encoder->places);
    buffer_free(&encoder->values);
}

void payload_packed_encode(struct transaction_list list, struct buffer *ret_dense,
                           struct buffer *ret_plain) {
    struct encoder encoder = {
        .transactions = list.transactions,
        .count = list.count,
        .writer = {.dense = ret_dense},
        .items = buffer_make(ret_plain->maximum),
        .numbers = buffer_make(SCRATCH),
        .users = buffer_make(SCRATCH),
        .commands = buffer_make(SCRATCH),
        .shapes = buffer_make(SCRATCH),
        .places = buffer_make(SCRATCH),
        .values = buffer_make(SCRATCH),
    };
    encoder.writer.plain = &encoder.items;
    encode_dense(&encoder);
    wire_put_array(ret_plain, encoder.writer.plain_count);
    buffer_append(ret_plain, encoder.items.data, encoder.items.size);
    ret_plain->failed |= encoder.items.failed | encoder.users.failed |
                         encoder.commands.failed | encoder.places.failed;
    encoder_free(&encoder);
}

/* --- reading ------------------------------------------------------------------------- */

struct shape {
    struct change change; /* without key and cells */
    const uint8_t *columns;
    size_t uses;
};

/* The cells that stand together while they are handed out. */
struct group {
    struct place place;
    struct value *values;
    size_t count;
    size_t next;
};

struct decoder {
    struct cell_reader reader;
    struct arena *arena;
    struct transaction *transactions;
    size_t count;
    size_t change_count;
    struct change *changes;
    int64_t *numbers; /* the column at hand */
    struct shape *shapes;
    size_t shape_count;
    struct group *groups;
    size_t group_count;
    uint16_t group_of[LIMIT_TABLES][LIMIT_COLUMNS]; /* its place in `groups` + 1 */
};

static int invalid(const char *what, struct error *error) {
    return error_set(error, "bundle.payload", what, "The payload cannot be read: %s.",
                     what);
}

/* A column of `count` numbers from 0 to `maximum`, into new memory. */
static int read_numbers(struct decoder *decoder, size_t count, int64_t maximum,
                        const char *what, struct error *error) {
    decoder->numbers = arena_alloc_array(decoder->arena, count, sizeof *decoder->numbers);
    if (!decoder->numbers)
        return error_out_of_memory(error);
    number_column_read(&decoder->reader.dense, decoder->numbers, count);
    if (decoder->reader.dense.failed)
        return invalid(what, error);
    for (size_t i = 0; i < count; i++)
        if (decoder->numbers[i] < 0 || decoder->numbers[i] > maximum)
            return invalid(what, error);
    return 0;
}

static int read_runs(struct decoder *decoder, struct error *error) {
    return payload_read_runs(&decoder->reader.dense, decoder->transactions,
                             decoder->count)
               ? 0
               : invalid("runs", error);
}

static int read_users(struct decoder *decoder, struct error *error) {
    struct pack_reader *dense = &decoder->reader.dense;
    size_t users = pack_read_count(dense, decoder->count);
    struct bytes ids = pack_read_bytes(dense, users * ID_SIZE);
    if (dense->failed || users == 0)
        return invalid("users", error);
    if (read_numbers(decoder, decoder->count, (int64_t)users - 1, "users", error) != 0)
        return -1;
    for (size_t i = 0; i < decoder->count; i++)
        memcpy(decoder->transactions[i].user.bytes,
               ids.data + (size_t)decoder->numbers[i] * ID_SIZE, ID_SIZE);
    return 0;
}

static int read_commands(struct decoder *decoder, struct error *error) {
    size_t known = 0;
    const struct wire_node *node = cell_reader_item(&decoder->reader, error);
    if (!node || wire_array(node, "commands", 1, decoder->count, &known, error) != 0)
        return -1;
    const char **commands = arena_alloc_array(decoder->arena, known, sizeof *commands);
    if (!commands)
        return error_out_of_memory(error);
    for (size_t i = 0; i < known; i++)
        if (payload_read_command(wire_item(node, i), decoder->arena, &commands[i],
                                 error) != 0)
            return -1;
    if (read_numbers(decoder, decoder->count, (int64_t)known - 1, "commands", error) != 0)
        return -1;
    for (size_t i = 0; i < decoder->count; i++)
        decoder->transactions[i].command = commands[decoder->numbers[i]];
    return 0;
}

static int read_times(struct decoder *decoder, struct error *error) {
    if (read_numbers(decoder, decoder->count, clock_ms(INT64_MAX), "milliseconds",
                     error) != 0)
        return -1;
    const int64_t *milliseconds = decoder->numbers;
    if (read_numbers(decoder, decoder->count, UINT16_MAX, "counters", error) != 0)
        return -1;
    for (size_t i = 0; i < decoder->count; i++)
        decoder->transactions[i].time =
            clock_pack(milliseconds[i], (uint16_t)decoder->numbers[i]);
    if (read_numbers(decoder, decoder->count, INT64_MAX, "bases", error) != 0)
        return -1;
    for (size_t i = 0; i < decoder->count; i++)
        decoder->transactions[i].base = decoder->numbers[i];
    return 0;
}

static int read_change_counts(struct decoder *decoder, struct error *error) {
    const struct pack_reader *dense = &decoder->reader.dense;
    if (read_numbers(decoder, decoder->count, LIMIT_CHANGES, "change_counts", error) != 0)
        return -1;
    for (size_t i = 0; i < decoder->count; i++) {
        decoder->transactions[i].change_count = (size_t)decoder->numbers[i];
        decoder->change_count += (size_t)decoder->numbers[i];
    }
    /* A change takes its key at least: no memory for what cannot be there. */
    if (decoder->change_count > (size_t)(dense->end - dense->next) / ID_SIZE)
        return invalid("change_counts", error);
    return 0;
}

static int read_shape(struct decoder *decoder, struct shape *ret, struct error *error) {
    struct pack_reader *dense = &decoder->reader.dense;
    struct change *change = &ret->change;
    change->table = pack_read_byte(dense);
    uint8_t shape = pack_read_byte(dense);
    change->cell_count = pack_read_byte(dense);
    struct bytes columns = pack_read_bytes(dense, change->cell_count);
    change->operation = (enum row_operation)(shape & 3);
    change->key.size = (size_t)(shape >> 2) * ID_SIZE;
    ret->columns = columns.data;
    if (dense->failed || change->table == 0)
        return invalid("table", error);
    if ((shape & 3) == 0)
        return invalid("operation", error);
    if (change->key.size == 0 || change->key.size > LIMIT_KEY_COLUMNS * ID_SIZE)
        return invalid("key", error);
    if (change->operation == ROW_DELETE && change->cell_count > 0)
        return invalid("cells", error);
    for (size_t i = 0; i < change->cell_count; i++)
        if (columns.data[i] <= (i ? columns.data[i - 1] : 0) ||
            columns.data[i] >= LIMIT_COLUMNS)
            return invalid("column", error);
    return 0;
}

static int read_shapes(struct decoder *decoder, struct error *error) {
    struct pack_reader *dense = &decoder->reader.dense;
    size_t count = pack_read_count(dense, decoder->change_count);
    decoder->shapes = arena_alloc_array(decoder->arena, count, sizeof *decoder->shapes);
    if (!decoder->shapes)
        return error_out_of_memory(error);
    for (size_t i = 0; i < count; i++)
        if (read_shape(decoder, &decoder->shapes[i], error) != 0)
            return -1;
    decoder->shape_count = count;
    if (dense->failed)
        return invalid("shapes", error);
    return read_numbers(decoder, decoder->change_count, (int64_t)count - 1, "shapes",
                        error);
}

/* The changes with their keys, and how many there are of each shape. */
static int read_keys(struct decoder *decoder, struct error *error) {
    struct pack_reader *dense = &decoder->reader.dense;
    size_t cells = 0;
    decoder->changes = arena_alloc_array(decoder->arena, decoder->change_count,
                                         sizeof *decoder->changes);
    if (!decoder->changes)
        return error_out_of_memory(error);
    for (size_t i = 0; i < decoder->change_count; i++) {
        struct shape *shape = &decoder->shapes[decoder->numbers[i]];
        decoder->changes[i] = shape->change;
        decoder->changes[i].key = pack_read_bytes(dense, shape->change.key.size);
        cells += shape->change.cell_count;
        shape->uses++;
    }
    return dense->failed || cells > LIMIT_WIRE_NODES ? invalid("keys", error) : 0;
}

static int make_groups(struct decoder *decoder, struct error *error) {
    size_t most = 0;
    for (size_t i = 0; i < decoder->shape_count; i++)
        most += decoder->shapes[i].change.cell_count;
    decoder->groups = arena_alloc_array(decoder->arena, most, sizeof *decoder->groups);
    if (!decoder->groups)
        return error_out_of_memory(error);
    for (size_t i = 0; i < decoder->shape_count; i++) {
        const struct shape *shape = &decoder->shapes[i];
        for (size_t c = 0; c < shape->change.cell_count; c++) {
            uint16_t *group = &decoder->group_of[shape->change.table][shape->columns[c]];
            if (*group == 0)
                *group = (uint16_t)++decoder->group_count;
            decoder->groups[*group - 1].count += shape->uses;
        }
    }
    return 0;
}

static int read_cells(struct decoder *decoder, struct error *error) {
    for (size_t i = 0; i < decoder->group_count; i++) {
        struct group *group = &decoder->groups[i];
        if (group->count == 0)
            return invalid("cells", error); /* a shape that nothing has */
        group->values =
            arena_alloc_array(decoder->arena, group->count, sizeof *group->values);
        if (!group->values)
            return error_out_of_memory(error);
        if (cell_column_read(&decoder->reader, group->values, group->count, error) != 0)
            return -1;
    }
    return 0;
}

static int fill_change(struct decoder *decoder, const struct shape *shape,
                       struct change *change, struct error *error) {
    change->cells =
        arena_alloc_array(decoder->arena, change->cell_count, sizeof *change->cells);
    if (!change->cells)
        return error_out_of_memory(error);
    for (size_t c = 0; c < change->cell_count; c++) {
        uint16_t place = decoder->group_of[change->table][shape->columns[c]];
        struct group *group = &decoder->groups[place - 1];
        change->cells[c] = (struct cell){shape->columns[c], group->values[group->next++]};
    }
    return 0;
}

static int read_changes(struct decoder *decoder, struct error *error) {
    if (read_change_counts(decoder, error) != 0 || read_shapes(decoder, error) != 0 ||
        read_keys(decoder, error) != 0)
        return -1;
    const int64_t *shapes = decoder->numbers;
    if (make_groups(decoder, error) != 0 || read_cells(decoder, error) != 0)
        return -1;
    for (size_t i = 0; i < decoder->change_count; i++)
        if (fill_change(decoder, &decoder->shapes[shapes[i]], &decoder->changes[i],
                        error) != 0)
            return -1;
    struct change *next = decoder->changes;
    for (size_t i = 0; i < decoder->count; i++) {
        decoder->transactions[i].changes = next;
        next += decoder->transactions[i].change_count;
    }
    return 0;
}

static int decode(struct decoder *decoder, const struct wire_node *root,
                  struct error *error) {
    decoder->reader.plain = root;
    if (wire_array(root, "payload", 0, LIMIT_WIRE_NODES, &decoder->reader.plain_count,
                   error) != 0)
        return -1;
    decoder->transactions =
        arena_alloc_array(decoder->arena, decoder->count, sizeof *decoder->transactions);
    if (!decoder->transactions)
        return error_out_of_memory(error);
    if (read_runs(decoder, error) != 0 || read_users(decoder, error) != 0 ||
        read_commands(decoder, error) != 0 || read_times(decoder, error) != 0 ||
        read_changes(decoder, error) != 0)
        return -1;
    return pack_done(&decoder->reader.dense) &&
                   decoder->reader.plain_next == decoder->reader.plain_count
               ? 0
               : invalid("length", error);
}

int payload_packed_decode(struct packed_payload payload, size_t count,
                          struct arena *arena, struct transaction **ret,
                          struct error *error) {
    struct wire_document *document = NULL;
    struct decoder *decoder = arena_alloc(arena, sizeof *decoder);
    if (!decoder)
        return error_out_of_memory(error);
    if (wire_open(payload.plain, &document, error) != 0)
        return -1;
    decoder->reader =
        (struct cell_reader){.dense = pack_open(payload.dense), .arena = arena};
    decoder->arena = arena;
    decoder->count = count;
    int rc = decode(decoder, wire_root(document), error);
    if (rc == 0)
        *ret = decoder->transactions;
    wire_close(document);
    return rc;
}
