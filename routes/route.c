#include "routes/route.h"

#include <stdlib.h>

/* Digits are compared as 11-digit numbers, so leading zeros count: a prefix is the range from
 * itself filled with 0 to itself filled with 9. */
struct segment {
    uint64_t low;
    uint64_t high;
    uint32_t line;
    uint16_t issuer;
};

struct routes {
    size_t row_count;
    size_t count;
    struct segment segment[]; /* disjoint, ascending */
};

/* The rows that hold the place of the sweep, the narrowest on top: a binary heap. */
struct heap {
    struct segment *entry;
    size_t count;
};

static uint64_t width_of(const struct segment *s)
{
    return s->high - s->low;
}

static void heap_push(struct heap *heap, struct segment added)
{
    size_t at = heap->count++;
    while (at > 0 && width_of(&added) < width_of(&heap->entry[(at - 1) / 2])) {
        heap->entry[at] = heap->entry[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap->entry[at] = added;
}

static void heap_pop(struct heap *heap)
{
    CHECK(heap->count > 0);
    struct segment last = heap->entry[--heap->count];
    size_t at = 0;
    for (size_t child = 1; child < heap->count; child = 2 * at + 1) {
        if (child + 1 < heap->count &&
            width_of(&heap->entry[child + 1]) < width_of(&heap->entry[child])) {
            child++;
        }
        if (width_of(&last) <= width_of(&heap->entry[child])) {
            break;
        }
        heap->entry[at] = heap->entry[child];
        at = child;
    }
    heap->entry[at] = last;
}

static uint64_t padded(struct span digits, uint8_t fill)
{
    uint64_t number = 0;
    for (size_t i = 0; i < ROUTE_DIGITS_MAX; i++) {
        uint8_t digit = i < digits.len ? (uint8_t)(digits.ptr[i] - '0') : fill;
        number = number * 10 + digit;
    }
    return number;
}

static int segment_make(const struct route_row *row, struct segment *out)
{
    struct span low = span_make(row->low, strnlen(row->low, sizeof row->low));
    struct span high = span_make(row->high, strnlen(row->high, sizeof row->high));
    if (low.len != high.len || low.len > ROUTE_DIGITS_MAX || !span_is_digits(low) ||
        !span_is_digits(high)) {
        return ERR_FORMAT;
    }
    *out = (struct segment){padded(low, 0), padded(high, 9), row->line, row->issuer};
    return out->low <= out->high ? 0 : ERR_FORMAT;
}

static int compare(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b ? 1 : 0;
}

static int by_width(const void *left, const void *right)
{
    const struct segment *a = left;
    const struct segment *b = right;
    int order = compare(width_of(a), width_of(b));
    order = order != 0 ? order : compare(a->low, b->low);
    return order != 0 ? order : compare(a->line, b->line);
}

static int by_low(const void *left, const void *right)
{
    const struct segment *a = left;
    const struct segment *b = right;
    return compare(a->low, b->low);
}

/* Two rows of one width that meet: for the digits they share neither is the narrower. */
static int find_equals(const struct segment *sorted, size_t count, uint32_t *first,
                       uint32_t *second)
{
    for (size_t i = 1; i < count; i++) {
        const struct segment *a = &sorted[i - 1];
        const struct segment *b = &sorted[i];
        if (width_of(a) == width_of(b) && b->low <= a->high) {
            *first = a->line < b->line ? a->line : b->line;
            *second = a->line < b->line ? b->line : a->line;
            return ERR_EXISTS;
        }
    }
    return 0;
}

static void segment_append(struct routes *routes, struct segment added)
{
    struct segment *last = routes->count > 0 ? &routes->segment[routes->count - 1] : NULL;
    if (last != NULL && last->line == added.line && last->issuer == added.issuer &&
        last->high + 1 == added.low) {
        last->high = added.high;
        return;
    }
    routes->segment[routes->count++] = added;
}

/* Sweep from the lowest digit up; between two places where a row begins or the narrowest ends, the
 * narrowest that is open decides. Each turn consumes a begin or an end: 2 * @count at most. */
static void sweep(struct routes *routes, const struct segment *rows, size_t count,
                  struct heap *heap)
{
    uint64_t at = 0;
    for (size_t next = 0; next < count || heap->count > 0;) {
        if (heap->count == 0) {
            at = rows[next].low;
        }
        for (; next < count && rows[next].low <= at; next++) {
            heap_push(heap, rows[next]);
        }
        while (heap->count > 0 && heap->entry[0].high < at) {
            heap_pop(heap);
        }
        if (heap->count == 0) {
            continue;
        }
        struct segment part = heap->entry[0];
        part.low = at;
        if (next < count && rows[next].low <= part.high) {
            part.high = rows[next].low - 1;
        }
        segment_append(routes, part);
        at = part.high + 1;
    }
}

int routes_build(const struct route_row *rows, size_t count, struct routes **out, uint32_t *first,
                 uint32_t *second)
{
    int status = 0;
    struct segment *sorted = calloc(count + 1, sizeof *sorted);
    struct heap heap = {calloc(count + 1, sizeof *heap.entry), 0};
    struct routes *routes = calloc(1, sizeof *routes + (2 * count + 1) * sizeof routes->segment[0]);
    if (sorted == NULL || heap.entry == NULL || routes == NULL) {
        status = ERR_MEMORY;
        goto out;
    }
    for (size_t i = 0; i < count; i++) {
        status = segment_make(&rows[i], &sorted[i]);
        if (status < 0) {
            *first = rows[i].line;
            goto out;
        }
    }
    qsort(sorted, count, sizeof *sorted, by_width);
    status = find_equals(sorted, count, first, second);
    if (status < 0) {
        goto out;
    }
    qsort(sorted, count, sizeof *sorted, by_low);
    sweep(routes, sorted, count, &heap);
    CHECK(routes->count <= 2 * count);
    routes->row_count = count;
    *out = routes;
    routes = NULL;
out:
    free(routes);
    free(heap.entry);
    free(sorted);
    return status;
}

void routes_free(struct routes *routes)
{
    free(routes);
}

int routes_find(const struct routes *routes, struct span pan, uint32_t *line)
{
    struct span digits = span_first(pan, ROUTE_DIGITS_MAX);
    if (!span_is_digits(digits)) {
        return ROUTE_NONE;
    }
    uint64_t number = padded(digits, 0);
    size_t low = 0;
    size_t high = routes->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (routes->segment[middle].high < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == routes->count || routes->segment[low].low > number) {
        return ROUTE_NONE;
    }
    if (line != NULL) {
        *line = routes->segment[low].line;
    }
    return routes->segment[low].issuer;
}

size_t routes_count(const struct routes *routes)
{
    return routes->row_count;
}
