#include <inttypes.h>
#include <stdlib.h>

#include "iso8583/base/bytes.h"
#include "tests/load/audit.h"

static const struct {
    const char *word;
    const char *text;
} differences[DIFFERENCE_COUNT] = {
#define DIFFERENCE_ROW(name, word_, text_) [DIFFERENCE_##name] = {(word_), (text_)},
    DIFFERENCE_MAP(DIFFERENCE_ROW)
#undef DIFFERENCE_ROW
};

static void difference_count(struct audit *audit, enum difference kind)
{
    audit->differences[kind]++;
    audit->difference_count++;
}

/* One line for a difference of @sale or @group (either may be NULL). */
static void difference_tell(struct audit *audit, enum difference kind, const struct sale *sale,
                            const struct group *group)
{
    difference_count(audit, kind);
    if (audit->out == NULL) {
        return;
    }
    const char *rrn = group != NULL ? group->rrn : sale->rrn;
    fprintf(audit->out, "%s: terminal %s rrn %s", differences[kind].word,
            sale != NULL ? sale->terminal : group->terminal, rrn[0] != '\0' ? rrn : "-");
    if (sale != NULL) {
        fprintf(audit->out, " stan %06u terminal's %" PRId64, sale->stan,
                sale->state == SALE_APPROVED ? sale->signed_minor : 0);
    }
    if (group != NULL) {
        fprintf(audit->out, " issuer's %" PRId64 " (%u of %u postings) clearing's %" PRId64,
                group->posted_minor, group->live_count, group->posted_count,
                group->presented_minor);
    }
    fprintf(audit->out, ": %s\n", differences[kind].text);
}

/* --- Preparing -------------------------------------------------------------------------------- */

static int postings_sum(struct audit *audit)
{
    for (uint32_t i = 0; i < audit->posting_count; i++) {
        const struct posting *posting = &audit->postings[i];
        struct group *group = &audit->groups[posting->group];
        group->posted_count++;
        if (posting->net_minor == 0) {
            continue;
        }
        group->live_count++;
        memcpy(group->posted_auth, posting->auth, sizeof group->posted_auth);
        if (__builtin_add_overflow(group->posted_minor, posting->sign * posting->net_minor,
                                   &group->posted_minor)) {
            return ERR_RANGE;
        }
    }
    return 0;
}

/* Find each sale's group by its RRN. One whose RRN no other book has remains alone. */
static void sales_join(struct audit *audit)
{
    for (uint32_t i = 0; i < audit->sale_count; i++) {
        struct sale *sale = &audit->sales[i];
        uint8_t key[20];
        uint32_t index = 0;
        memset(key, ' ', sizeof key);
        memcpy(key, sale->terminal, strlen(sale->terminal));
        memcpy(key + 8, sale->rrn, strlen(sale->rrn));
        audit->state_count[sale->state]++;
        audit->moneyless_count += sale->state == SALE_APPROVED && sale->signed_minor == 0;
        sale->undecided =
            audit->allow_open && (sale->state == SALE_OPEN || sale->state == SALE_REVERSING);
        if (sale->rrn[0] == '\0' || sale->signed_minor == 0 ||
            !grow_map_find(&audit->group_of, key, &index)) {
            continue;
        }
        struct group *group = &audit->groups[index];
        if (group->sale != GROUP_NONE) {
            difference_tell(audit, DIFFERENCE_RRN, sale, group);
        } else {
            group->sale = (int32_t)i;
        }
    }
}

/* --- Comparing -------------------------------------------------------------------------------- */

static const struct group empty_group;

/* The terminal has a sale: one posting of it, one item. */
static void approved_compare(struct audit *audit, const struct sale *sale,
                             const struct group *group)
{
    const struct group *found = group != NULL ? group : &empty_group;
    bool currency = !found->mixed && found->currency == sale->currency;
    if (found->live_count == 0) {
        difference_tell(audit, DIFFERENCE_LOST, sale, group);
    } else if (found->live_count > 1) {
        difference_tell(audit, DIFFERENCE_DOUBLED, sale, group);
    } else if (found->posted_minor != sale->signed_minor || !currency) {
        difference_tell(audit, DIFFERENCE_AMOUNT, sale, group);
    } else if (strcmp(found->posted_auth, sale->auth) != 0) {
        difference_tell(audit, DIFFERENCE_AUTH, sale, group);
    }
    if (!audit->has_clearing) {
        return;
    }
    if (found->presented_count <= 0) {
        difference_tell(audit, DIFFERENCE_UNPRESENTED, sale, group);
    } else if (found->presented_count > 1) {
        difference_tell(audit, DIFFERENCE_PRESENTED_TWICE, sale, group);
    } else if (found->presented_minor != sale->signed_minor || !currency ||
               found->presented_stan != sale->stan ||
               strcmp(found->presented_auth, sale->auth) != 0) {
        difference_tell(audit, DIFFERENCE_PRESENTED_OTHER, sale, group);
    }
}

/* There is no sale (any more): nobody may hold or present it. @kind: what it is if somebody does.
 */
static void nothing_compare(struct audit *audit, const struct sale *sale, const struct group *group,
                            enum difference kind)
{
    if (group->live_count != 0 || group->posted_minor != 0) {
        difference_tell(audit, kind, sale, group);
    }
    if (audit->has_clearing && (group->presented_count != 0 || group->presented_minor != 0)) {
        difference_tell(audit, DIFFERENCE_PRESENTED_FALSELY, sale, group);
    }
}

/* Either way, but issuer and clearing must say the same. */
static void undecided_compare(struct audit *audit, const struct sale *sale,
                              const struct group *group)
{
    bool agree = !audit->has_clearing || (group->posted_minor == group->presented_minor &&
                                          group->presented_count == (int32_t)group->live_count);
    if (group->live_count > 1) {
        difference_tell(audit, DIFFERENCE_DOUBLED, sale, group);
    } else if (!agree || group->mixed) {
        difference_tell(audit, DIFFERENCE_DISAGREE, sale, group);
    }
}

static void sale_compare(struct audit *audit, const struct sale *sale, const struct group *group)
{
    if (sale->undecided) {
        if (group != NULL) {
            undecided_compare(audit, sale, group);
        }
    } else if (sale->state == SALE_APPROVED) {
        approved_compare(audit, sale, group);
    } else if (sale->state == SALE_OPEN || sale->state == SALE_REVERSING) {
        difference_tell(audit, DIFFERENCE_OPEN, sale, group);
    } else if (group != NULL) {
        nothing_compare(audit, sale, group, DIFFERENCE_UNREVERSED);
    }
}

/* --- What the terminal never learned the RRN of ----------------------------------------------- */

/* Sales without RRN by terminal, then amount. */
static int sale_order(const void *a, const void *b)
{
    const struct sale *one = *(struct sale *const *)a;
    const struct sale *two = *(struct sale *const *)b;
    int terminals = strcmp(one->terminal, two->terminal);
    return terminals != 0
               ? terminals
               : (one->signed_minor > two->signed_minor) - (one->signed_minor < two->signed_minor);
}

/* The sale without RRN that @group may be: of its terminal and amount, and of its STAN if clearing
 * tells; one that is undecided rather than another. NULL if there is none. */
static struct sale *nameless_find(struct sale *const *list, size_t count, const struct group *group)
{
    struct sale wanted = {.signed_minor = group->live_count != 0 ? group->posted_minor
                                                                 : group->presented_minor};
    memcpy(wanted.terminal, group->terminal, sizeof wanted.terminal);
    const struct sale *pointer = &wanted;
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sale_order(&list[middle], &pointer) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    struct sale *best = NULL;
    for (size_t i = low; i < count && sale_order(&list[i], &pointer) == 0; i++) {
        bool stan = group->presented_count == 0 || group->presented_stan == list[i]->stan;
        bool fits = stan && !list[i]->taken && list[i]->currency == group->currency;
        if (fits && (best == NULL || (list[i]->undecided && !best->undecided))) {
            best = list[i];
        }
    }
    return best;
}

static void nameless_compare(struct audit *audit, struct sale *const *list, size_t count,
                             struct group *group)
{
    bool silent = group->live_count == 0 && group->posted_minor == 0 &&
                  group->presented_count == 0 && group->presented_minor == 0;
    if (silent) {
        return;
    }
    struct sale *sale = nameless_find(list, count, group);
    if (sale == NULL) {
        nothing_compare(audit, NULL, group, DIFFERENCE_UNSEEN);
        return;
    }
    sale->taken = true;
    if (sale->undecided) {
        undecided_compare(audit, sale, group);
        group->sale = (int32_t)(sale - audit->sales);
    } else {
        nothing_compare(audit, sale, group, DIFFERENCE_UNREVERSED);
    }
}

static int nameless_join(struct audit *audit)
{
    struct sale **list = calloc((size_t)audit->sale_count + 1, sizeof *list);
    if (list == NULL) {
        return ERR_MEMORY;
    }
    size_t count = 0;
    for (uint32_t i = 0; i < audit->sale_count; i++) {
        struct sale *sale = &audit->sales[i];
        if (sale->rrn[0] == '\0' && sale->signed_minor != 0) {
            list[count++] = sale;
        }
    }
    qsort(list, count, sizeof(struct sale *), sale_order);
    for (uint32_t i = 0; i < audit->group_count; i++) {
        if (audit->groups[i].sale == GROUP_NONE) {
            nameless_compare(audit, list, count, &audit->groups[i]);
        }
    }
    free(list);
    return 0;
}

/* --- Sums ------------------------------------------------------------------------------------- */

static int sum_add(int64_t *sum, int64_t minor)
{
    return __builtin_add_overflow(*sum, minor, sum) ? ERR_RANGE : 0;
}

/* An undecided sale counts on the terminals' side as its issuer decided. */
static int terminals_sum(struct audit *audit)
{
    for (uint32_t i = 0; i < audit->sale_count; i++) {
        const struct sale *sale = &audit->sales[i];
        struct currency_sum *sum = audit_sum(audit, sale->currency);
        if (sum == NULL) {
            return ERR_FULL;
        }
        if (sale->state == SALE_APPROVED && sale->signed_minor != 0) {
            TRY(sum_add(&sum->terminals_minor, sale->signed_minor));
            sum->terminals_count++;
        }
    }
    for (uint32_t i = 0; i < audit->group_count; i++) {
        const struct group *group = &audit->groups[i];
        struct currency_sum *sum = audit_sum(audit, group->currency);
        if (sum == NULL) {
            return ERR_FULL;
        }
        TRY(sum_add(&sum->issuers_minor, group->posted_minor));
        TRY(sum_add(&sum->clearing_minor, group->presented_minor));
        sum->issuers_count += group->live_count;
        sum->clearing_count += group->presented_count;
        if (group->sale != GROUP_NONE && audit->sales[group->sale].undecided) {
            TRY(sum_add(&sum->terminals_minor, group->posted_minor));
            sum->terminals_count += group->live_count;
            audit->undecided_count += group->live_count;
        }
    }
    return 0;
}

static bool totals_agree(const struct currency_sum *sum)
{
    return memcmp(sum->items, sum->totals, sizeof sum->items) == 0;
}

static void sums_compare(struct audit *audit)
{
    bool explained = audit->difference_count != 0;
    for (uint32_t i = 0; i < audit->sum_count; i++) {
        const struct currency_sum *sum = &audit->sums[i];
        bool equal = sum->terminals_minor == sum->issuers_minor &&
                     (!audit->has_clearing || sum->issuers_minor == sum->clearing_minor);
        if (!equal && !explained) {
            difference_count(audit, DIFFERENCE_SUM);
        }
        if (audit->has_clearing && audit->has_totals && !totals_agree(sum)) {
            difference_count(audit, DIFFERENCE_TOTALS);
            if (audit->out != NULL) {
                fprintf(audit->out, "totals: currency %03u: %s\n", sum->currency,
                        differences[DIFFERENCE_TOTALS].text);
            }
        }
    }
}

static void table_print(const struct audit *audit)
{
    FILE *out = audit->out;
    fprintf(out, "%-9s %12s %20s %12s %20s %12s %20s\n", "currency", "terminals", "minor units",
            "issuers", "minor units", "clearing", "minor units");
    for (uint32_t i = 0; i < audit->sum_count; i++) {
        const struct currency_sum *sum = &audit->sums[i];
        fprintf(out, "%03u       %12" PRIu64 " %20" PRId64 " %12" PRIu64 " %20" PRId64,
                sum->currency, sum->terminals_count, sum->terminals_minor, sum->issuers_count,
                sum->issuers_minor);
        if (audit->has_clearing) {
            fprintf(out, " %12" PRId64 " %20" PRId64 "\n", sum->clearing_count,
                    sum->clearing_minor);
        } else {
            fprintf(out, " %12s %20s\n", "-", "-");
        }
    }
    fprintf(out,
            "terminals: approved %" PRIu64 " (%" PRIu64 " of them balance inquiries: no item)"
            " declined %" PRIu64 " reversed %" PRIu64 " given up %" PRIu64 " in flight %" PRIu64
            " (%" PRIu64 " of them booked)\n",
            audit->state_count[SALE_APPROVED], audit->moneyless_count,
            audit->state_count[SALE_DECLINED], audit->state_count[SALE_REVERSED],
            audit->state_count[SALE_OWED],
            audit->state_count[SALE_OPEN] + audit->state_count[SALE_REVERSING],
            audit->undecided_count);
    for (int i = 0; i < DIFFERENCE_COUNT; i++) {
        if (audit->differences[i] != 0) {
            fprintf(out, "%-18s %12" PRIu64 "  %s\n", differences[i].word, audit->differences[i],
                    differences[i].text);
        }
    }
    fprintf(out, "difference %" PRIu64 "\n", audit->difference_count);
}

int64_t audit_compare(struct audit *audit)
{
    TRY(postings_sum(audit));
    sales_join(audit);
    int32_t *group_of_sale = calloc((size_t)audit->sale_count + 1, sizeof *group_of_sale);
    if (group_of_sale == NULL) {
        return ERR_MEMORY;
    }
    for (uint32_t i = 0; i < audit->group_count; i++) {
        if (audit->groups[i].sale != GROUP_NONE) {
            group_of_sale[audit->groups[i].sale] = (int32_t)i + 1;
        }
    }
    for (uint32_t i = 0; i < audit->sale_count; i++) {
        int32_t index = group_of_sale[i];
        if (audit->sales[i].signed_minor != 0) {
            sale_compare(audit, &audit->sales[i], index == 0 ? NULL : &audit->groups[index - 1]);
        }
    }
    free(group_of_sale);
    TRY(nameless_join(audit));
    TRY(terminals_sum(audit));
    sums_compare(audit);
    if (audit->out != NULL) {
        table_print(audit);
    }
    return (int64_t)audit->difference_count;
}
