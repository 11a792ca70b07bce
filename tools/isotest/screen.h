/* The live screen of a load run: ncurses on stderr, when that is a terminal. Keys as in SIPp. */
#pragma once

#include <stdint.h>

struct load;
struct screen;

/* NULL if stderr or stdin is no terminal, or ncurses does not know it. */
struct screen *screen_open(void);
/* The terminal as it was. NULL is ignored. */
void screen_close(struct screen *screen);

/* Draw, a few times a second; more often it does nothing. */
void screen_draw(struct screen *screen, const struct load *load, int64_t now_us);
/* Take the keys that were pressed. NULL is ignored. */
void screen_keys(struct screen *screen, struct load *load);
