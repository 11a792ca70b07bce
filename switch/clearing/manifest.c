#include "switch/clearing/manifest.h"

#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>
#include <openssl/evp.h>

#include "iso8583/base/calendar.h"

enum { HASH_TEXT_LEN = 2 * OUTPUT_HASH_LEN };

/* How the roles of the files are called, in the order of manifest.files. */
static const char *role_name(unsigned index)
{
    return index == MANIFEST_TOTALS ? "totals" : formats[index]->name;
}

/* As sha256sum prints it. */
static json_t *hash_pack(const uint8_t *hash)
{
    uint8_t text[HASH_TEXT_LEN];
    hex_encode(span_make(hash, OUTPUT_HASH_LEN), text);
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (uint8_t)(text[i] >= 'A' ? text[i] - 'A' + 'a' : text[i]);
    }
    return json_stringn((const char *)text, sizeof text);
}

static json_t *file_pack(unsigned index, const struct output_file *file)
{
    return json_pack("{s:s, s:s, s:I, s:o}", "role", role_name(index), "name", file->name, "bytes",
                     (json_int_t)file->bytes, "sha256", hash_pack(file->sha256));
}

static char *canonical_text(const json_t *json)
{
    return json == NULL ? NULL : json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
}

/* Put the hash of what @root says so far into it. False: out of memory. */
static bool seal_put(json_t *root)
{
    uint8_t hash[OUTPUT_HASH_LEN];
    char *text = canonical_text(root);
    bool good = text != NULL &&
                EVP_Digest(text, strlen(text), hash, NULL, EVP_sha256(), NULL) == 1 &&
                json_object_set_new(root, "seal", hash_pack(hash)) == 0;
    free(text);
    return good;
}

char *manifest_encode(const struct manifest *manifest)
{
    char created[40];
    struct civil at = civil_from_ms(manifest->created_ms);
    int len = snprintf(created, sizeof created, "%04d-%02d-%02dT%02d:%02d:%02dZ", at.year, at.month,
                       at.day, at.hour, at.minute, at.second);
    CHECK(len > 0 && (size_t)len < sizeof created);
    json_t *files = json_array();
    for (unsigned i = 0; i < MANIFEST_FILES; i++) {
        (void)json_array_append_new(files, file_pack(i, &manifest->files[i]));
    }
    json_t *root =
        json_pack("{s:i, s:i, s:I, s:I, s:s, s:s, s:b, s:I, s:I, s:I, s:o}", "v", 1, "day",
                  (int)manifest->day, "file_seq", (json_int_t)manifest->file_seq, "created_ms",
                  (json_int_t)manifest->created_ms, "created", created, "file_id",
                  manifest->file_id, "production", (int)manifest->production, "items",
                  (json_int_t)manifest->items, "records", (json_int_t)manifest->records,
                  "hash_total", (json_int_t)manifest->hash_total, "files", files);
    char *text = root != NULL && seal_put(root) ? canonical_text(root) : NULL;
    json_decref(root);
    size_t text_len = text == NULL ? 0 : strlen(text);
    char *line = text == NULL ? NULL : realloc(text, text_len + 2);
    if (line == NULL) {
        free(text);
        return NULL;
    }
    line[text_len] = '\n';
    line[text_len + 1] = '\0';
    return line;
}

static int file_unpack(json_t *json, unsigned index, struct output_file *file)
{
    const char *role = NULL;
    const char *name = NULL;
    const char *hash = NULL;
    json_int_t bytes = 0;
    if (json_unpack(json, "{s:s, s:s, s:I, s:s !}", "role", &role, "name", &name, "bytes", &bytes,
                    "sha256", &hash) != 0 ||
        strcmp(role, role_name(index)) != 0 || strlen(name) > OUTPUT_NAME_LEN_MAX ||
        strchr(name, '/') != NULL || bytes < 0 || strlen(hash) != HASH_TEXT_LEN) {
        return ERR_FORMAT;
    }
    memcpy(file->name, name, strlen(name) + 1);
    file->bytes = (uint64_t)bytes;
    return hex_decode(span_text(hash), file->sha256);
}

static int root_unpack(json_t *root, struct manifest *manifest)
{
    int version = 0;
    int day = 0;
    int production = 0;
    json_int_t numbers[5] = {0};
    const char *created = NULL;
    const char *file_id = NULL;
    const char *seal = NULL; /* Compared when all is encoded again. */
    json_t *files = NULL;
    if (json_unpack(root, "{s:i, s:i, s:I, s:I, s:s, s:s, s:b, s:I, s:I, s:I, s:o, s:s !}", "v",
                    &version, "day", &day, "file_seq", &numbers[0], "created_ms", &numbers[1],
                    "created", &created, "file_id", &file_id, "production", &production, "items",
                    &numbers[2], "records", &numbers[3], "hash_total", &numbers[4], "files", &files,
                    "seal", &seal) != 0 ||
        version != 1 || day < 0 || strlen(file_id) != FILE_ID_LEN ||
        json_array_size(files) != MANIFEST_FILES) {
        return ERR_FORMAT;
    }
    *manifest = (struct manifest){.day = (uint32_t)day,
                                  .file_seq = (uint64_t)numbers[0],
                                  .created_ms = numbers[1],
                                  .production = production != 0,
                                  .items = (uint64_t)numbers[2],
                                  .records = (uint64_t)numbers[3],
                                  .hash_total = (uint64_t)numbers[4]};
    memcpy(manifest->file_id, file_id, FILE_ID_LEN + 1);
    for (unsigned i = 0; i < MANIFEST_FILES; i++) {
        TRY(file_unpack(json_array_get(files, i), i, &manifest->files[i]));
    }
    return 0;
}

int manifest_decode(struct span text, struct manifest *manifest)
{
    json_t *root = json_loadb((const char *)text.ptr, text.len, JSON_REJECT_DUPLICATES, NULL);
    int rc = root == NULL ? ERR_FORMAT : root_unpack(root, manifest);
    json_decref(root);
    if (rc == 0) {
        char *again = manifest_encode(manifest);
        rc = again != NULL && span_equal(text, span_text(again)) ? 0 : ERR_FORMAT;
        free(again);
    }
    return rc;
}
