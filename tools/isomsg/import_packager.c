#include "tools/isomsg/import_packager.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "iso8583/dialect_file.h"
#include "tools/exit_code.h"
#include "tools/isomsg/import_row.h"

enum { FILE_LEN_MAX = 4 << 20, OUT_LEN_MAX = 2 << 20 };

/* --- the message around ------------------------------------------------------------------------
 */

/* Element 0: the message type. */
static void take_type(struct import *import, const struct packager_node *node,
                      const struct import_class *class)
{
    unsigned length = 0;
    bool is_digits = class->content == ISO_N || class->content == ISO_ANS;
    if (class->kind != CLASS_FIELD || class->prefix != 0 || !is_digits ||
        import_number(import, node, "length", 4, &length) <= 0 || length != 4) {
        import_error(import, node, "class",
                     "the class %s cannot be expressed as a message type of four digits",
                     packager_attr(node, "class"));
        return;
    }
    import->dialect.mti_coding = class->coding == ISO_CP1047 ? ISO_CP500 : class->coding;
}

/* Element 1: the bitmaps. */
static void take_bitmap(struct import *import, const struct packager_node *node,
                        const struct import_class *class)
{
    unsigned length = 0;
    if (class->kind != CLASS_BITMAP) {
        import_error(import, node, "class",
                     "the class %s is no bitmap: a message without one cannot be expressed",
                     packager_attr(node, "class"));
        return;
    }
    if (import_number(import, node, "length", 32, &length) <= 0 ||
        (length != 8 && length != 16 && length != 24)) {
        import_error(import, node, "length", "a bitmap of 8, 16 or 24 bytes is needed");
        return;
    }
    if (length == 8 && class->coding == ISO_BINARY) {
        import_note(import, node, "length",
                    "jPOS reads no second bitmap; here bit 1 is the sign of one");
    }
    import->dialect.bitmap_coding = class->coding;
    import->dialect.third = length == 24 ? ISO_THIRD_AHEAD : import->dialect.third;
}

static void take_params(struct import *import, const struct packager_node *root)
{
    unsigned header = 0;
    unsigned bitmap = 1;
    unsigned first = 2;
    unsigned third = 0;
    (void)import_number(import, root, "headerLength", ISO_HEADER_LEN_MAX, &header);
    import->dialect.header.len = (uint8_t)header;
    if (!import_flag(root, "emitBitmap", true)) {
        import_error(import, root, "emitBitmap", "a message without a bitmap cannot be expressed");
    }
    if (import_number(import, root, "bitmapField", 192, &bitmap) == 1 && bitmap != 1) {
        import_error(import, root, "bitmapField",
                     "a bitmap in element %u cannot be expressed: it is element 1", bitmap);
    }
    if (import_number(import, root, "firstField", 192, &first) == 1 && first > 2) {
        import_error(import, root, "firstField", "a first element above 2 cannot be expressed");
    }
    if (import_number(import, root, "thirdBitmapField", 192, &third) == 1 && third != 65) {
        import_error(import, root, "thirdBitmapField",
                     "a third bitmap in element %u cannot be expressed: it is element 65", third);
    }
    import->dialect.third = third == 65 ? ISO_THIRD_IN_65 : ISO_THIRD_NONE;
}

/* Element 65 where it is a bitmap: of the elements above 128, if there are any. */
static void take_third(struct import *import, const struct packager_node *node,
                       const struct import_class *class)
{
    struct iso_dialect *dialect = &import->dialect;
    if (dialect->third == ISO_THIRD_IN_65 && class->coding != dialect->bitmap_coding) {
        import_error(import, node, "class",
                     "the class %s cannot be expressed: the third bitmap is written as the others",
                     packager_attr(node, "class"));
    } else if (dialect->third == ISO_THIRD_NONE) {
        import_note(import, node, "class", "8 bytes: no element above 128 is told by them");
        dialect->field[65] = (struct iso_field_row){
            .name = "third_bitmap", .content = ISO_B, .coding = class->coding, .len = 8};
    }
}

static void take_element(struct import *import, const struct packager_node *node)
{
    const struct import_class *class = import_class_of(import, node);
    unsigned de = 0;
    if (packager_attr(node, "id") == NULL) {
        import_error(import, node, NULL, "the attribute 'id' is missing");
        return;
    }
    if (import_number(import, node, "id", ISO_DE_MAX, &de) < 0 || class == NULL) {
        return;
    }
    struct iso_field_row *row = &import->dialect.field[de];
    if (de >= 2 && row->content != ISO_NONE) {
        import_note(import, node, "id", "element %u is there again: the later counts", de);
        import_forget(import, row);
        *row = (struct iso_field_row){0};
    }
    if (de == 0) {
        take_type(import, node, class);
    } else if (de == 1) {
        take_bitmap(import, node, class);
    } else if (class->kind == CLASS_BITMAP && de == 65) {
        take_third(import, node, class);
    } else if (class->kind == CLASS_BITMAP || class->kind == CLASS_TAG) {
        import_error(import, node, "class", "the class %s cannot be expressed as an element",
                     packager_attr(node, "class"));
    } else if (class->kind == CLASS_FIELD && import_row(import, node, class, de, false, row) &&
               packager_attr(node, "packager") != NULL) {
        import_later(import, node, row, 0);
    }
}

static void take_all(struct import *import, const struct packager_node *root)
{
    bool has_type = false;
    bool has_bitmap = false;
    take_params(import, root);
    for (const struct packager_node *node = root->child; node != NULL; node = node->next) {
        const char *id = packager_attr(node, "id");
        has_type = has_type || (id != NULL && strcmp(id, "0") == 0);
        has_bitmap = has_bitmap || (id != NULL && strcmp(id, "1") == 0);
        take_element(import, node);
    }
    if (!has_type || !has_bitmap) {
        import_error(import, root, NULL, "element %d is missing: it is no packager of messages",
                     has_type ? 1 : 0);
    }
    while (import->jobs != NULL) {
        const struct import_job *job = import->jobs;
        import->jobs = job->next;
        import_parts(import, job);
    }
    for (unsigned de = 129; de <= ISO_DE_MAX; de++) {
        if (import->dialect.field[de].content != ISO_NONE &&
            import->dialect.third == ISO_THIRD_NONE) {
            import_error(import, root, NULL,
                         "element %u cannot be expressed: there is no third bitmap", de);
            return;
        }
    }
}

/* --- the file that comes of it -----------------------------------------------------------------
 */

static void put_head(const struct import *import, const char *name, struct writer *out)
{
    const char *slash = strrchr(name, '/');
    char line[IMPORT_NOTE_LEN + 64];
    (void)snprintf(line, sizeof line,
                   "# Imported by `isomsg import-packager` from the jPOS packager file %.100s.\n",
                   slash == NULL ? name : slash + 1);
    writer_text(out, line);
    for (uint32_t i = 0; i < import->note_count && i < IMPORT_NOTES_MAX; i++) {
        (void)snprintf(line, sizeof line, "# Line %u: %s.\n", (unsigned)import->notes[i].place.line,
                       import->notes[i].text);
        writer_text(out, line);
    }
}

static void tell_notes(const struct import *import, const char *name, source_report report,
                       void *context)
{
    char text[SOURCE_TEXT_LEN_MAX];
    for (uint32_t i = 0; i < import->note_count && i < IMPORT_NOTES_MAX; i++) {
        const struct import_note *note = &import->notes[i];
        (void)snprintf(text, sizeof text, "%.300s:%u:%u: note: %s", name,
                       (unsigned)note->place.line, (unsigned)note->place.col, note->text);
        report(context, text);
    }
}

/* What was written must be a dialect file, and one without a problem: else there is an error of
 * ours, and nothing is given out. */
static int write_checked(const struct import *import, const char *name, struct writer *out,
                         source_report report, void *context)
{
    struct iso_dialect *again = NULL;
    size_t start = out->len;
    put_head(import, name, out);
    dialect_write(&import->dialect, out);
    if (out->overflow) {
        return ERR_SPACE;
    }
    struct span text = span_make(out->ptr + start, out->len - start);
    int err = dialect_parse(text, name, report, context, &again);
    dialect_free(again);
    if (err != 0) {
        out->len = start;
    }
    return err;
}

static void blocks_free(struct import *import)
{
    while (import->blocks != NULL) {
        struct import_block *next = import->blocks->next;
        free(import->blocks);
        import->blocks = next;
    }
}

int import_packager(struct span text, const char *name, struct writer *out, source_report report,
                    void *context)
{
    struct packager_node *root = NULL;
    struct problems *problems = calloc(1, sizeof *problems);
    struct import *import = calloc(1, sizeof *import);
    int err = problems == NULL || import == NULL ? ERR_MEMORY : 0;
    if (err == 0) {
        err = packager_read(text, problems, &root);
    }
    if (err == 0) {
        import->text = text;
        import->problems = problems;
        take_all(import, root);
        err = import->out_of_memory ? ERR_MEMORY : 0;
    }
    if (err == 0 || err == ERR_CONFIG) {
        int told = problems_tell(problems, text, name, report, context);
        err = err != 0 ? err : told;
    }
    if (err == 0) {
        tell_notes(import, name, report, context);
        err = write_checked(import, name, out, report, context);
    }
    if (import != NULL) {
        blocks_free(import);
    }
    packager_free(root);
    free(problems);
    free(import);
    return err;
}

/* --- the verb ----------------------------------------------------------------------------------
 */

static void to_stderr(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, "%s\n", text);
}

static int out_put(struct span bytes, const char *path)
{
    FILE *file = path == NULL ? stdout : fopen(path, "wb");
    bool good = file != NULL && fwrite(bytes.ptr, 1, bytes.len, file) == bytes.len;
    good = (file == NULL ? false : path == NULL ? fflush(file) == 0 : fclose(file) == 0) && good;
    if (!good) {
        fprintf(stderr, "isomsg: cannot write %s: %s\n", path == NULL ? "the output" : path,
                strerror(errno));
    }
    return good ? EXIT_GOOD : EXIT_IO;
}

int import_packager_run(const char *path, const char *out_path)
{
    struct span text = SPAN_NONE;
    uint8_t *buffer = malloc(OUT_LEN_MAX);
    if (buffer == NULL) {
        fprintf(stderr, "isomsg: out of memory\n");
        return EXIT_IO;
    }
    struct writer out = writer_make(buffer, OUT_LEN_MAX);
    int err = source_load(path, to_stderr, NULL, &text);
    int code = err == ERR_IO ? EXIT_IO : EXIT_INPUT;
    if (err == 0 && text.len > FILE_LEN_MAX) {
        fprintf(stderr, "%s: error: the file is too large\n", path);
        err = ERR_LENGTH;
    }
    if (err == 0) {
        err = import_packager(text, path, &out, to_stderr, NULL);
    }
    if (err == 0) {
        code = out_put(writer_written(&out), out_path);
    } else if (err == ERR_MEMORY || err == ERR_SPACE) {
        fprintf(stderr, "%s: error: out of memory\n", path);
    }
    free((void *)(uintptr_t)text.ptr);
    free(buffer);
    return code;
}
