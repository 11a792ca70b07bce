#include "switch/clearing/csv_reader.h"

#include <stdlib.h>
#include <sys/types.h>

int csv_open(struct csv_reader *reader, FILE *file)
{
    memset(reader, 0, sizeof *reader);
    reader->file = file;
    return csv_init(&reader->parser, CSV_STRICT | CSV_STRICT_FINI) == 0 ? 0 : ERR_MEMORY;
}

void csv_close(struct csv_reader *reader)
{
    csv_free(&reader->parser);
    free(reader->line);
}

static void cell_end(void *bytes, size_t len, void *context)
{
    struct csv_reader *reader = context;
    if (reader->count == CSV_CELLS_MAX || len >= CSV_CELL_MAX) {
        reader->malformed = true;
        return;
    }
    char *cell = reader->cells[reader->count++];
    if (len > 0) {
        memcpy(cell, bytes, len);
    }
    cell[len] = '\0';
}

static void row_end(int byte, void *context)
{
    struct csv_reader *reader = context;
    (void)byte;
    reader->row_done = true;
}

/* No cell of ours has a line end in it, so that a line is a row. */
int csv_next(struct csv_reader *reader)
{
    ssize_t len = getline(&reader->line, &reader->line_cap, reader->file);
    if (len < 0) {
        return ferror(reader->file) ? ERR_IO : 0;
    }
    reader->count = 0;
    reader->malformed = false;
    reader->row_done = false;
    reader->rows++;
    size_t used = csv_parse(&reader->parser, reader->line, (size_t)len, cell_end, row_end, reader);
    bool good = used == (size_t)len && reader->row_done && !reader->malformed;
    return good ? 1 : ERR_FORMAT;
}

bool csv_header_is(struct csv_reader *reader, const char *header)
{
    char line[1024] = {0};
    size_t len = 0;
    if (csv_next(reader) != 1) {
        return false;
    }
    for (unsigned i = 0; i < reader->count && len + CSV_CELL_MAX + 1 < sizeof line; i++) {
        int got =
            snprintf(line + len, sizeof line - len, "%s%s", i == 0 ? "" : ",", reader->cells[i]);
        len += (size_t)got;
    }
    return strcmp(line, header) == 0;
}
