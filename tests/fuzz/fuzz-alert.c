/* Bytes as the store of alerts and as silences: whatever they say, rules go on within their bounds. */
#include "alert/engine-inner.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

enum { MOST_ROWS = 20 };

static void
hear (void *arg, const struct alert_message *m)
{
  const struct alert_engine *e = arg;
  if (m->rule >= e->n_rules || m->n_items > m->total || strlen (alert_engine_name (e, m->rule)) >= ALERT_RULE_NAME)
    abort ();
  for (uint32_t i = 0; i < m->n_items; i++)
    if (m->items[i]->change != m->change || strlen (m->items[i]->row) >= ALERT_ROW_NAME)
      abort ();
}

/* What was taken over is written again, and reads back. */
static int
take (void *arg, const struct alert_record *r, const char *line, size_t length)
{
  struct buf b = {0};
  struct alert_record *back = malloc (sizeof *back);
  alert_record_add (&b, r);
  if (!back || b.error || alert_record_parse (b.data, b.len - 1, back) || back->type != r->type)
    abort ();
  free (back);
  buf_free (&b);
  return alert_restore (arg, r, line, length);
}

static void
go_on (struct alert_engine *e, int64_t at)
{
  struct alert_rule *r = alert_engine_begin (e, 0, at, at);
  for (uint64_t i = 0; i < 30; i++)
    alert_rule_look (r, &(struct alert_key){.number = i},
                     &(struct alert_look){.mono_ns = at, .when = i % 3, .clear = alert_not (i % 3)});
  alert_rule_end (r, true);
  if (r->n > MOST_ROWS || e->outbox.n > e->outbox.config.most)
    abort ();
  struct alert_batch batch;
  alert_engine_flush (e, at, at, at, at > 2000, hear, e, &batch);
  if (batch.lines.error || batch.all.error)
    abort ();
  alert_batch_free (&batch);
}

/* The same lines, each with the checksum that it would have. */
static void
add_right (struct buf *b, const char *data, size_t size)
{
  for (const char *p = data, *end = data + size; p < end;) {
    const char *newline = memchr (p, '\n', (size_t) (end - p)), *stop = newline ? newline : end;
    if (stop - p > 9) {
      buf_printf (b, "%08lx ", crc32 (0, (const unsigned char *) p + 9, (uInt) (stop - p - 9)));
      buf_add (b, p + 9, (size_t) (stop - p - 9));
      buf_addc (b, '\n');
    }
    p = newline ? newline + 1 : end;
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct buf right = {0};
  const struct alert_engine_config config = {.outbox = {.most = 40, .rule_burst = 2, .rule_every_ns = 1000}};
  const struct alert_rule_config rule = {.name = "fast", .made = 8, .most_rows = MOST_ROWS};
  struct alert_engine *e;
  struct alert_scan scan;
  if (alert_engine_new (&config, &rule, 1, &e))
    abort ();
  if (alert_record_scan ((const char *) data, size, take, e, &scan) || scan.whole + scan.torn != size
      || scan.damaged > scan.whole)
    abort ();
  add_right (&right, (const char *) data, size);
  if (alert_record_scan (right.data ? right.data : "", right.len, take, e, &scan))
    abort ();
  buf_free (&right);
  if (alert_silences_parse (&e->silences, (const char *) data, size) || e->silences.n > ALERT_SILENCES)
    abort ();
  for (int64_t at = 1; at < 4; at++)
    go_on (e, at * 1000);
  alert_engine_free (e);
  return 0;
}
