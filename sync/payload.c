/*
 * The payload of a bundle, format 1: transactions as columns.
 *
 *   payload = [runs, users, commands, milliseconds, counters, bases, user_indexes,
 *              command_indexes, change_counts, heads, keys, values]
 *
 *   runs             bytes: transaction ids that follow each other: prefix (8 bytes), first counter,
 *                    how many; again until there is an id for each transaction
 *   users            bytes: 16 each, who acted, each once
 *   commands         array of texts: each command's name once
 *   milliseconds     bytes: per transaction its HLC time's milliseconds, as difference from the one before (0 at
 *                    first)
 *   counters         bytes: per transaction its HLC time's counter
 *   bases            bytes: per transaction its base, as difference from the one before (0 at first)
 *   user_indexes     bytes: per transaction its user's place in `users`, from 0
 *   command_indexes  bytes: per transaction its command's place in `commands`, from 0
 *   change_counts    bytes: per transaction how many changes it has
 *   heads, keys, values  the changes of all transactions, in order (change_columns.h)
 *
 * Numbers are varints (pack.h); differences are signed ones. Columns of zeros and of equal indexes compress to
 * nothing, so that a one-cell transaction costs its key, its value and two or three bytes of time.
 */
#include "sync/payload.h"

#include <string.h>

#include "schema/base/limits.h"
#include "sync/change_columns.h"
#include "sync/clock.h"
#include "sync/pack.h"
#include "sync/wire.h"

enum {
    ITEM_RUNS,
    ITEM_USERS,
    ITEM_COMMANDS,
    ITEM_MILLISECONDS,
    ITEM_COUNTERS,
    ITEM_BASES,
    ITEM_USER_INDEXES,
    ITEM_COMMAND_INDEXES,
    ITEM_CHANGE_COUNTS,
    ITEM_CHANGES,
    ITEM_COUNT = ITEM_CHANGES + CHANGE_COLUMNS
};

enum { PREFIX_SIZE = 8 };

/* --- writing ------------------------------------------------------------------------- */

struct encoder {
    const struct transaction *transactions;
    size_t count;
    struct buffer *ret;
    struct buffer column; /* the column in the making */
    struct buffer users;  /* 16 bytes each */
    struct buffer user_indexes;
    struct buffer commands; /* size_t each: the first transaction that has it */
    struct buffer command_indexes;
};

static void put_column(struct encoder *encoder) {
    wire_put_bytes(encoder->ret, buffer_bytes(&encoder->column));
    encoder->ret->failed |= encoder->column.failed;
    buffer_reset(&encoder->column);
}

void payload_put_runs(const struct transaction *transactions, size_t count,
                      struct buffer *ret) {
    size_t i = 0;
    while (i < count) {
        struct id first = transactions[i].id;
        size_t n = 1;
        while (i + n < count &&
               id_equal(transactions[i + n].id,
                        transaction_id(first.bytes, transaction_counter(first) + n)))
            n++;
        buffer_append(ret, first.bytes, PREFIX_SIZE);
        pack_unsigned(ret, transaction_counter(first));
        pack_unsigned(ret, n);
        i += n;
    }
}

bool payload_read_runs(struct pack_reader *from, struct transaction *transactions,
                       size_t count) {
    size_t i = 0;
    while (i < count) {
        struct bytes prefix = pack_read_bytes(from, PREFIX_SIZE);
        uint64_t first = pack_read_unsigned(from);
        size_t n = pack_read_count(from, count - i);
        if (n == 0 ||
            n - 1 > UINT64_MAX - first) /* nothing was read, or ids would come again */
            return false;
        for (size_t end = i + n; i < end; i++)
            transactions[i].id = transaction_id(prefix.data, first++);
    }
    return true;
}

static void put_runs(struct encoder *encoder) {
    payload_put_runs(encoder->transactions, encoder->count, &encoder->column);
    put_column(encoder);
}

static void index_user(struct encoder *encoder, struct id user) {
    size_t i = 0;
    while (i < encoder->users.size &&
           memcmp(encoder->users.data + i, user.bytes, ID_SIZE) != 0)
        i += ID_SIZE;
    if (i == encoder->users.size)
        buffer_append(&encoder->users, user.bytes, ID_SIZE);
    pack_unsigned(&encoder->user_indexes, i / ID_SIZE);
}

/* The i-th different command: the place of a transaction that has it. */
static size_t command_at(const struct encoder *encoder, size_t i) {
    size_t transaction = 0;
    memcpy(&transaction, encoder->commands.data + i * sizeof transaction,
           sizeof transaction);
    return transaction;
}

static void index_command(struct encoder *encoder, size_t transaction) {
    const struct transaction *all = encoder->transactions;
    size_t known = encoder->commands.size / sizeof transaction;
    size_t i = 0;
    while (i < known &&
           strcmp(all[command_at(encoder, i)].command, all[transaction].command) != 0)
        i++;
    if (i == known)
        buffer_append(&encoder->commands, &transaction, sizeof transaction);
    pack_unsigned(&encoder->command_indexes, i);
}

static void put_names(struct encoder *encoder) {
    for (size_t i = 0; i < encoder->count; i++) {
        index_user(encoder, encoder->transactions[i].user);
        index_command(encoder, i);
    }
    size_t commands = encoder->commands.size / sizeof(size_t);
    wire_put_bytes(encoder->ret, buffer_bytes(&encoder->users));
    wire_put_array(encoder->ret, commands);
    for (size_t i = 0; i < commands; i++)
        wire_put_text(encoder->ret,
                      encoder->transactions[command_at(encoder, i)].command);
}

static void put_times(struct encoder *encoder) {
    uint64_t last = 0;
    for (size_t i = 0; i < encoder->count; i++)
        pack_delta(&encoder->column, &last, clock_ms(encoder->transactions[i].time));
    put_column(encoder);
    for (size_t i = 0; i < encoder->count; i++)
        pack_unsigned(&encoder->column, clock_counter(encoder->transactions[i].time));
    put_column(encoder);
    last = 0;
    for (size_t i = 0; i < encoder->count; i++)
        pack_delta(&encoder->column, &last, encoder->transactions[i].base);
    put_column(encoder);
}

static void put_changes(struct encoder *encoder) {
    struct buffer lists = buffer_make(encoder->count * sizeof(struct change_list));
    for (size_t i = 0; i < encoder->count; i++) {
        const struct transaction *transaction = &encoder->transactions[i];
        struct change_list list = {transaction->changes, transaction->change_count};
        buffer_append(&lists, &list, sizeof list);
        pack_unsigned(&encoder->column, list.count);
    }
    put_column(encoder);
    change_columns_put(encoder->ret, (const struct change_list *)(const void *)lists.data,
                       lists.size / sizeof(struct change_list));
    encoder->ret->failed |= lists.failed;
    buffer_free(&lists);
}

void payload_encode(const struct transaction *transactions, size_t count,
                    struct buffer *ret) {
    struct encoder encoder = {
        .transactions = transactions,
        .count = count,
        .ret = ret,
        .column = buffer_make(ret->maximum),
        .users = buffer_make(ret->maximum),
        .user_indexes = buffer_make(ret->maximum),
        .commands = buffer_make(ret->maximum),
        .command_indexes = buffer_make(ret->maximum),
    };
    wire_put_array(ret, ITEM_COUNT);
    put_runs(&encoder);
    put_names(&encoder);
    put_times(&encoder);
    wire_put_bytes(ret, buffer_bytes(&encoder.user_indexes));
    wire_put_bytes(ret, buffer_bytes(&encoder.command_indexes));
    put_changes(&encoder);
    ret->failed |= encoder.users.failed | encoder.user_indexes.failed |
                   encoder.commands.failed | encoder.command_indexes.failed;
    buffer_free(&encoder.column);
    buffer_free(&encoder.users);
    buffer_free(&encoder.user_indexes);
    buffer_free(&encoder.commands);
    buffer_free(&encoder.command_indexes);
}

/* --- reading ------------------------------------------------------------------------- */

struct decoder {
    const struct wire_node *root;
    struct arena *arena;
    struct transaction *transactions;
    size_t count;
    struct bytes users;
    const char **commands;
    size_t command_count;
};

static int invalid(const char *what, struct error *error) {
    return error_set(error, "bundle.payload", what, "The payload cannot be read: %s.",
                     what);
}

static int open_column(const struct decoder *decoder, size_t item, const char *what,
                       struct pack_reader *ret, struct error *error) {
    struct bytes bytes;
    const struct wire_node *node = wire_item(decoder->root, item);
    if (wire_bytes(node, what, 0, LIMIT_PAYLOAD, &bytes, error) != 0)
        return -1;
    *ret = pack_open(bytes);
    return 0;
}

static int close_column(const struct pack_reader *column, const char *what,
                        struct error *error) {
    return pack_done(column) ? 0 : invalid(what, error);
}

static int read_runs(struct decoder *decoder, struct error *error) {
    struct pack_reader column;
    if (open_column(decoder, ITEM_RUNS, "runs", &column, error) != 0)
        return -1;
    if (!payload_read_runs(&column, decoder->transactions, decoder->count))
        return invalid("runs", error);
    return close_column(&column, "runs", error);
}

static bool is_command_name(struct bytes text) {
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] == 0 ||
            !strchr("abcdefghijklmnopqrstuvwxyz0123456789_.", text.data[i]))
            return false;
    return text.size > 0;
}

int payload_read_command(const struct wire_node *node, struct arena *arena,
                         const char **ret, struct error *error) {
    struct bytes text;
    if (wire_text(node, "command", LIMIT_NAME, &text, error) != 0)
        return -1;
    if (!is_command_name(text))
        return invalid("command", error);
    *ret = arena_text(arena, (const char *)text.data, text.size);
    return *ret ? 0 : error_out_of_memory(error);
}

static int read_commands(struct decoder *decoder, struct error *error) {
    const struct wire_node *node = wire_item(decoder->root, ITEM_COMMANDS);
    if (wire_array(node, "commands", 0, decoder->count, &decoder->command_count, error) !=
        0)
        return -1;
    decoder->commands = arena_alloc_array(decoder->arena, decoder->command_count,
                                          sizeof *decoder->commands);
    if (!decoder->commands)
        return error_out_of_memory(error);
    for (size_t i = 0; i < decoder->command_count; i++)
        if (payload_read_command(wire_item(node, i), decoder->arena,
                                 &decoder->commands[i], error) != 0)
            return -1;
    return 0;
}

static int read_users(struct decoder *decoder, struct error *error) {
    const struct wire_node *node = wire_item(decoder->root, ITEM_USERS);
    if (wire_bytes(node, "users", 0, decoder->count * ID_SIZE, &decoder->users, error) !=
        0)
        return -1;
    return decoder->users.size % ID_SIZE ? invalid("users", error) : 0;
}

/* Which user and which command. An index that fails reads as 0; with an empty table there is no 0. */
static int read_names(struct decoder *decoder, struct error *error) {
    struct pack_reader users;
    struct pack_reader commands;
    if (read_users(decoder, error) != 0 || read_commands(decoder, error) != 0 ||
        open_column(decoder, ITEM_USER_INDEXES, "user_indexes", &users, error) != 0 ||
        open_column(decoder, ITEM_COMMAND_INDEXES, "command_indexes", &commands, error) !=
            0)
        return -1;
    if (decoder->users.size == 0 || decoder->command_count == 0)
        return invalid("users", error);
    for (size_t i = 0; i < decoder->count; i++) {
        size_t user = pack_read_count(&users, decoder->users.size / ID_SIZE - 1);
        size_t command = pack_read_count(&commands, decoder->command_count - 1);
        memcpy(decoder->transactions[i].user.bytes, decoder->users.data + user * ID_SIZE,
               ID_SIZE);
        decoder->transactions[i].command = decoder->commands[command];
    }
    return close_column(&users, "user_indexes", error) != 0 ||
                   close_column(&commands, "command_indexes", error) != 0
               ? -1
               : 0;
}

static int read_times(struct decoder *decoder, struct error *error) {
    struct pack_reader milliseconds;
    struct pack_reader counters;
    if (open_column(decoder, ITEM_MILLISECONDS, "milliseconds", &milliseconds, error) !=
            0 ||
        open_column(decoder, ITEM_COUNTERS, "counters", &counters, error) != 0)
        return -1;
    uint64_t last = 0;
    for (size_t i = 0; i < decoder->count; i++) {
        int64_t unix_ms = pack_read_delta(&milliseconds, &last);
        int64_t time =
            clock_pack(unix_ms, (uint16_t)pack_read_count(&counters, UINT16_MAX));
        if (clock_ms(time) != unix_ms) /* outside what a time can hold */
            return invalid("milliseconds", error);
        decoder->transactions[i].time = time;
    }
    return close_column(&milliseconds, "milliseconds", error) != 0 ||
                   close_column(&counters, "counters", error) != 0
               ? -1
               : 0;
}

static int read_bases(struct decoder *decoder, struct error *error) {
    struct pack_reader column;
    if (open_column(decoder, ITEM_BASES, "bases", &column, error) != 0)
        return -1;
    uint64_t last = 0;
    for (size_t i = 0; i < decoder->count; i++) {
        decoder->transactions[i].base = pack_read_delta(&column, &last);
        if (decoder->transactions[i].base < 0)
            return invalid("bases", error);
    }
    return close_column(&column, "bases", error);
}

static int read_changes(struct decoder *decoder, struct error *error) {
    struct pack_reader counts;
    struct change_columns columns;
    if (open_column(decoder, ITEM_CHANGE_COUNTS, "change_counts", &counts, error) != 0 ||
        change_columns_open(decoder->root, ITEM_CHANGES, &columns, error) != 0)
        return -1;
    for (size_t i = 0; i < decoder->count; i++) {
        struct transaction *transaction = &decoder->transactions[i];
        transaction->change_count = pack_read_count(&counts, LIMIT_CHANGES);
        if (change_columns_read(&columns, transaction->change_count, decoder->arena,
                                &transaction->changes, error) != 0)
            return -1;
    }
    if (close_column(&counts, "change_counts", error) != 0)
        return -1;
    return change_columns_close(&columns, error);
}

static int decode(struct decoder *decoder, struct error *error) {
    size_t items = 0;
    if (wire_array(decoder->root, "payload", ITEM_COUNT, ITEM_COUNT, &items, error) != 0)
        return -1;
    decoder->transactions =
        arena_alloc_array(decoder->arena, decoder->count, sizeof *decoder->transactions);
    if (!decoder->transactions)
        return error_out_of_memory(error);
    if (read_runs(decoder, error) != 0 || read_names(decoder, error) != 0 ||
        read_times(decoder, error) != 0 || read_bases(decoder, error) != 0)
        return -1;
    return read_changes(decoder, error);
}

int payload_decode(struct bytes data, size_t count, struct arena *arena,
                   struct transaction **ret, struct error *error) {
    struct wire_document *document = NULL;
    if (wire_open(data, &document, error) != 0)
        return -1;
    struct decoder decoder = {
        .root = wire_root(document), .arena = arena, .count = count};
    int rc = decode(&decoder, error);
    if (rc == 0)
        *ret = decoder.transactions;
    wire_close(document);
    return rc;
}
