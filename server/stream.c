/* The journal as files that only grow. */
#include "server/stream.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/base/hash.h"
#include "sync/wire.h"

enum {
    CHECK_SIZE = 16,
    HEAD_SIZE = 4 + 4 + CHECK_SIZE,
    ENTRY_ITEMS = 9,
    RECORD_MAXIMUM = 64 * 1024 * 1024,
    NAME_SIZE = 32,
    FILES_MOST = 1000000
};

static const uint8_t MAGIC[4] = {'S', 'J', '1', '\n'};

/* --- an entry as bytes ------------------------------------------------------------------------------- */

static void entry_encode(const struct journal_entry *entry, struct buffer *ret) {
    wire_put_array(ret, ENTRY_ITEMS);
    wire_put_integer(ret, entry->entry);
    wire_put_integer(ret, entry->kind);
    wire_put_integer(ret, entry->at);
    wire_put_integer(ret, entry->station);
    wire_put_integer(ret, entry->schema_version);
    wire_put_bytes(ret, entry->content);
    wire_put_bytes(ret, entry->outcome);
    wire_put_bytes(ret, (struct bytes){entry->hash, HASH_SIZE});
    wire_put_bytes(ret, entry->signature);
}

static int read_numbers(const struct wire_node *root, struct journal_entry *ret,
                        struct error *error) {
    int64_t kind = 0;
    int result = wire_integer(wire_item(root, 0), "entry", 1, INT64_MAX, &ret->entry,
                              error) != 0 ||
                         wire_integer(wire_item(root, 1), "kind", 1, INT32_MAX, &kind,
                                      error) != 0 ||
                         wire_integer(wire_item(root, 2), "at", INT64_MIN, INT64_MAX,
                                      &ret->at, error) != 0 ||
                         wire_integer(wire_item(root, 3), "station", 0, INT64_MAX,
                                      &ret->station, error) != 0 ||
                         wire_integer(wire_item(root, 4), "schema", 1, INT32_MAX,
                                      &ret->schema_version, error) != 0
                     ? -1
                     : 0;
    ret->kind = (enum entry_kind)kind;
    return result;
}

static int read_entry(const struct wire_node *root, struct journal_entry *ret,
                      struct error *error) {
    size_t count = 0;
    struct bytes hash = {0};
    if (wire_array(root, "record", ENTRY_ITEMS, ENTRY_ITEMS, &count, error) != 0 ||
        read_numbers(root, ret, error) != 0 ||
        wire_bytes(wire_item(root, 5), "content", 0, RECORD_MAXIMUM, &ret->content,
                   error) != 0 ||
        wire_bytes(wire_item(root, 6), "outcome", 0, RECORD_MAXIMUM, &ret->outcome,
                   error) != 0 ||
        wire_bytes(wire_item(root, 7), "hash", HASH_SIZE, HASH_SIZE, &hash, error) != 0 ||
        wire_bytes(wire_item(root, 8), "signature", SIGN_SIGNATURE, SIGN_SIGNATURE,
                   &ret->signature, error) != 0) {
        return -1;
    }
    memcpy(ret->hash, hash.data, HASH_SIZE);
    return 0;
}

/* The entry's bytes borrow from `data`. */
static int entry_decode(struct bytes data, struct journal_entry *ret,
                        struct error *error) {
    struct wire_document *document = NULL;
    memset(ret, 0, sizeof *ret);
    if (wire_open(data, &document, error) != 0) {
        return -1;
    }
    int result = read_entry(wire_root(document), ret, error);
    wire_close(document);
    return result;
}

static void put_head(struct bytes body, uint8_t ret[HEAD_SIZE]) {
    uint8_t hash[HASH_SIZE];
    hash_blake2b(body, hash);
    memcpy(ret, MAGIC, sizeof MAGIC);
    for (size_t i = 0; i < 4; i++) {
        ret[4 + i] = (uint8_t)(body.size >> (8 * i));
    }
    memcpy(ret + 8, hash, CHECK_SIZE);
}

/* --- the folder ---------------------------------------------------------------------------------------- */

struct file_list {
    char (*names)[NAME_SIZE]; /* sorted, and so in the order of entries */
    size_t count;
    size_t capacity;
};

static int file_failure(const char *doing, const char *path, struct error *error) {
    return error_from_system(error, "stream.file", NULL, "folder", errno, doing, path);
}

static bool is_file_name(const char *name) {
    size_t size = strlen(name);
    return size > 12 && size < NAME_SIZE && strncmp(name, "journal-", 8) == 0 &&
           strcmp(name + size - 4, ".log") == 0;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(a, b);
}

static int add_name(struct file_list *list, const char *name, struct error *error) {
    if (list->count == list->capacity) {
        size_t wanted = list->capacity * 2 + 16;
        char(*names)[NAME_SIZE] =
            wanted < FILES_MOST ? realloc(list->names, wanted * sizeof *names) : NULL;
        if (names == NULL) {
            return error_out_of_memory(error);
        }
        list->names = names;
        list->capacity = wanted;
    }
    snprintf(list->names[list->count++], NAME_SIZE, "%s", name);
    return 0;
}

static int list_files(const char *folder, struct file_list *ret, struct error *error) {
    struct dirent *found;
    int result = 0;
    *ret = (struct file_list){0};
    DIR *directory = opendir(folder);
    if (directory == NULL) {
        return file_failure("cannot read", folder, error);
    }
    while (result == 0 && (found = readdir(directory)) != NULL) {
        if (is_file_name(found->d_name)) {
            result = add_name(ret, found->d_name, error);
        }
    }
    closedir(directory);
    if (ret->count > 1) {
        qsort(ret->names, ret->count, NAME_SIZE, compare_names);
    }
    return result;
}

static char *path_of(const char *folder, const char *name) {
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = malloc(size);
    if (path != NULL) {
        snprintf(path, size, "%s/%s", folder, name);
    }
    return path;
}

/* --- reading ------------------------------------------------------------------------------------------- */

struct stream_reader {
    char *folder;
    struct file_list files;
    size_t next_file;
    FILE *file;
    int64_t offset; /* of the next record in the file */
    struct buffer body;
};

int stream_read(const char *folder, struct stream_reader **ret, struct error *error) {
    struct stream_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL || (reader->folder = strdup(folder)) == NULL) {
        free(reader);
        return error_out_of_memory(error);
    }
    reader->body = buffer_make(RECORD_MAXIMUM);
    if (list_files(folder, &reader->files, error) != 0) {
        stream_end(reader);
        return -1;
    }
    *ret = reader;
    return 0;
}

void stream_end(struct stream_reader *reader) {
    if (reader == NULL) {
        return;
    }
    if (reader->file != NULL) {
        fclose(reader->file);
    }
    buffer_free(&reader->body);
    free(reader->files.names);
    free(reader->folder);
    free(reader);
}

static int open_next(struct stream_reader *reader, struct error *error) {
    char *path = path_of(reader->folder, reader->files.names[reader->next_file++]);
    if (reader->file != NULL) {
        fclose(reader->file);
    }
    reader->file = path ? fopen(path, "rb") : NULL;
    reader->offset = 0;
    int result = reader->file ? 0 : file_failure("cannot read", path ? path : "", error);
    free(path);
    return result;
}

enum record { RECORD_WHOLE, RECORD_NONE, RECORD_BROKEN };

static size_t size_of(const uint8_t head[HEAD_SIZE]) {
    size_t size = 0;
    for (size_t i = 0; i < 4; i++) {
        size |= (size_t)head[4 + i] << (8 * i);
    }
    return size;
}

static enum record read_record(struct stream_reader *reader) {
    uint8_t head[HEAD_SIZE];
    uint8_t right[HEAD_SIZE];
    size_t got = fread(head, 1, HEAD_SIZE, reader->file);
    if (got == 0) {
        return RECORD_NONE;
    }
    size_t size = got == HEAD_SIZE ? size_of(head) : 0;
    if (got < HEAD_SIZE || memcmp(head, MAGIC, sizeof MAGIC) != 0 || size == 0 ||
        size > RECORD_MAXIMUM) {
        return RECORD_BROKEN;
    }
    buffer_reset(&reader->body);
    uint8_t *body = buffer_extend(&reader->body, size);
    if (body == NULL || fread(body, 1, size, reader->file) != size) {
        return RECORD_BROKEN;
    }
    put_head((struct bytes){body, size}, right);
    if (memcmp(head, right, HEAD_SIZE) != 0) {
        return RECORD_BROKEN;
    }
    reader->offset += (int64_t)(HEAD_SIZE + size);
    return RECORD_WHOLE;
}

static int64_t bytes_left(struct stream_reader *reader) {
    struct stat status;
    return fstat(fileno(reader->file), &status) == 0 ? status.st_size - reader->offset
                                                     : 0;
}

int stream_next(struct stream_reader *reader, struct journal_entry *ret,
                int64_t *ret_torn, struct error *error) {
    enum record record = reader->file ? read_record(reader) : RECORD_NONE;
    while (record == RECORD_NONE && reader->next_file < reader->files.count) {
        if (open_next(reader, error) != 0) {
            return -1;
        }
        record = read_record(reader);
    }
    if (ret_torn != NULL) {
        *ret_torn = record == RECORD_BROKEN ? bytes_left(reader) : 0;
    }
    if (record == RECORD_WHOLE) {
        return entry_decode(buffer_bytes(&reader->body), ret, error) == 0 ? 1 : -1;
    }
    if (record == RECORD_NONE || reader->next_file == reader->files.count) {
        return 0;
    }
    return error_set(error, "stream.damaged", "folder",
                     "%s is damaged in the middle: what follows it cannot be used",
                     reader->files.names[reader->next_file - 1]);
}

/* --- writing -------------------------------------------------------------------------------------------- */

struct stream_writer {
    char *folder;
    int file; /* -1: none is open */
    int64_t size;
};

/* To the end: the last entry, the last file, and where its last whole record ends. */
static int find_end(struct stream_writer *writer, char ret_name[NAME_SIZE],
                    int64_t *ret_last, uint8_t ret_hash[HASH_SIZE], struct error *error) {
    struct stream_reader *reader = NULL;
    struct journal_entry entry;
    int rc = stream_read(writer->folder, &reader, error) == 0 ? 1 : -1;
    while (rc == 1 && (rc = stream_next(reader, &entry, NULL, error)) == 1) {
        *ret_last = entry.entry;
        memcpy(ret_hash, entry.hash, HASH_SIZE);
    }
    if (rc == 0 && reader->files.count > 0) {
        snprintf(ret_name, NAME_SIZE, "%s", reader->files.names[reader->files.count - 1]);
        writer->size = reader->offset;
    }
    stream_end(reader);
    return rc;
}

static int open_file(struct stream_writer *writer, const char *name, int flags,
                     struct error *error) {
    char *path = path_of(writer->folder, name);
    if (writer->file >= 0) {
        close(writer->file);
    }
    writer->file = path ? open(path, flags | O_WRONLY | O_APPEND | O_CLOEXEC, 0600) : -1;
    int result =
        writer->file >= 0 ? 0 : file_failure("cannot write", path ? path : name, error);
    free(path);
    return result;
}

static int sync_folder(const char *folder) {
    int fd = open(folder, O_RDONLY | O_CLOEXEC);
    int result = fd >= 0 ? fsync(fd) : -1;
    if (fd >= 0) {
        close(fd);
    }
    return result;
}

static int go_on(struct stream_writer *writer, int64_t *ret_last,
                 uint8_t ret_hash[HASH_SIZE], struct error *error) {
    char name[NAME_SIZE] = "";
    *ret_last = 0;
    if (find_end(writer, name, ret_last, ret_hash, error) != 0) {
        return -1;
    }
    if (name[0] == '\0') {
        return 0;
    }
    if (open_file(writer, name, 0, error) != 0) {
        return -1;
    }
    return ftruncate(writer->file, writer->size) == 0 && fsync(writer->file) == 0
               ? 0
               : file_failure("cannot cut", name, error);
}

int stream_open(const char *folder, struct stream_writer **ret, int64_t *ret_last,
                uint8_t ret_hash[HASH_SIZE], struct error *error) {
    struct stream_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL || (writer->folder = strdup(folder)) == NULL) {
        free(writer);
        return error_out_of_memory(error);
    }
    writer->file = -1;
    if (go_on(writer, ret_last, ret_hash, error) != 0) {
        stream_close(writer);
        return -1;
    }
    *ret = writer;
    return 0;
}

static int write_all(int fd, struct bytes bytes) {
    while (bytes.size > 0) {
        ssize_t wrote = write(fd, bytes.data, bytes.size);
        if (wrote < 0 && errno != EINTR) {
            return -1;
        }
        bytes.data += wrote > 0 ? wrote : 0;
        bytes.size -= wrote > 0 ? (size_t)wrote : 0;
    }
    return 0;
}

static int begin_file(struct stream_writer *writer, int64_t entry, struct error *error) {
    char name[NAME_SIZE];
    snprintf(name, sizeof name, "journal-%012lld.log", (long long)entry);
    if (stream_flush(writer, error) != 0 ||
        open_file(writer, name, O_CREAT | O_EXCL, error) != 0) {
        return -1;
    }
    writer->size = 0;
    return sync_folder(writer->folder) == 0
               ? 0
               : file_failure("cannot write", writer->folder, error);
}

int stream_append(struct stream_writer *writer, const struct journal_entry *entry,
                  struct error *error) {
    struct buffer record = buffer_make(RECORD_MAXIMUM + HEAD_SIZE);
    uint8_t head[HEAD_SIZE] = {0};
    if ((writer->file < 0 || writer->size >= STREAM_FILE_BYTES) &&
        begin_file(writer, entry->entry, error) != 0) {
        return -1;
    }
    buffer_append(&record, head, HEAD_SIZE);
    entry_encode(entry, &record);
    int result = record.failed ? error_out_of_memory(error) : 0;
    if (result == 0) {
        struct bytes body = {record.data + HEAD_SIZE, record.size - HEAD_SIZE};
        put_head(body, record.data);
        result = write_all(writer->file, buffer_bytes(&record)) == 0
                     ? 0
                     : file_failure("cannot write", writer->folder, error);
        writer->size += (int64_t)record.size;
    }
    buffer_free(&record);
    return result;
}

int stream_flush(struct stream_writer *writer, struct error *error) {
    return writer->file < 0 || fsync(writer->file) == 0
               ? 0
               : file_failure("cannot write", writer->folder, error);
}

void stream_close(struct stream_writer *writer) {
    if (writer == NULL) {
        return;
    }
    if (writer->file >= 0) {
        close(writer->file);
    }
    free(writer->folder);
    free(writer);
}
