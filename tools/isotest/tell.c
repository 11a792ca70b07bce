#include "tools/isotest/tell.h"

#include <stdarg.h>
#include <stdio.h>

static void tell(struct teller *teller, struct spot spot, const char *format, va_list arguments)
{
    char text[SOURCE_TEXT_LEN_MAX / 2];
    (void)vsnprintf(text, sizeof text, format, arguments);
    const struct script_file *file = &teller->script->files[spot.file];
    struct source source = {.name = file->path,
                            .text = file->text,
                            .report = teller->report,
                            .context = teller->context,
                            .error_count = teller->count};
    source_error(&source, (struct place){spot.line, spot.col, spot.len}, "%s", text);
    teller->count = source.error_count;
}

void teller_tell(struct teller *teller, struct spot spot, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    tell(teller, spot, format, arguments);
    va_end(arguments);
}

void script_tell(const struct script *script, struct spot spot, script_report report, void *context,
                 const char *format, ...)
{
    struct teller teller = {.script = script, .report = report, .context = context};
    va_list arguments;
    va_start(arguments, format);
    tell(&teller, spot, format, arguments);
    va_end(arguments);
}

const char *script_spot_text(const struct script *script, struct spot spot, char *buf, size_t cap)
{
    (void)snprintf(buf, cap, "%s:%u:%u", script->files[spot.file].path, (unsigned)spot.line,
                   (unsigned)spot.col);
    return buf;
}

const char *hint_make(struct span word, const char *const *names, size_t count, char *hint)
{
    const char *near = source_suggest(word, names, count);
    hint[0] = '\0';
    if (near != NULL) {
        (void)snprintf(hint, HINT_LEN, "; did you mean '%.50s'?", near);
    }
    return near;
}

const char *list_make(const char *const *names, size_t count, char *list)
{
    size_t used = 0;
    list[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        const char *joint = i == 0 ? "" : i + 1 == count ? " or " : ", ";
        int len = snprintf(list + used, LIST_LEN - used, "%s%s", joint, names[i]);
        if (len < 0 || (size_t)len >= LIST_LEN - used) {
            break;
        }
        used += (size_t)len;
    }
    return list;
}
