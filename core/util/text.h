/* Numbers and strings as JSON and for people, written fast into a buf. */
#ifndef TEXT_H
#define TEXT_H

#include "buf.h"

#include <stdbool.h>

void text_u64 (struct buf *b, uint64_t value);
void text_i64 (struct buf *b, int64_t value);
/* A finite number as JSON; decimals 1 to 9: rounded to that many digits after the point (zeros at the end are left out, but for the
 * first: 3.0; no -0.0); 0: the shortest text that reads back as the same double. Not finite: "null". Never depends on the locale. */
void text_f64 (struct buf *b, double value, uint32_t decimals);
/* Nanoseconds since 1970 as Unix seconds with milliseconds: 1767225600.004 */
void text_wall_time (struct buf *b, int64_t wall_ns);
void text_wall_time_us (struct buf *b, int64_t wall_ns); /* with microseconds, for short intervals */
/* A JSON string with its quotes. The bytes must be UTF-8 (what is not becomes U+FFFD). */
void text_json_string (struct buf *b, const char *text, size_t length);
/* Bytes for people: "812 B", "4.0 KiB", "1.2 MiB". A duration: "250 ms", "5 s", "2 h 03 min". */
void text_bytes (struct buf *b, uint64_t bytes);
/* A value for people, of four digits or so: "93.1", "2311.4", "1500000"; and with its unit, where sizes become readable ones:
 * "93.1 %", "7.2 GiB", "81". `ucum`: the unit's code, "" or "1": none. */
void text_number (struct buf *b, double value);
void text_value (struct buf *b, double value, const char *ucum);
void text_duration (struct buf *b, int64_t ns);
#endif
