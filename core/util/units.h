/* Values with units, as users write them. All: the whole text must be used up; 0, -EINVAL (no such value), -ERANGE. */
#ifndef UNITS_H
#define UNITS_H

#include <stddef.h>
#include <stdint.h>

int units_duration (const char *text, int64_t *ret_ns); /* 250ms, 5s, 1.5h, 2d; ns us ms s m min h d; a bare number: seconds */
int units_bytes (const char *text, int64_t *ret);       /* 4096, 64KiB, 10MB, 1GiB; B K KB KiB M … T */
int units_percent (const char *text, double *ret);      /* 80, 80% */
int units_i64 (const char *text, int64_t *ret);
int units_f64 (const char *text, double *ret);          /* finite */
int units_bool (const char *text, int *ret);            /* true false yes no on off, case ignored (YAML 1.1) */
/* A UCUM code as people write it: "MiBy/s" is "MiB/s", "Cel" is "°C", "1" nothing, "{packets}/s" is "packets/s". */
void units_for_people (const char *ucum, char *ret, size_t size);
#endif
