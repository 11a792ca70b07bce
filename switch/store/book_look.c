/* LOOK: what staff ask for by what stands on a receipt. It goes through the index that originals
 * are found by (book_find.c), so a reversal is never found: what it reverses names it. */
#include "switch/store/book_internal.h"

/* Of the two numbers only one is looked up; the other, where it is told, must agree. */
static unsigned is_like(const void *context, const struct record *record)
{
    const struct record *like = context;
    bool is = (like->seq == 0 || record->seq < like->seq) &&
              (like->stan[0] == 0 || strcmp(like->stan, record->stan) == 0) &&
              (like->rrn[0] == 0 || strcmp(like->rrn, record->rrn) == 0);
    return is ? FIT_BEST : FIT_NOT;
}

int book_do_look(struct book *book, const struct book_request *request, struct book_answer *answer)
{
    const struct record *like = &request->record;
    enum lookup_kind kind = like->stan[0] != 0 ? LOOKUP_STAN : LOOKUP_RRN;
    int rc = book_find(book, kind, like, is_like, like, &answer->record);
    TRY(rc);
    answer->result = rc == 1 ? BOOK_IS_FOUND : BOOK_IS_NO_SUCH;
    return 0;
}
