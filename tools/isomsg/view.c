/* isomsg view: bytes to fields. */
#include <stdio.h>

#include "tools/exit_code.h"
#include "tools/isomsg/cut.h"
#include "tools/isomsg/input.h"
#include "tools/isomsg/options.h"
#include "tools/isomsg/show.h"

static int part_view(const struct options *options, struct span bytes, size_t *shown)
{
    char why[CUT_WHY_LEN];
    struct cutter cutter;
    struct cut cut;
    int code = EXIT_GOOD;
    int result = cutter_open(&cutter, options->framing, bytes, why);
    while (result >= 0 && (result = cutter_next(&cutter, &cut, why)) == 1) {
        if ((*shown)++ > 0 && !options->json) {
            printf("\n");
        }
        struct show show = show_decode(options->dialect, cut.wire, options->unmask);
        (options->json ? show_json : show_text)(&show);
        code = show.error != NULL ? EXIT_BAD : code;
    }
    if (result < 0) {
        if (options->json) {
            show_why_json(why);
        }
        (void)fflush(stdout);
        fprintf(stderr, "isomsg: %s\n", why);
        code = EXIT_BAD;
    }
    if (cutter.keepalives != 0) {
        fprintf(stderr, "isomsg: %u frame%s without a message (keep-alive)\n", cutter.keepalives,
                cutter.keepalives == 1 ? "" : "s");
    }
    return code;
}

int view_run(const struct options *options)
{
    struct input input;
    size_t shown = 0;
    int code = input_open(options, 0, &input);
    if (code != EXIT_GOOD) {
        return code;
    }
    for (size_t i = 0; i < input.count; i++) {
        int viewed = part_view(options, input.parts[i], &shown);
        code = viewed == EXIT_GOOD ? code : viewed;
    }
    return code;
}
