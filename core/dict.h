/* The strings of one producer: names and command lines, each kept once and known by a 32-bit number.
 *
 * One thread at a time adds; any thread may look up a number that reached it with a sample. Strings never move. When over half of a
 * dictionary is no longer used, by number or by bytes, its producer begins a new one; tables keep the old one alive as long as they
 * need it. So a producer's strings take at most twice what one read uses, or 16 KiB where that is more, beside the samples that
 * still wait somewhere. */
#ifndef DICT_H
#define DICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DICT_NONE UINT32_MAX
#define DICT_MAX_STRINGS (1u << 20)
#define DICT_MAX_BYTES (64u << 20)

struct dict;

struct dict *dict_new (void); /* NULL without memory */
struct dict *dict_ref (struct dict *d);
void dict_unref (struct dict *d);

/* The string's number; DICT_NONE when the dictionary is full or memory is. */
uint32_t dict_intern (struct dict *d, const char *text, size_t length);
/* A string by its number, 0-terminated. */
const char *dict_get (const struct dict *d, uint32_t id, uint32_t *ret_length);

/* Marks the beginning of a read: what is interned until the next call is in use. */
void dict_begin (struct dict *d);
/* The read since dict_begin counts: dict_stale goes by what it used. Without this dict_stale goes by the one before, for a read
 * that gave nothing new or failed says nothing of what is in use. */
void dict_settle (struct dict *d);
/* Whether most of it was not in use in the read that counted last, or it is nearly full: time for a new one. */
bool dict_stale (const struct dict *d);
size_t dict_bytes (const struct dict *d);
/* A number that no other dictionary of this process has, not 0. */
uint64_t dict_number (const struct dict *d);
#endif
