#include "tools/isotest/screen.h"

#include <stdlib.h>

struct screen *screen_open(void)
{
    return NULL;
}
void screen_close(struct screen *screen)
{
    (void)screen;
}
void screen_draw(struct screen *screen, const struct load *load, int64_t now_us)
{
    (void)screen;
    (void)load;
    (void)now_us;
}
void screen_keys(struct screen *screen, struct load *load)
{
    (void)screen;
    (void)load;
}
