#include "recorded-entry.h"

#include "json-limits.h"

#include <math.h>
#include <string.h>

static const int64_t SECOND_NS = 1000000000;

static bool
get_number (json_object *table, const char *name, double *ret)
{
  json_object *value;
  if (!table || !json_object_object_get_ex (table, name, &value))
    return false;
  if (!json_object_is_type (value, json_type_double) && !json_object_is_type (value, json_type_int))
    return false;
  *ret = json_object_get_double (value);
  return isfinite (*ret);
}

/* To the microsecond, which is what is written. */
static bool
get_time (json_object *table, int64_t *ret_ns)
{
  double seconds;
  if (!get_number (table, "timestamp", &seconds) || seconds < 0 || seconds > 253402300799.0)
    return false;
  *ret_ns = (int64_t) llround (seconds * 1e6) * 1000;
  return true;
}

/* Files do not tell what was read anew of the table system. A value that changed was; one that did not is taken as read when
 * its interval has passed. */
static bool
stands_again (struct recorded_memory *m, enum minute_source source, double value, int64_t wall_ns, int64_t interval_ns)
{
  bool same = m->last[source].known && !islessgreater (m->last[source].value, value);
  int64_t since = wall_ns - m->last[source].wall_ns;
  if (interval_ns && same && since >= 0 && since < interval_ns - interval_ns / 8)
    return true;
  m->last[source].known = true;
  m->last[source].value = value;
  m->last[source].wall_ns = wall_ns;
  return false;
}

static bool
is_of_memory (const char *field)
{
  return strncmp (field, "memory_", 7) == 0 || strncmp (field, "swap_", 5) == 0;
}

bool
recorded_entry (struct recorded_memory *m, json_object *entry, struct minute_reading *ret)
{
  json_object *system = json_get (entry, "system", json_type_object), *network = json_get (entry, "network", json_type_object);
  struct minute_reading r = {0};
  int64_t network_ns = 0;
  double value;
  if (!get_time (system, &r.wall_ns) || r.wall_ns < SECOND_NS)
    return false;
  bool network_again = get_time (network, &network_ns) && network_ns == m->network_ns;
  m->network_ns = network_ns;
  for (unsigned i = 0; i < MINUTE_SOURCES; i++) {
    const struct minute_rule *rule = &minute_rules[i];
    bool of_system = strcmp (rule->table, "system") == 0;
    if (!get_number (of_system ? system : network, rule->field, &value))
      continue;
    int64_t interval = is_of_memory (rule->field) ? m->memory_ns : m->cpu_ns;
    bool held = of_system ? stands_again (m, (enum minute_source) i, value, r.wall_ns, interval) : network_again;
    minute_read (&r, (enum minute_source) i, value, held);
  }
  *ret = r;
  return true;
}
