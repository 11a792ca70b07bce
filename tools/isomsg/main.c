/* isomsg: look at ISO 8583 messages, compare, build, send and mask them, and find out how they are
 * written. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/exit_code.h"
#include "tools/isomsg/options.h"
#include "tools/isomsg/redact.h"

const char *argp_program_version = "isomsg " SWITCH_VERSION;

/* To add a verb: a function in options.h, a file of its own, and a row here. The letters are those
 * of the options it takes (options.c). */
static const struct verb verbs[] = {
    {"view", view_run, "fdxjUP", "[FILE]",
     "Show the messages of FILE (bytes or a pcap; default stdin) or of --hex: every element with "
     "its name and meaning, and the byte where a message is wrong.",
     0, 1, true},
    {"diff", diff_run, "fdFDxjUiaP", "[FILE] [FILE]",
     "Compare two messages (also by --hex, given twice), or two files of messages, which are "
     "paired by type, DE11, DE41 and DE7 or DE37. Exit 1 if they differ.",
     0, 2, true},
    {"pack", pack_run, "fdmrbojT", "[DE=VALUE...]",
     "Build a message from arguments (55.9F26=HEX is a part of an element) or JSON, and write it "
     "as hex.",
     0, ISO_DE_MAX, true},
    {"doctor", doctor_run, "dxjPa", "[FILE]",
     "Find the framing and dialect of FILE (bytes or a pcap; default stdin) or of --hex: the best "
     "guess first, each with the reason it fits or the byte where it fails.",
     0, 1, false},
    {"send", send_run, "fdxmrctjUT", "[DE=VALUE...]",
     "Build a message, send it, wait for one answer and show it.", 0, ISO_DE_MAX, true},
    {"mask", mask_run, "fdxowXb", "[FILE]",
     "Copy FILE with its card data replaced, all lengths kept: messages with --dialect, else a "
     "text, in which card numbers, tracks and PIN blocks are looked for.",
     0, 1, false},
    {"fields", fields_run, "dj", "[DIALECT]",
     "List the dialects and framings there are, or the elements of one dialect.", 0, 1, false},
    {"import-packager", import_run, "o", "FILE",
     "Turn the GenericPackager FILE of jPOS (XML) into a dialect file (YAML), or say which class "
     "on "
     "which line cannot be expressed.",
     1, 1, false},
};

static void verbs_print(FILE *out)
{
    fprintf(out, "Usage: isomsg VERB [OPTION...] [ARGUMENT...]\n\n");
    for (size_t i = 0; i < ARRAY_COUNT(verbs); i++) {
        fprintf(out, "  %-16s %.*s\n", verbs[i].name, (int)strcspn(verbs[i].about, ":.;("),
                verbs[i].about);
    }
    fprintf(out, "\n`isomsg VERB --help` tells the options of a verb. Card data is masked unless "
                 "--unmask is given.\n\nExit codes: 0 good, 1 the message is bad or they differ, 2 "
                 "usage, 3 a wrong or empty input,\n4 no connection, 5 I/O, 6 timeout.\n");
}

int main(int argc, char **argv)
{
    struct options options = {.framing = framing_find("none"), .timeout_ms = 10000};
    argp_err_exit_status = EXIT_CALLED_WRONG;
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-?") == 0 || strcmp(name, "help") == 0) {
        verbs_print(stdout);
        return EXIT_GOOD;
    }
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        printf("%s\n", argp_program_version);
        return EXIT_GOOD;
    }
    for (size_t i = 0; i < ARRAY_COUNT(verbs); i++) {
        if (strcmp(name, verbs[i].name) == 0) {
            options_parse(&verbs[i], argc - 1, argv + 1, &options);
            unmask_warn(&options);
            return verbs[i].run(&options);
        }
    }
    if (name[0] == '\0') {
        verbs_print(stderr);
    } else {
        fprintf(stderr, "isomsg: there is no verb '%s'; see isomsg --help\n", text_told(name));
    }
    return EXIT_CALLED_WRONG;
}
