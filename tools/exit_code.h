/* One table of exit codes for every program. */
#pragma once

enum {
    EXIT_GOOD = 0,
    EXIT_BAD = 1,          /* done, and the answer is bad */
    EXIT_CALLED_WRONG = 2, /* usage */
    EXIT_INPUT = 3,        /* an input file is wrong */
    EXIT_CONNECT = 4,      /* could not connect, or the peer hung up */
    EXIT_IO = 5,
    EXIT_TIMEOUT = 6,
};
