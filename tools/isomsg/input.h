/* The bytes that a verb looks at: of a file, of stdin, of hex on the command line, or the streams
 * of a capture (pcap or pcapng, known by its first bytes).
 */
#pragma once

#include "tools/isomsg/options.h"

enum { INPUT_LEN_MAX = 256 << 20, INPUT_STREAMS_MAX = 4096 };

/* A capture has one part for each direction of each connection, those of one port together; else
 * there is one part. All lives until the program ends, and may be written to. */
struct input {
    const struct span *parts;
    const uint16_t *ports; /* of each part; NULL if it is no capture */
    size_t count;
    bool is_capture;
    const char *name; /* the file's, "-" or "--hex" */
};

/* The @index-th input of the call: the --hex of that number, else the argument of that number, else
 * (index 0) stdin. Returns EXIT_GOOD, or the exit code with the reason told on stderr. An input
 * without bytes is an error. */
MUST_USE int input_open(const struct options *options, int index, struct input *input);

/* @hex (spaces allowed) as bytes in memory that lives until the end. 0, ERR_FORMAT, ERR_MEMORY. */
MUST_USE int input_hex(const char *hex, struct span *out);

/* All of the file @path ("-": stdin), with a NUL behind it. 0, ERR_IO (errno tells), ERR_LENGTH,
 * ERR_MEMORY. The caller frees. */
MUST_USE int file_read(const char *path, uint8_t **bytes, size_t *len);

/* The streams of the capture @bytes from and to @port (0: each port a client connected to). 0, or
 * ERR_CONFIG, ERR_MEMORY with the reason told on stderr. */
MUST_USE int capture_open(struct span bytes, uint16_t port, struct input *input);

/* Whether @bytes begin as a capture does. */
bool is_capture(struct span bytes);
