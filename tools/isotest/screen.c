#include "tools/isotest/screen.h"

#include <curses.h>
#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "iso8583/dialect.h"
#include "tools/isotest/diff.h"
#include "tools/isotest/load.h"

enum { TURN_US = 200000, LINE_LEN = 512, BAR_LEN = 20, CHART_LEN_MAX = 60 };

struct screen {
    SCREEN *terminal;
    int64_t turned_us;
    int row;
    char page; /* key of a row of pages[] */
    bool is_utf8;
    bool has_help;
};

/* --- lines ------------------------------------------------------------------------------------ */

/* One line more, as much of it as fits. */
__attribute__((format(printf, 2, 3))) static void line(struct screen *screen, const char *format,
                                                       ...)
{
    char text[LINE_LEN];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    (void)mvaddnstr(screen->row++, 0, text, COLS);
}

static void bar_make(char *bar, int len, double share)
{
    int full = (int)(share * len + 0.5);
    for (int i = 0; i < len; i++) {
        bar[i] = i < full ? '#' : '.';
    }
    bar[len] = '\0';
}

static void latency_line(struct screen *screen, const char *name, const struct histogram *histogram,
                         const char *from)
{
    char texts[5][LATENCY_TEXT_LEN];
    line(screen, "%s   p50 %s  p90 %s  p99 %s  p99.9 %s  max %s  (from %s)", name,
         latency_text(histogram_at(histogram, 500000), texts[0]),
         latency_text(histogram_at(histogram, 900000), texts[1]),
         latency_text(histogram_at(histogram, 990000), texts[2]),
         latency_text(histogram_at(histogram, 999000), texts[3]),
         latency_text(histogram->max_us, texts[4]), from);
}

/* --- pages ------------------------------------------------------------------------------------ */

static void counts_line(struct screen *screen, struct span name, const struct load_counts *counts)
{
    line(screen, "%-24.*s %10llu %10llu %10llu %9llu %8llu %8llu %6llu",
         (int)(name.len < 24 ? name.len : 24), (const char *)name.ptr,
         (unsigned long long)counts->sent, (unsigned long long)counts->answered,
         (unsigned long long)counts->approved, (unsigned long long)counts->declined,
         (unsigned long long)counts->failed, (unsigned long long)counts->timed_out,
         (unsigned long long)counts->reversed);
}

/* The transactions of the last seconds, a column each. */
static void chart_draw(struct screen *screen, const struct load *load)
{
    static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const plain[] = {"_", ".", ":", "-", "=", "+", "*", "#"};
    double most = 1;
    (void)mvaddstr(screen->row++, 0, "tx/s  ");
    for (uint32_t i = 0; i < load->history_count; i++) {
        most = load->history[i] > most ? load->history[i] : most;
    }
    for (uint32_t i = 0; i < load->history_count && i < CHART_LEN_MAX && (int)i < COLS - 8; i++) {
        size_t height = (size_t)(load->history[i] / most * 7.99);
        (void)addstr(screen->is_utf8 ? blocks[height] : plain[height]);
    }
}

static void summary_draw(struct screen *screen, const struct load *load)
{
    const char *held_back = load_held_back(load);
    line(screen, "%24s %10s %10s %10s %9s %8s %8s %6s", "", "sent", "answered", "approved",
         "declined", "failed", "timeout", "rev");
    for (uint32_t i = 0; i < load->test_count && screen->row < LINES - 10; i++) {
        counts_line(screen, span_text(load->tests[i].title), &load->tests[i].counts);
    }
    line(screen, "rate now %.0f/s   under way %llu   unmatched %llu   late answers %llu",
         load->rate_now, (unsigned long long)load->under_way,
         (unsigned long long)load->second_engine.unmatched,
         (unsigned long long)load->second_engine.late);
    latency_line(screen, "latency", load->latency, "intended start");
    latency_line(screen, "service", load->service, "actual sending");
    line(screen, "behind schedule: %.1f %% began more than 1 ms late   generator cpu %.0f %%",
         load->all.ended == 0 ? 0 : 100 * (double)load->all.late / (double)load->all.ended,
         100 * load->cpu_now);
    line(screen, "%s", held_back == NULL ? "" : held_back);
    chart_draw(screen, load);
}

static void steps_draw(struct screen *screen, const struct load *load)
{
    line(screen, "%-32s %12s %8s %12s %12s %12s", "", "taken", "failed", "p50", "p99", "max");
    for (uint32_t i = 0; i < load->step_count && screen->row < LINES - 2; i++) {
        const struct load_step *step = &load->steps[i];
        char texts[3][LATENCY_TEXT_LEN];
        char name[40];
        line(screen, "%4u  %-26s %12llu %8llu %12s %12s %12s", (unsigned)step->stmt->spot.line,
             load_step_text(step, name), (unsigned long long)step->taken,
             (unsigned long long)step->failed,
             latency_text(histogram_at(step->service, 500000), texts[0]),
             latency_text(histogram_at(step->service, 990000), texts[1]),
             latency_text(step->service->max_us, texts[2]));
    }
}

static void codes_draw(struct screen *screen, const struct load *load)
{
    for (uint32_t i = 0; i < load->code_count && screen->row < LINES - 2; i++) {
        const struct load_code *code = &load->codes[i];
        line(screen, "%s %12llu  %s", code->text, (unsigned long long)code->count,
             response_words(span_text(code->text)));
    }
    for (uint32_t i = 0; i < load->why_count && screen->row < LINES - 2; i++) {
        const struct load_why *why = &load->whys[i];
        line(screen, "line %u  %llu times: %s", (unsigned)why->stmt->spot.line,
             (unsigned long long)why->count, why->text);
    }
}

/* How many latencies lie between neighbouring powers of two. */
static void histogram_draw(struct screen *screen, const struct load *load)
{
    uint64_t most = 1;
    for (int64_t low = 1; low <= load->latency->max_us; low *= 2) {
        uint64_t count = histogram_between(load->latency, low, 2 * low);
        most = count > most ? count : most;
    }
    for (int64_t low = 1; low <= load->latency->max_us && screen->row < LINES - 2; low *= 2) {
        uint64_t count = histogram_between(load->latency, low, 2 * low);
        char text[LATENCY_TEXT_LEN];
        char bar[2 * BAR_LEN + 1];
        bar_make(bar, 2 * BAR_LEN, (double)count / (double)most);
        if (low >= load->latency->min_us / 2) {
            line(screen, "from %10s %12llu %s", latency_text(low, text), (unsigned long long)count,
                 bar);
        }
    }
}

/* To add a page: a row. */
static const struct page {
    char key;
    const char *name;
    void (*draw)(struct screen *screen, const struct load *load);
} pages[] = {
    {'1', "summary", summary_draw},
    {'2', "by step", steps_draw},
    {'3', "response codes", codes_draw},
    {'4', "latency histogram", histogram_draw},
};

/* --- the whole -------------------------------------------------------------------------------- */

static void head_draw(struct screen *screen, const struct load *load, int64_t now_us)
{
    int64_t all_us = load->end_us - load->began_us;
    int64_t gone_us = now_us < load->end_us ? now_us - load->began_us : all_us;
    double share = all_us <= 0 ? 1 : (double)gone_us / (double)all_us;
    char target[48] = "closed";
    char bar[BAR_LEN + 1];
    bar_make(bar, BAR_LEN, share);
    if (load->options->per_s != 0) {
        (void)snprintf(target, sizeof target, "%.0f/s", load->per_s);
    }
    line(screen, "isotest load %s   target %s   %u terminals", load->options->path, target,
         load->terminal_count);
    line(screen, "%s%s   elapsed %lld s of %lld s  [%s] %.0f %%", phase_text(load->phase),
         load->is_paused ? ", PAUSED" : "", (long long)(gone_us / 1000000),
         (long long)(all_us / 1000000), bar, 100 * share);
    line(screen, "%s", "");
}

static void draw(struct screen *screen, const struct load *load, int64_t now_us)
{
    screen->row = 0;
    (void)erase();
    head_draw(screen, load, now_us);
    for (size_t i = 0; i < ARRAY_COUNT(pages); i++) {
        if (pages[i].key == screen->page) {
            pages[i].draw(screen, load);
        }
    }
    screen->row = LINES - 1;
    if (screen->has_help) {
        line(screen, "%s", "q ends it: what is under way is waited for; q again: it is not");
    } else {
        line(screen, "%s",
             "[+ -] 100/s  [* /] 1000/s  [p]ause  [q]uit  [1] summary [2] by step [3] response "
             "codes [4] latency histogram  [?]");
    }
    (void)refresh();
}

static void key_take(struct screen *screen, struct load *load, int key)
{
    switch (key) {
    case '+':
        load_rate_by(load, 100);
        break;
    case '-':
        load_rate_by(load, -100);
        break;
    case '*':
        load_rate_by(load, 1000);
        break;
    case '/':
        load_rate_by(load, -1000);
        break;
    case 'p':
        load_pause(load);
        break;
    case 'q':
        load_stop(load);
        break;
    case '?':
        screen->has_help = !screen->has_help;
        break;
    default:
        for (size_t i = 0; i < ARRAY_COUNT(pages); i++) {
            screen->page = pages[i].key == key ? pages[i].key : screen->page;
        }
    }
}

void screen_turn(struct screen *screen, struct load *load, int64_t now_us)
{
    if (now_us - screen->turned_us < TURN_US) {
        return;
    }
    screen->turned_us = now_us;
    for (int key = getch(); key != ERR; key = getch()) {
        key_take(screen, load, key);
    }
    draw(screen, load, now_us);
}

struct screen *screen_open(void)
{
    struct screen *screen = NULL;
    if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO)) {
        screen = calloc(1, sizeof *screen);
    }
    if (screen == NULL) {
        return NULL;
    }
    (void)setlocale(LC_CTYPE, "");
    screen->is_utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    screen->page = pages[0].key;
    screen->terminal = newterm(NULL, stderr, stdin);
    if (screen->terminal == NULL) {
        free(screen);
        return NULL;
    }
    (void)cbreak();
    (void)noecho();
    (void)nodelay(stdscr, TRUE);
    (void)curs_set(0);
    return screen;
}

void screen_close(struct screen *screen)
{
    if (screen != NULL) {
        (void)endwin();
        delscreen(screen->terminal);
        free(screen);
    }
}
