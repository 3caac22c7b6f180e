#include "replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int
take_status (const struct replay *r, struct wire *w)
{
  const char *key = wire_take_text (w, NULL), *text = wire_take_text (w, NULL);
  if (!key || !text)
    return -EBADMSG;
  r->instance->host->status (r->instance, key, text);
  return 0;
}

/* Where the newest row of a table is kept; all tables that do not exist share the last place. */
static struct kk_row **
place (const struct replay *r, uint32_t table)
{
  return r->current + (table < r->n_tables ? table : r->n_tables);
}

static int
take_row (const struct replay *r, struct wire *w, enum wire_call call, struct kk_row ***ret)
{
  uint32_t table = wire_take_u32 (w);
  uint64_t identity = wire_take_u64 (w), number = call == CALL_ROW_U64 ? wire_take_u64 (w) : 0;
  const char *key = call == CALL_ROW_KEY ? wire_take_text (w, NULL) : NULL;
  if (w->bad || !r->rows || (call == CALL_ROW_KEY && !key))
    return -EBADMSG;
  *ret = place (r, table);
  **ret = call == CALL_ROW_U64 ? kk_row_u64 (r->rows, table, number, identity) : kk_row (r->rows, table, key, identity);
  return 0;
}

static int
take_field (struct kk_row *row, struct wire *w, enum wire_call call)
{
  uint32_t field = wire_take_u32 (w), type = call == CALL_NUMBER ? wire_take_u8 (w) : 0;
  uint64_t bits = call == CALL_NUMBER ? wire_take_u64 (w) : call == CALL_ABSENT ? wire_take_u32 (w) : 0;
  size_t n = 0;
  const char *text = call == CALL_STRING ? wire_take_text (w, &n) : NULL;
  double f64;
  memcpy (&f64, &bits, sizeof f64);
  if (w->bad || !row)
    return -EBADMSG;
  if (call == CALL_ABSENT)
    kk_absent (row, field, (enum kk_absent) bits);
  else if (call == CALL_STRING)
    row->host->set_string (row, field, text, n);
  else if (type == KK_TYPE_F64)
    kk_f64 (row, field, f64);
  else if (type == KK_TYPE_U64)
    kk_u64 (row, field, bits);
  else if (type == KK_TYPE_I64)
    kk_i64 (row, field, (int64_t) bits);
  else if (type == KK_TYPE_BOOL)
    kk_bool (row, field, bits != 0);
  else
    return -EBADMSG;
  return 0;
}

static int
take_table_state (const struct replay *r, struct wire *w)
{
  uint32_t table = wire_take_u32 (w), state = wire_take_u32 (w);
  if (w->bad || !r->rows)
    return -EBADMSG;
  kk_table_state (r->rows, table, (enum kk_table_state) state);
  return 0;
}

static int
take_keep_rows (const struct replay *r, struct wire *w)
{
  uint32_t table = wire_take_u32 (w), n = wire_take_u32 (w);
  const void *at = wire_take_bytes (w, (size_t) n * sizeof (uint32_t));
  if (!at || !r->emit)
    return -EBADMSG;
  uint32_t *rows = malloc (((size_t) n + 1) * sizeof *rows); /* in the message they need not be aligned */
  if (!rows)
    return -ENOMEM;
  memcpy (rows, at, (size_t) n * sizeof *rows);
  int result = kk_emit_keep_rows (r->emit, table, rows, n);
  free (rows);
  return result;
}

int
replay_calls (struct replay *r, struct wire *w)
{
  struct kk_row **at = r->current + r->n_tables;
  memset (r->current, 0, (r->n_tables + 1) * sizeof (struct kk_row *));
  int result = 0;
  while (!result && w->p < w->end) {
    uint8_t call = wire_take_u8 (w);
    switch (call) {
    case CALL_STATUS: result = take_status (r, w); break;
    case CALL_ROW:
    case CALL_ROW_KEY:
    case CALL_ROW_U64: result = take_row (r, w, (enum wire_call) call, &at); break;
    case CALL_TABLE: at = place (r, wire_take_u32 (w)); break;
    case CALL_TABLE_STATE: result = take_table_state (r, w); break;
    case CALL_NUMBER:
    case CALL_STRING:
    case CALL_ABSENT: result = take_field (*at, w, (enum wire_call) call); break;
    case CALL_KEEP_ROWS: result = take_keep_rows (r, w); break;
    case CALL_EMIT: result = r->emit ? kk_emit (r->emit) : -EBADMSG; break;
    default: result = -EBADMSG;
    }
    if (w->bad)
      result = -EBADMSG;
  }
  return result;
}
