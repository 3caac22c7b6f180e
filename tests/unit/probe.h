/* One input plugin under test, linked into the test, with a host that is nothing but a clock and a table of what was set.
 *
 *   struct probe *p = probe_new ();
 *   probe_path (p, "proc_root", dir);
 *   probe_flag (p, "states", true);
 *   ck_assert_int_eq (probe_create (p), 0);
 *   ck_assert_int_eq (probe_read (p, 1.0), 0);
 *   ck_assert_double_eq (probe_number (p, "system", NULL, "cpu_percent"), 50);
 *   probe_free (p);
 *
 * A field set with the wrong type or number, or a row given twice, fails the test at once. */
#ifndef PROBE_H
#define PROBE_H

#include "unit.h"

#include <kode-kronical/plugin.h>

struct probe;

struct probe *probe_new (void); /* of the kk_plugin that is linked in, with the defaults of its options */
void probe_free (struct probe *p);
void probe_flag (struct probe *p, const char *option, bool value);
void probe_path (struct probe *p, const char *option, const char *value);
void probe_list (struct probe *p, const char *option, const char *const *items, uint32_t n); /* constant texts */
int probe_create (struct probe *p);

/* Lets time pass and reads. The second form says what came before, as the host would. */
int probe_read (struct probe *p, double seconds);
int probe_read_after (struct probe *p, double seconds, enum kk_absent after);

/* What the last read set. `key`: NULL in a single table; of a numbered row the digits. */
double probe_number (struct probe *p, const char *table, const char *key, const char *field); /* fails when absent */
const char *probe_text (struct probe *p, const char *table, const char *key, const char *field); /* the first 79 bytes of it */
uint32_t probe_absent (struct probe *p, const char *table, const char *key, const char *field);
bool probe_has_row (struct probe *p, const char *table, const char *key);
uint64_t probe_identity (struct probe *p, const char *table, const char *key);
uint32_t probe_rows (struct probe *p, const char *table);
uint32_t probe_state (struct probe *p, const char *table); /* enum kk_table_state */

/* Messages at warning or above, or at info, logged so far; the newest of any level; a line of status, or "". */
uint32_t probe_warnings (struct probe *p);
uint32_t probe_infos (struct probe *p);
const char *probe_message (struct probe *p);
const char *probe_status (struct probe *p, const char *key);
#endif
