/* What the plugin calls is written down and done by the daemon, which checks it as it checks any plugin's. */
#include "guest.h"

#include "../shape.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
  MAX_LINES = 200,
  MAX_LINE = 1023,
  MAX_KEY = 255,
  MAX_STRING = 16384,
  MAX_ROWS = 65536,
  MAX_EMITS = 4096,
  MAX_STATUS = 64 << 10
};

static struct guest *
guest_of (const struct kk_instance *self)
{
  return (struct guest *) (uintptr_t) self; /* face is its first member */
}

static struct guest *
guest_of_rows (const struct kk_rows *rows)
{
  return (struct guest *) (uintptr_t) ((const char *) rows - offsetof (struct guest, rows));
}

static struct guest *
guest_of_emit (const struct kk_emit *emit)
{
  return (struct guest *) (uintptr_t) ((const char *) emit - offsetof (struct guest, emit));
}

/* ---- For every plugin ---- */

static void
send_line (struct guest *g, uint32_t level, const char *text, size_t n)
{
  struct buf BUF_CLEANUP b = {0};
  wire_u32 (&b, level);
  wire_text_n (&b, text, n);
  if (b.error || wire_send (g->fd, WIRE_LOG, 0, b.data, b.len, 0))
    g->left_out++;
  else
    desk_count_line (&g->desk);
}

static void
host_log (struct kk_instance *self, uint32_t level, const char *text)
{
  struct guest *g = guest_of (self);
  pthread_mutex_lock (&g->lock);
  if (g->lines++ < MAX_LINES)
    send_line (g, level, text, strnlen (text, MAX_LINE));
  else
    g->left_out++;
  pthread_mutex_unlock (&g->lock);
}

static uint32_t
host_log_level (const struct kk_instance *self)
{
  return __atomic_load_n (&guest_of (self)->level, __ATOMIC_RELAXED);
}

static void
host_status (struct kk_instance *self, const char *key, const char *text)
{
  struct guest *g = guest_of (self);
  pthread_mutex_lock (&g->lock);
  if (g->statuses.len < MAX_STATUS) {
    wire_u8 (&g->statuses, CALL_STATUS);
    wire_text_n (&g->statuses, key, strnlen (key, MAX_KEY));
    wire_text_n (&g->statuses, text, strnlen (text, MAX_KEY));
  }
  pthread_mutex_unlock (&g->lock);
}

static const char *
host_name (const struct kk_instance *self)
{
  return guest_of (self)->name;
}

static const char *
host_data_dir (const struct kk_instance *self)
{
  return guest_of (self)->data_dir;
}

static int64_t
host_interval (const struct kk_instance *self)
{
  return guest_of (self)->interval_ns;
}

static int64_t
host_deadline (const struct kk_instance *self)
{
  return guest_of (self)->deadline_ns;
}

static void
host_now (const struct kk_instance *self, struct kk_time *time)
{
  (void) self;
  struct timespec wall;
  clock_gettime (CLOCK_REALTIME, &wall);
  *time = (struct kk_time){.wall_ns = wall.tv_sec * INT64_C (1000000000) + wall.tv_nsec, .mono_ns = wire_now ()};
}

void
guest_begin (struct guest *g, uint32_t level)
{
  __atomic_store_n (&g->level, level, __ATOMIC_RELAXED);
  pthread_mutex_lock (&g->lock);
  uint64_t left_out = g->left_out;
  g->left_out = 0;
  g->lines = 0;
  if (left_out) {
    char text[80];
    int n = snprintf (text, sizeof text, "%llu lines of the log were left out", (unsigned long long) left_out);
    send_line (g, KK_LOG_WARNING, text, (size_t) n);
  }
  pthread_mutex_unlock (&g->lock);
  g->calls.max = WIRE_MAX - (1 << 20);
  buf_clear (&g->calls);
  g->table = UINT32_MAX;
  g->emits = 0;
  g->nowhere.rows = 0;
  for (uint32_t i = 0; g->handles && i < g->n_tables; i++) {
    g->handles[i].rows = 0;
    g->handles[i].lost = true; /* no row yet */
  }
}

/* ---- For inputs ---- */

static void
read_time (const struct kk_rows *out, struct kk_time *time)
{
  *time = guest_of_rows (out)->time;
}

/* The row's handle; ret_keeps: it is to be written down. A table that does not exist, or too many rows: the daemon counts a
 * few. */
static struct guest_row *
begin_row (struct guest *g, uint32_t table, bool *ret_keeps)
{
  struct guest_row *row = table < g->n_tables ? g->handles + table : &g->nowhere;
  *ret_keeps = row->rows++ < 2 * MAX_ROWS && !g->calls.error;
  row->lost = !*ret_keeps || row == &g->nowhere;
  if (*ret_keeps)
    g->table = table;
  if (row->rows > 2 * MAX_ROWS)
    row->rows = 2 * MAX_ROWS;
  return row;
}

static struct kk_row *
row (struct kk_rows *out, uint32_t table, const char *key, uint64_t identity)
{
  struct guest *g = guest_of_rows (out);
  bool keeps;
  struct guest_row *r = begin_row (g, table, &keeps);
  if (keeps) {
    wire_u8 (&g->calls, key ? CALL_ROW_KEY : CALL_ROW);
    wire_u32 (&g->calls, table);
    wire_u64 (&g->calls, identity);
    if (key)
      wire_text_n (&g->calls, key, strnlen (key, MAX_STRING));
  }
  return &r->face;
}

static struct kk_row *
row_u64 (struct kk_rows *out, uint32_t table, uint64_t key, uint64_t identity)
{
  struct guest *g = guest_of_rows (out);
  bool keeps;
  struct guest_row *r = begin_row (g, table, &keeps);
  if (keeps) {
    wire_u8 (&g->calls, CALL_ROW_U64);
    wire_u32 (&g->calls, table);
    wire_u64 (&g->calls, identity);
    wire_u64 (&g->calls, key);
  }
  return &r->face;
}

static void
table_state (struct kk_rows *out, uint32_t table, uint32_t state)
{
  struct guest *g = guest_of_rows (out);
  wire_u8 (&g->calls, CALL_TABLE_STATE);
  wire_u32 (&g->calls, table);
  wire_u32 (&g->calls, state);
}

/* The calls so far, to which one about a field of the newest row of the handle's table may be added. NULL: the row is not kept.
 */
static struct buf *
row_calls (struct kk_row *face)
{
  struct guest_row *r = (struct guest_row *) face;
  struct guest *g = r->guest;
  if (r->lost)
    return NULL;
  if (g->table != r->table) {
    g->table = r->table;
    wire_u8 (&g->calls, CALL_TABLE);
    wire_u32 (&g->calls, r->table);
  }
  return &g->calls;
}

static struct buf *
field_call (struct kk_row *face, enum wire_call call, uint32_t field)
{
  struct buf *b = row_calls (face);
  if (!b)
    return NULL;
  wire_u8 (b, (uint8_t) call);
  wire_u32 (b, field);
  return b;
}

static void
set_number (struct kk_row *face, uint32_t field, uint32_t type, uint64_t bits)
{
  const struct wire_number call = {.call = CALL_NUMBER, .field = field, .type = (uint8_t) type, .bits = bits};
  struct buf *b = row_calls (face);
  if (b)
    buf_add (b, &call, sizeof call);
}

static void
set_f64 (struct kk_row *face, uint32_t field, double value)
{
  uint64_t bits;
  memcpy (&bits, &value, sizeof bits);
  set_number (face, field, KK_TYPE_F64, bits);
}

static void
set_u64 (struct kk_row *face, uint32_t field, uint64_t value)
{
  set_number (face, field, KK_TYPE_U64, value);
}

static void
set_i64 (struct kk_row *face, uint32_t field, int64_t value)
{
  set_number (face, field, KK_TYPE_I64, (uint64_t) value);
}

static void
set_bool (struct kk_row *face, uint32_t field, bool value)
{
  set_number (face, field, KK_TYPE_BOOL, value);
}

static void
set_string (struct kk_row *face, uint32_t field, const char *text, size_t length)
{
  struct buf *b = field_call (face, CALL_STRING, field);
  if (b) /* one byte more than may stay: the daemon counts what it cuts */
    wire_text_n (b, text, length > MAX_STRING ? MAX_STRING + 1 : length);
}

static void
set_absent (struct kk_row *face, uint32_t field, uint32_t why)
{
  struct buf *b = field_call (face, CALL_ABSENT, field);
  if (b)
    wire_u32 (b, why);
}

/* ---- For filters ---- */

static int
keep_rows (struct kk_emit *out, uint32_t table, const uint32_t *rows, uint32_t n)
{
  struct guest *g = guest_of_emit (out);
  if (!g->in || table >= g->in->schema->n_tables || !g->in->schema->tables[table].key)
    return -EINVAL;
  for (uint32_t i = 0; i < n; i++)
    if (rows[i] >= g->in->tables[table].n_rows || (i && rows[i] <= rows[i - 1]))
      return -EINVAL;
  wire_u8 (&g->calls, CALL_KEEP_ROWS);
  wire_u32 (&g->calls, table);
  wire_u32 (&g->calls, n);
  buf_add (&g->calls, rows, n * sizeof *rows);
  return g->calls.error;
}

static int
emit (struct kk_emit *out)
{
  struct guest *g = guest_of_emit (out);
  if (!g->in)
    return -EINVAL;
  if (g->emits == MAX_EMITS)
    return -E2BIG;
  g->emits++;
  wire_u8 (&g->calls, CALL_EMIT);
  return g->calls.error;
}

/* ---- What needs the daemon's own process ---- */

static int
refuse_name (struct kk_shape *shape, uint32_t table, const char *name)
{
  (void) shape, (void) table, (void) name;
  return -ENOSYS;
}

static int
refuse_field_name (struct kk_shape *shape, uint32_t table, uint32_t field, const char *name)
{
  (void) shape, (void) table, (void) field, (void) name;
  return -ENOSYS;
}

static int
refuse_field (struct kk_shape *shape, uint32_t table, uint32_t like, const struct kk_field *field, size_t size, uint32_t *ret)
{
  (void) shape, (void) table, (void) like, (void) field, (void) size, (void) ret;
  return -ENOSYS;
}

static int
refuse_table (struct kk_shape *shape, uint32_t like, const struct kk_table *table, uint32_t table_size, uint32_t field_size,
              uint32_t *ret)
{
  (void) shape, (void) like, (void) table, (void) table_size, (void) field_size, (void) ret;
  return -ENOSYS;
}

static struct kk_rows *
no_rows (struct kk_emit *out)
{
  (void) out;
  return NULL;
}

static struct kk_row *
no_row (struct kk_emit *out, uint32_t table, uint32_t row)
{
  (void) table, (void) row;
  return &guest_of_emit (out)->nowhere.face;
}

static int
refuse_text (struct kk_emit *out, uint32_t table, uint32_t field, const char *text, size_t length)
{
  (void) out, (void) table, (void) field, (void) text, (void) length;
  return -ENOSYS;
}

static int
refuse_time (struct kk_emit *out, int64_t wall_ns, int64_t mono_ns)
{
  (void) out, (void) wall_ns, (void) mono_ns;
  return -ENOSYS;
}

static int
refuse_like (struct kk_row *row, uint32_t incoming)
{
  (void) row, (void) incoming;
  return -ENOSYS;
}

void
guest_host_functions (struct guest *g)
{
  g->host = (struct kk_host){.size = sizeof g->host,
                             .api = KK_API_NEWEST,
                             .log = host_log,
                             .log_level = host_log_level,
                             .status = host_status,
                             .name = host_name,
                             .data_dir = host_data_dir,
                             .interval = host_interval,
                             .deadline = host_deadline,
                             .now = host_now,
                             .read_time = read_time,
                             .row = row,
                             .row_u64 = row_u64,
                             .table_state = table_state,
                             .set_f64 = set_f64,
                             .set_u64 = set_u64,
                             .set_i64 = set_i64,
                             .set_bool = set_bool,
                             .set_string = set_string,
                             .set_absent = set_absent};
  sample_host_functions (&g->host);
  shape_host_functions (&g->host);
  g->host.emit_keep_rows = keep_rows;
  g->host.emit = emit;
  g->host.shape_rename_table = g->host.shape_rename_key = refuse_name;
  g->host.shape_rename_field = refuse_field_name;
  g->host.shape_add_field = refuse_field;
  g->host.shape_add_table = refuse_table;
  g->host.emit_rows = no_rows;
  g->host.emit_row = no_row;
  g->host.emit_text = refuse_text;
  g->host.emit_time = refuse_time;
  g->host.row_like = refuse_like;
  g->face.host = g->rows.host = g->emit.host = &g->host;
}
