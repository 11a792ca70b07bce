/* The live screen of a load run: ncurses on stderr, when that is a terminal. Keys as in SIPp. */
#pragma once

#include <stdint.h>

struct load;
struct screen;

/* NULL if stderr or stdin is no terminal, or ncurses does not know it. */
struct screen *screen_open(void);
/* The terminal as it was. NULL is ignored. */
void screen_close(struct screen *screen);

/* Take the keys that were pressed, and draw; does nothing but a few times a second. */
void screen_turn(struct screen *screen, struct load *load, int64_t now_us);
