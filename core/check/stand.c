#include "check/stand.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct stand *
stand_of (const struct kk_host *host)
{
  return (struct stand *) (uintptr_t) host; /* env.host is its first member */
}

/* ---- Rows ---- */

static void
remember (struct stand *s, uint32_t table, struct kk_row *row)
{
  for (uint32_t t = 0; t < STAND_TABLES; t++)
    if (s->rows[t] == row)
      s->rows[t] = NULL;
  if (table < STAND_TABLES)
    s->rows[table] = row;
}

/* A row that was lost: why. */
static void
say_lost (struct stand *s, uint32_t table, uint32_t key_type, const char *key)
{
  const struct kk_plugin *p = &s->d->plugin;
  if (table >= p->n_tables) {
    check_find (s->check, CHECK_FAULT, "no-such-table", "Number tables as they stand in KK_TABLES, from 0.",
                "it begins a row of table number %u and declares %u", table, p->n_tables);
    return;
  }
  const struct kk_table *t = p->tables + table;
  static const char *const calls[] = {"kk_row (…, NULL, …)", "kk_row (…, \"key\", …)", "kk_row_u64 (…)"};
  if (t->key_type != key_type)
    check_find (s->check, CHECK_FAULT, "wrong-key", "Begin rows as the table declares its key.",
                "it begins a row of '%s' by %s, where %s belongs", t->name, calls[key_type], calls[t->key_type]);
  else if (!s->check->wild)
    check_find (
      s->check, CHECK_FAULT, "lost-rows",
      "Give every key once. A table that can be long says .max_rows, and the plugin keeps to it (kk_table_state KK_PARTIAL).",
      "rows of '%s' are lost: a key is given twice (%.60s), or there are more rows than the table may have (%u)", t->name,
      key ? key : "a number", t->max_rows ? t->max_rows : 65536);
}

static struct kk_row *
stand_row (struct kk_rows *out, uint32_t table, const char *key, uint64_t identity)
{
  struct stand *s = stand_of (out->host);
  uint64_t lost = rows_counts ((struct rows *) out).lost_rows;
  struct kk_row *row = s->real.row (out, table, key, identity);
  bool kept = rows_counts ((struct rows *) out).lost_rows == lost;
  remember (s, kept ? table : STAND_TABLES, row);
  if (!kept)
    say_lost (s, table, key ? KK_STRING_KEY : KK_NO_KEY, key);
  return row;
}

static struct kk_row *
stand_row_u64 (struct kk_rows *out, uint32_t table, uint64_t key, uint64_t identity)
{
  struct stand *s = stand_of (out->host);
  uint64_t lost = rows_counts ((struct rows *) out).lost_rows;
  struct kk_row *row = s->real.row_u64 (out, table, key, identity);
  bool kept = rows_counts ((struct rows *) out).lost_rows == lost;
  remember (s, kept ? table : STAND_TABLES, row);
  if (!kept)
    say_lost (s, table, KK_U64_KEY, NULL);
  return row;
}

static void
stand_table_state (struct kk_rows *out, uint32_t table, uint32_t state)
{
  struct stand *s = stand_of (out->host);
  if (table >= s->d->plugin.n_tables || state > KK_FAILED)
    check_find (s->check, CHECK_FAULT, "table-state", "See enum kk_table_state, and count tables from 0.",
                "it calls kk_table_state for table number %u with state %u", table, state);
  s->real.table_state (out, table, state);
}

static const char *const type_names[] = {"?", "f64", "u64", "i64", "bool", "string"};

static struct stand *
look (const struct kk_row *row, uint32_t field, uint32_t type, bool good)
{
  struct stand *s = stand_of (row->host);
  const struct kk_plugin *p = &s->d->plugin;
  uint32_t t = 0;
  while (t < p->n_tables && s->rows[t] != row)
    t++;
  if (t == p->n_tables)
    return s;
  const struct kk_table *table = p->tables + t;
  if (field < STAND_FIELDS)
    s->set[t][field] = true;
  if (field >= table->n_fields)
    check_find (s->check, CHECK_FAULT, "no-such-field", "Number fields by the enum that indexes the field table.",
                "it sets field number %u of '%s', which has %u", field, table->name, table->n_fields);
  else if (type && table->fields[field].type != type)
    check_find (s->check, CHECK_FAULT, "wrong-type", "Declare the field with that type, or call the function of its type.",
                "it sets '%s.%s', declared as %s, by kk_%s", table->name, table->fields[field].name,
                type_names[table->fields[field].type], type_names[type]);
  else if (!good)
    check_find (s->check, CHECK_ADVICE, "bad-value", "Say kk_absent (row, field, KK_ERROR), or whatever is the reason.",
                "it sets '%s.%s' to what cannot be kept (not finite, NULL, or no reason)", table->name,
                table->fields[field].name);
  return s;
}

static void
stand_f64 (struct kk_row *row, uint32_t field, double value)
{
  look (row, field, KK_TYPE_F64, isfinite (value))->real.set_f64 (row, field, value);
}
static void
stand_u64 (struct kk_row *row, uint32_t field, uint64_t value)
{
  look (row, field, KK_TYPE_U64, true)->real.set_u64 (row, field, value);
}
static void
stand_i64 (struct kk_row *row, uint32_t field, int64_t value)
{
  look (row, field, KK_TYPE_I64, true)->real.set_i64 (row, field, value);
}
static void
stand_bool (struct kk_row *row, uint32_t field, bool value)
{
  look (row, field, KK_TYPE_BOOL, true)->real.set_bool (row, field, value);
}
static void
stand_string (struct kk_row *row, uint32_t field, const char *text, size_t length)
{
  look (row, field, KK_TYPE_STRING, text != NULL)->real.set_string (row, field, text, length);
}
static void
stand_absent (struct kk_row *row, uint32_t field, uint32_t why)
{
  look (row, field, 0, why > KK_PRESENT && why <= KK_DENIED)->real.set_absent (row, field, why);
}

/* ---- The stand ---- */

static void
read_clock (void *arg, struct clock_reading *ret)
{
  *ret = ((const struct stand *) arg)->now;
}

int
stand_init (struct stand *s, struct check *k, const char *name)
{
  *s = (struct stand){.check = k, .d = k->d};
  env_init (&s->env);
  s->real = s->env.host;
  struct kk_host *h = &s->env.host;
  h->row = stand_row;
  h->row_u64 = stand_row_u64;
  h->table_state = stand_table_state;
  h->set_f64 = stand_f64;
  h->set_u64 = stand_u64;
  h->set_i64 = stand_i64;
  h->set_bool = stand_bool;
  h->set_string = stand_string;
  h->set_absent = stand_absent;
  struct clock system = clock_system ();
  s->now = clock_read (&system);
  s->env.clock = (struct clock){.read = read_clock, .arg = s};
  s->env.interval_ns = 1000000000;
  if (asprintf (&s->data_dir, "%s/%s", k->dir, name) < 0) {
    s->data_dir = NULL;
    return -ENOMEM;
  }
  s->env.data_dir = s->data_dir;
  return mkdir (s->data_dir, 0700) && errno != EEXIST ? -errno : 0;
}

void
stand_release (struct stand *s)
{
  free (s->data_dir);
}

void
stand_pass (struct stand *s, int64_t ns)
{
  s->now.wall_ns += ns;
  s->now.mono_ns += ns;
  s->now.boot_ns += ns;
}
