/* Import of a jPOS GenericPackager file: XML to a dialect file (dialect(5)).
 *
 *     XML -> packager_xml.c: a tree -> import_row.c, import_parts.c: rows of a struct iso_dialect,
 *     by the tables of import_class.c -> dialect_write(): YAML, and read again as a check
 *
 * What the classes of jPOS put on the wire, the imported dialect reads and writes, to the byte.
 * What cannot be said is an error that names the class and its line; nothing is guessed. What is
 * told but harmless (a length above what its prefix counts) is a note, and stands in the YAML, too.
 */
#pragma once

#include "iso8583/base/source.h"

/* Append the dialect file that the packager file @text means to @out. @name: the file's, in
 * problems. Returns 0, ERR_CONFIG after reporting problems, ERR_SPACE or ERR_MEMORY. Notes are
 * reported too ("FILE:LINE:COL: note: ..."). */
MUST_USE int import_packager(struct span text, const char *name, struct writer *out,
                             source_report report, void *context);

/* The verb: read @path, write @out_path (NULL: standard output); problems and notes go to standard
 * error. Returns the exit code. */
int import_packager_run(const char *path, const char *out_path);
