/* What people and programs are told of a message. */
#ifndef ALERT_WORDING_H
#define ALERT_WORDING_H

#include "buf.h"
#include "outbox.h"
#include "watch.h"

/* Units are given as UCUM has them; texts and lines have them as people write them.
 *
 * The rule's own text with the values of one row in it; without one "processes.cpu_percent > 90" and the value. */
void wording_text (struct buf *b, const struct watch *w, const char *row, bool has_value, double value, const char *unit);
/* The first {word} in a rule's text that is none, but might be meant as one; false: there is none. *ret_meant: what it may be
 * meant to be, or NULL. */
bool wording_stranger (const char *text, char ret[32], const char **ret_meant);
/* One line: "cpu fires: system.cpu_percent > 90 (93.1 %)". `watch` NULL: the rule is no more, and `name` is all that is known.
 */
void wording_line (struct buf *b, const struct watch *w, const char *name, const char *unit, const struct alert_message *m);
/* The same for programs, as a JSON object without a newline. */
void wording_json (struct buf *b, const struct watch *w, const char *name, const char *unit, const struct alert_message *m,
                   const char *id, int64_t wall_ns);
#endif
