#include "probe.h"

#include "option.h"

#include <inttypes.h>
#include <math.h>

enum { MOST_FIELDS = 64, MOST_TABLES = 8, MESSAGE_SIZE = 1024, TEXT_SIZE = 80 };

struct probe_row {
  struct kk_row face;
  struct probe *probe;
  uint32_t table;
  uint64_t identity;
  char key[256];
  uint32_t absent[MOST_FIELDS];
  double value[MOST_FIELDS];
  char text[MOST_FIELDS][TEXT_SIZE];
};

struct probe {
  struct kk_host host;
  struct kk_instance instance;
  struct kk_rows rows_face;
  const struct kk_plugin *plugin;
  void *config, *state;
  bool created;
  struct kk_time time;
  int64_t read_ns; /* of the last good read, or of creation */
  struct probe_row **rows;
  uint32_t n_rows, n_before;
  uint32_t state_of[MOST_TABLES];
  uint32_t warnings, infos;
  char message[MESSAGE_SIZE], status_key[64], status_text[256];
};

extern const struct kk_plugin kk_plugin;

#define PROBE_OF(handle_, member_) ((struct probe *) (uintptr_t) ((const char *) (handle_) -offsetof (struct probe, member_)))

static void
probe_log (struct kk_instance *self, uint32_t level, const char *text)
{
  struct probe *p = PROBE_OF (self, instance);
  p->warnings += level <= KK_LOG_WARNING;
  p->infos += level == KK_LOG_INFO;
  snprintf (p->message, sizeof p->message, "%s", text);
}

static uint32_t
probe_log_level (const struct kk_instance *self)
{
  (void) self;
  return KK_LOG_DEBUG;
}

static void
probe_set_status (struct kk_instance *self, const char *key, const char *text)
{
  struct probe *p = PROBE_OF (self, instance);
  snprintf (p->status_key, sizeof p->status_key, "%s", key);
  snprintf (p->status_text, sizeof p->status_text, "%s", text);
}

static const char *
probe_name (const struct kk_instance *self)
{
  return PROBE_OF (self, instance)->plugin->name;
}

static int64_t
probe_interval (const struct kk_instance *self)
{
  (void) self;
  return 1000000000;
}

static int64_t
probe_deadline (const struct kk_instance *self)
{
  (void) self;
  return 500000000;
}

static void
probe_now (const struct kk_instance *self, struct kk_time *time)
{
  *time = PROBE_OF (self, instance)->time;
  time->elapsed_ns = 0;
  time->after = KK_PRESENT;
}

static void
probe_read_time (const struct kk_rows *out, struct kk_time *time)
{
  *time = PROBE_OF (out, rows_face)->time;
}

static struct probe_row *
find_row (struct probe *p, uint32_t table, const char *key)
{
  for (uint32_t i = 0; i < p->n_rows; i++)
    if (p->rows[i]->table == table && strcmp (p->rows[i]->key, key ? key : "") == 0)
      return p->rows[i];
  return NULL;
}

static struct kk_row *
probe_row (struct kk_rows *out, uint32_t table, const char *key, uint64_t identity)
{
  struct probe *p = PROBE_OF (out, rows_face);
  ck_assert_msg (table < p->plugin->n_tables, "table %u does not exist", table);
  ck_assert_msg ((key == NULL) == (p->plugin->tables[table].key_type == KK_NO_KEY), "a key for a single table, or none");
  ck_assert_msg (find_row (p, table, key) == NULL, "row %s given twice", key ? key : "");
  struct probe_row *row = calloc (1, sizeof *row);
  p->rows = realloc (p->rows, (p->n_rows + 1) * sizeof (struct probe_row *));
  ck_assert_msg (row && p->rows, "no memory");
  p->rows[p->n_rows++] = row;
  row->face.host = &p->host;
  row->probe = p;
  row->table = table;
  row->identity = identity;
  snprintf (row->key, sizeof row->key, "%s", key ? key : "");
  for (int i = 0; i < MOST_FIELDS; i++)
    row->absent[i] = KK_UNSET;
  return &row->face;
}

static struct kk_row *
probe_row_u64 (struct kk_rows *out, uint32_t table, uint64_t key, uint64_t identity)
{
  char text[32];
  snprintf (text, sizeof text, "%" PRIu64, key);
  return probe_row (out, table, text, identity);
}

static void
probe_table_state (struct kk_rows *out, uint32_t table, uint32_t state)
{
  struct probe *p = PROBE_OF (out, rows_face);
  ck_assert_msg (table < p->plugin->n_tables && table < MOST_TABLES, "table %u does not exist", table);
  p->state_of[table] = state;
}

static void
set (struct kk_row *face, uint32_t field, uint32_t type, double value, uint32_t absent)
{
  struct probe_row *row = (struct probe_row *) face;
  const struct kk_table *table = &row->probe->plugin->tables[row->table];
  ck_assert_msg (field < table->n_fields && field < MOST_FIELDS, "%s has no field %u", table->name, field);
  if (type)
    ck_assert_msg (table->fields[field].type == type, "%s.%s has another type", table->name, table->fields[field].name);
  row->value[field] = value;
  row->absent[field] = absent;
}

#define SETTER(name_, ctype_, type_)                                                                                           \
  static void name_ (struct kk_row *row, uint32_t field, ctype_ value)                                                         \
  {                                                                                                                            \
    ck_assert_msg (isfinite ((double) value), "field %u is not finite", field);                                                \
    set (row, field, type_, (double) value, KK_PRESENT);                                                                       \
  }
SETTER (probe_set_f64, double, KK_TYPE_F64)
SETTER (probe_set_u64, uint64_t, KK_TYPE_U64)
SETTER (probe_set_i64, int64_t, KK_TYPE_I64)
SETTER (probe_set_bool, bool, KK_TYPE_BOOL)
#undef SETTER

static void
probe_set_string (struct kk_row *row, uint32_t field, const char *text, size_t length)
{
  set (row, field, KK_TYPE_STRING, (double) length, KK_PRESENT);
  snprintf (((struct probe_row *) row)->text[field], TEXT_SIZE, "%.*s", (int) length, text);
}

static void
probe_set_absent (struct kk_row *row, uint32_t field, uint32_t why)
{
  ck_assert_msg (why != KK_PRESENT, "field %u is absent for no reason", field);
  set (row, field, 0, 0, why);
}

struct probe *
probe_new (void)
{
  struct probe *p = calloc (1, sizeof *p);
  struct diag faults = {0};
  ck_assert_msg (p != NULL, "no memory");
  p->plugin = &kk_plugin;
  p->host = (struct kk_host){
    .size = sizeof p->host,
    .api = KK_API_NEWEST,
    .log = probe_log,
    .log_level = probe_log_level,
    .status = probe_set_status,
    .name = probe_name,
    .data_dir = probe_name,
    .interval = probe_interval,
    .now = probe_now,
    .deadline = probe_deadline,
    .read_time = probe_read_time,
    .row = probe_row,
    .row_u64 = probe_row_u64,
    .table_state = probe_table_state,
    .set_f64 = probe_set_f64,
    .set_u64 = probe_set_u64,
    .set_i64 = probe_set_i64,
    .set_bool = probe_set_bool,
    .set_string = probe_set_string,
    .set_absent = probe_set_absent,
  };
  p->instance.host = p->rows_face.host = &p->host;
  p->time = (struct kk_time){.wall_ns = INT64_C (1767225600) * 1000000000, .mono_ns = INT64_C (1000) * 1000000000};
  ck_assert_int_eq (option_fill (kk_plugin.options, kk_plugin.n_options, kk_plugin.config_size, NULL, NULL, (struct place){0},
                                 &faults, &p->config),
                    0);
  return p;
}

static void
drop_rows (struct probe *p)
{
  for (uint32_t i = 0; i < p->n_rows; i++)
    free (p->rows[i]);
  p->n_rows = 0;
}

void
probe_free (struct probe *p)
{
  if (p->created)
    p->plugin->destroy (p->state);
  drop_rows (p);
  free (p->rows);
  option_free (p->plugin->options, p->plugin->n_options, p->config);
  free (p);
}

static void *
member (struct probe *p, const char *option, uint32_t type)
{
  for (uint32_t i = 0; i < p->plugin->n_options; i++) {
    const struct kk_option *o = &p->plugin->options[i];
    if (strcmp (o->name, option) == 0) {
      ck_assert_msg (o->type == type, "option %s has another type", option);
      return (char *) p->config + o->offset;
    }
  }
  ck_abort_msg ("no option %s", option);
}

void
probe_flag (struct probe *p, const char *option, bool value)
{
  *(bool *) member (p, option, KK_OPTION_BOOL) = value;
}

void
probe_path (struct probe *p, const char *option, const char *value)
{
  char **at = member (p, option, KK_OPTION_PATH);
  free (*at);
  *at = strdup (value);
}

void
probe_list (struct probe *p, const char *option, const char *const *items, uint32_t n)
{
  struct kk_list *list = member (p, option, KK_OPTION_LIST);
  ck_assert_uint_eq (list->count, 0);
  const char **copy = calloc (n, sizeof *copy);
  ck_assert_msg (copy != NULL, "no memory");
  memcpy (copy, items, n * sizeof *copy);
  free ((void *) (uintptr_t) list->items);
  *list = (struct kk_list){.items = copy, .count = n};
}

int
probe_create (struct probe *p)
{
  int r = p->plugin->create (&p->instance, p->config, &p->state);
  p->created = r == 0;
  p->read_ns = p->time.mono_ns;
  return r;
}

int
probe_read_after (struct probe *p, double seconds, enum kk_absent after)
{
  int64_t ns = (int64_t) (seconds * 1e9);
  p->time.mono_ns += ns;
  p->time.wall_ns += ns;
  p->time.elapsed_ns = p->time.mono_ns - p->read_ns;
  p->time.after = after;
  drop_rows (p);
  memset (p->state_of, 0, sizeof p->state_of);
  int r = p->plugin->read (p->state, &p->rows_face);
  if (r == 0)
    p->read_ns = p->time.mono_ns;
  return r;
}

int
probe_read (struct probe *p, double seconds)
{
  return probe_read_after (p, seconds, KK_PRESENT);
}

static uint32_t
table_number (struct probe *p, const char *name)
{
  for (uint32_t i = 0; i < p->plugin->n_tables; i++)
    if (strcmp (p->plugin->tables[i].name, name) == 0)
      return i;
  ck_abort_msg ("no table %s", name);
}

static struct probe_row *
need_row (struct probe *p, const char *table, const char *key)
{
  struct probe_row *row = find_row (p, table_number (p, table), key);
  ck_assert_msg (row != NULL, "%s has no row %s", table, key ? key : "");
  return row;
}

static uint32_t
field_number (struct probe *p, uint32_t table, const char *name)
{
  const struct kk_table *t = &p->plugin->tables[table];
  for (uint32_t i = 0; i < t->n_fields; i++)
    if (strcmp (t->fields[i].name, name) == 0)
      return i;
  ck_abort_msg ("%s has no field %s", t->name, name);
}

const char *
probe_text (struct probe *p, const char *table, const char *key, const char *field)
{
  struct probe_row *row = need_row (p, table, key);
  uint32_t number = field_number (p, row->table, field);
  ck_assert_msg (row->absent[number] == KK_PRESENT, "%s is absent: %u", field, row->absent[number]);
  return row->text[number];
}

uint32_t
probe_state (struct probe *p, const char *table)
{
  return p->state_of[table_number (p, table)];
}

uint32_t
probe_absent (struct probe *p, const char *table, const char *key, const char *field)
{
  struct probe_row *row = need_row (p, table, key);
  return row->absent[field_number (p, row->table, field)];
}

double
probe_number (struct probe *p, const char *table, const char *key, const char *field)
{
  struct probe_row *row = need_row (p, table, key);
  uint32_t n = field_number (p, row->table, field);
  ck_assert_msg (row->absent[n] == KK_PRESENT, "%s.%s is absent: %u", table, field, row->absent[n]);
  return row->value[n];
}

bool
probe_has_row (struct probe *p, const char *table, const char *key)
{
  return find_row (p, table_number (p, table), key) != NULL;
}

uint64_t
probe_identity (struct probe *p, const char *table, const char *key)
{
  return need_row (p, table, key)->identity;
}

uint32_t
probe_rows (struct probe *p, const char *table)
{
  uint32_t number = table_number (p, table), n = 0;
  for (uint32_t i = 0; i < p->n_rows; i++)
    n += p->rows[i]->table == number;
  return n;
}

uint32_t
probe_warnings (struct probe *p)
{
  return p->warnings;
}

uint32_t
probe_infos (struct probe *p)
{
  return p->infos;
}

const char *
probe_message (struct probe *p)
{
  return p->message;
}

const char *
probe_status (struct probe *p, const char *key)
{
  return strcmp (p->status_key, key) == 0 ? p->status_text : "";
}
