#include "entry.h"

#include "mask.h"
#include "template.h"
#include "text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ENTRY = 32 << 20 };

int
entry_maker_new (const struct entry_choice *choice, struct entry_maker **ret)
{
  struct entry_maker *m = calloc (1, sizeof *m);
  if (!m)
    return -ENOMEM;
  m->choice = *choice;
  *ret = m;
  return 0;
}

void
entry_maker_free (struct entry_maker *m)
{
  if (!m)
    return;
  free (m->plans);
  free (m->columns);
  buf_free (&m->texts);
  free (m);
}

static void
add_time (const struct entry_maker *m, struct buf *out, int64_t wall_ns)
{
  if (m->choice.microseconds)
    text_wall_time_us (out, wall_ns);
  else
    text_wall_time (out, wall_ns);
}

static void
add_string (struct buf *out, const struct kk_value *v, bool cmdline)
{
  if (!cmdline) {
    text_json_string (out, v->string, v->length);
    return;
  }
  struct buf masked BUF_CLEANUP = {0};
  mask_add (&masked, v->string, v->length);
  if (masked.error)
    out->error = masked.error;
  text_json_string (out, masked.data ? masked.data : "", masked.len);
}

/* The value's text; false, and nothing is written, when there is none. */
static bool
add_value (struct buf *out, const struct column *c, const struct kk_value *v, const char *prefix)
{
  bool known = !v->absent && v->type == c->type && !(c->type == KK_TYPE_F64 && !isfinite (v->f64));
  if (!known && !c->zero)
    return false;
  buf_add (out, prefix, c->prefix_length);
  if (!known)
    buf_adds (out, "0.0");
  else if (c->type == KK_TYPE_F64)
    text_f64 (out, v->f64, c->decimals);
  else if (c->type == KK_TYPE_U64)
    text_u64 (out, v->u64);
  else if (c->type == KK_TYPE_I64)
    text_i64 (out, v->i64);
  else if (c->type == KK_TYPE_BOOL)
    buf_adds (out, v->boolean ? "true" : "false");
  else
    add_string (out, v, c->cmdline);
  return true;
}

static void
add_fields (const struct entry_maker *m, const struct plan *p, const struct kk_sample *s, uint32_t row, struct buf *out)
{
  struct kk_value value;
  for (uint32_t i = 0; i < p->n; i++) {
    const struct column *c = m->columns + p->first + i;
    kk_get (s, p->table, row, c->field, &value);
    if (add_value (out, c, &value, m->texts.data + c->prefix))
      buf_addc (out, ',');
  }
  if (out->len && out->data[out->len - 1] == ',')
    out->data[--out->len] = 0;
}

static void
add_stamp (const struct entry_maker *m, struct buf *out, int64_t wall_ns)
{
  buf_adds (out, "\"timestamp\":");
  add_time (m, out, wall_ns);
  buf_addc (out, ',');
}

/* A row's key as the name of an object; JSON knows only strings there. */
static void
add_key (struct buf *out, const struct kk_value *key)
{
  if (key->type == KK_TYPE_STRING) {
    text_json_string (out, key->string, key->length);
    return;
  }
  buf_addc (out, '"');
  text_u64 (out, key->u64);
  buf_addc (out, '"');
}

static void
add_rows (const struct entry_maker *m, const struct plan *p, const struct kk_sample *s, const struct kk_table_info *info,
          struct buf *out)
{
  struct kk_value key;
  struct kk_time time;
  bool any = false;
  for (uint32_t row = 0; row < info->rows && !out->error; row++) {
    if (kk_get_key (s, p->table, row, &key))
      continue;
    if (any)
      buf_addc (out, ',');
    any = true;
    add_key (out, &key);
    buf_adds (out, ":{");
    if (p->role == PROCESSES) {
      kk_value_time (s, p->table, row, 0, &time);
      add_stamp (m, out, time.mono_ns ? time.wall_ns : info->wall_ns);
      if (!p->has_pid && key.type != KK_TYPE_STRING) {
        buf_adds (out, "\"pid\":");
        text_u64 (out, key.u64);
        buf_addc (out, ',');
      }
    }
    add_fields (m, p, s, row, out);
    buf_addc (out, '}');
  }
}

static void
add_table (const struct entry_maker *m, const struct plan *p, const struct kk_sample *s, struct buf *out)
{
  struct kk_table_info info;
  struct kk_time time;
  if (kk_table_info (s, p->table, &info))
    return;
  /* What was not read at this tick is not said again; processes and network are, because readers look for them in every entry.
   */
  if (p->role == OTHER && (info.held || info.state == KK_FAILED || (!info.rows && p->key_type == KK_NO_KEY)))
    return;
  if (p->role != SYSTEM)
    buf_addc (out, ',');
  buf_add (out, m->texts.data + p->prefix, p->prefix_length);
  if (p->key_type != KK_NO_KEY) {
    add_rows (m, p, s, &info, out);
  } else {
    if (p->role == NETWORK)
      add_stamp (m, out, info.wall_ns);
    if (p->role == SYSTEM) {
      kk_sample_time (s, &time);
      add_stamp (m, out, time.wall_ns);
    }
    add_fields (m, p, s, 0, out);
  }
  buf_addc (out, '}');
}

static bool
has_required (const struct entry_maker *m, const struct kk_sample *s, struct entry_lack *lack)
{
  struct kk_value value;
  for (int i = 0; i < REQUIRED; i++) {
    *lack = (struct entry_lack){.field = template_required[i], .absent = KK_PRESENT};
    if (!m->required[i].there)
      return false;
    lack->absent = kk_get (s, m->required[i].table, 0, m->required[i].field, &value);
    if (lack->absent)
      return false;
    if (value.type == KK_TYPE_STRING || value.type == KK_TYPE_BOOL || (value.type == KK_TYPE_F64 && !isfinite (value.f64))) {
      lack->absent = KK_ERROR;
      return false;
    }
  }
  return true;
}

int
entry_add (struct entry_maker *m, const struct kk_sample *sample, struct buf *out, struct entry_lack *lack)
{
  const struct kk_schema *schema = kk_sample_schema (sample);
  if (!m->made || m->schema_id != kk_schema_id (schema)) {
    int r = template_make (m, schema);
    if (r)
      return r;
  }
  if (!has_required (m, sample, lack))
    return -ENODATA;
  size_t start = out->len;
  bool processes = false;
  out->max = MAX_ENTRY;
  buf_addc (out, '{');
  for (size_t i = 0; i < m->n_plans; i++) {
    /* `processes` stands in every entry, also when nothing is tracked. */
    if (!processes && m->plans[i].role > PROCESSES)
      buf_adds (out, ",\"processes\":{}");
    processes |= m->plans[i].role >= PROCESSES;
    add_table (m, m->plans + i, sample, out);
  }
  buf_adds (out, processes ? "}" : ",\"processes\":{}}");
  if (out->error) {
    int r = out->error;
    out->error = 0;
    out->len = start;
    *lack = (struct entry_lack){0};
    return r == -EFBIG ? -ENODATA : r;
  }
  return 0;
}
