/* Reading numbers and words out of text, with a bound and without a locale. Each moves *p behind what it took. */
#ifndef SCAN_H
#define SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void scan_blanks (const char **p, const char *end); /* spaces and tabs */
/* An unsigned decimal number after blanks; false (and *p as it was) when there is none or it does not fit. */
bool scan_u64 (const char **p, const char *end, uint64_t *ret);
bool scan_i64 (const char **p, const char *end, int64_t *ret);
/* A decimal fraction such as 0.31, after blanks. */
bool scan_f64 (const char **p, const char *end, double *ret);
/* The word after blanks: its start, its length in *length; NULL at the line's end. */
const char *scan_word (const char **p, const char *end, size_t *length);
/* Behind the next newline, or `end`. */
const char *scan_next_line (const char *p, const char *end);
bool scan_starts (const char *p, const char *end, const char *prefix);
#endif
