#include <config.h>

#include "plan-inner.h"

#include "capability.h"
#include "declare.h"
#include "leave-out.h"
#include "nearest.h"
#include "option.h"
#include "path.h"
#include "units.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const int64_t LEAST_DEADLINE = 250000000, MOST_DEADLINE = 5000000000, OUTPUT_DEADLINE = 30000000000;

/* ---- Finding the plugin ---- */

char *
plan_nearest_plugin (const struct modules *modules, const char *name)
{
  char **names, *found = NULL;
  size_t n;
  if (modules_names (modules, &names, &n) < 0)
    return NULL;
  const char *near = nearest_word (name, (const char *const *) names, n);
  if (near)
    found = strdup (near);
  for (size_t i = 0; i < n; i++)
    free (names[i]);
  free (names);
  return found;
}

static void
say_not_loaded (struct making *m, const struct draft *draft, const char *plugin, bool optional, int r, const char *reason)
{
  if (r == -ENOENT && draft->when_absent && !draft->listed) {
    diag_add (m->d, DIAG_WARNING, draft->at, "%s: the plugin '%s' is not installed (searched in %s)", draft->when_absent,
              plugin, modules_directories (m->modules));
    return;
  }
  char *near = r == -ENOENT && !diag_is_full (m->d) ? plan_nearest_plugin (m->modules, plugin) : NULL;
  if (m->unreadable && r == -ENOENT && !near && !yaml_pair (draft->options, "plugin"))
    return; /* a file that could not be read may say which one it is */
  const char *hint = yaml_pair (draft->options, "plugin") ? "" : ", or say which plugin it is: 'plugin: NAME'";
  enum diag_severity severity = optional ? DIAG_WARNING : DIAG_ERROR;
  const char *text = reason ? reason : strerror (-r);
  if (near)
    diag_add (m->d, severity, draft->at, "%s: did you mean '%s'?", text, near);
  else if (r != -ENOENT || draft->parked || (draft->listed && optional))
    diag_add (m->d, severity, draft->at, "%s", text);
  else if (!draft->listed)
    diag_add (m->d, severity, draft->at, "%s: install kode-kronical completely, or turn it off with 'plugins: {%s: false}'",
              text, draft->name);
  else
    diag_add (m->d, severity, draft->at, "%s: install it, or remove the entry, or say 'optional: true'%s", text, hint);
  free (near);
}

/* What an administrator should know of the plugin's file, which is no fault of the configuration. */
static void
say_of_file (struct making *m, const struct draft *draft, const char *plugin, const struct descriptor *descriptor)
{
  enum file_change change = descriptor->path ? file_change (descriptor->path, &descriptor->file) : FILE_SAME;
  char *doubled = modules_doubled (m->modules, plugin);
  if (doubled)
    diag_add (m->d, DIAG_WARNING, draft->at, "%s", doubled);
  free (doubled);
  if (change != FILE_SAME && descriptor->said)
    diag_add (m->d, DIAG_WARNING, draft->at,
              "%s is %s: '%s' can only go on in a process that it has already; install it again, and reload", descriptor->path,
              change == FILE_GONE ? "gone from disk" : "no longer what was loaded", draft->name);
  else if (change == FILE_CHANGED)
    diag_add (m->d, DIAG_WARNING, draft->at,
              "%s has changed on disk: this daemon goes on with the one it has; restart it for the new one", descriptor->path);
  else if (change == FILE_GONE)
    diag_add (m->d, DIAG_WARNING, draft->at,
              "%s is gone from disk: this daemon goes on with it, and a restart would not find it", descriptor->path);
}

/* Options that an instance takes whatever its plugin, but for those of ours that run in the daemon and hold in what they start:
 * they take these themselves, and mean the same. */
static const char *const confining[] = {"isolate", "memory_limit", "network", "write_paths", "capabilities"};

static bool
holds_itself (const struct descriptor *d)
{
  return d->ours && descriptor_option (d, confining[0]);
}

static bool
may_take (const struct descriptor *d, const char *name)
{
  for (size_t i = 0; holds_itself (d) && i < KK_COUNT (confining); i++)
    if (!strcmp (name, confining[i]))
      return true;
  return false;
}

/* The descriptor; or NULL with *r 0 when the instance is left out, whatever the reason. */
static const struct descriptor *
find_descriptor (struct making *m, const struct draft *draft, const struct host_options *host, int *r)
{
  const struct descriptor *descriptor = NULL;
  const char *plugin = *host->plugin ? host->plugin : draft->name;
  char *reason = NULL;
  static const enum module_place places[] = {MODULE_AS_OURS, MODULE_ISOLATED, MODULE_HERE};
  *r = modules_load_as (m->modules, plugin, places[host->isolate], &descriptor, &reason);
  if (!*r && holds_itself (descriptor))
    *r = modules_load_as (m->modules, plugin, MODULE_AS_OURS, &descriptor, &reason);
  if (*r < 0 && *r != -ENOMEM) {
    say_not_loaded (m, draft, plugin, host->optional, *r, reason);
    *r = 0;
    descriptor = NULL;
  }
  if (descriptor)
    say_of_file (m, draft, plugin, descriptor);
  free (reason);
  return *r < 0 ? NULL : descriptor;
}

/* ---- What the host is told ---- */

void
plan_check_host_keys (struct making *m, const struct draft *draft, const struct descriptor *descriptor)
{
  uint32_t kind = 1u << (descriptor->plugin.kind - KK_INPUT);
  for (size_t i = 0; host_names[i]; i++) {
    const struct yaml_pair *pair = yaml_pair (draft->options, host_names[i]);
    uint32_t kinds = host_option_kinds (host_names[i]);
    bool own = descriptor_option (descriptor, host_names[i]) != NULL;
    if (own && (kinds & kind) && !may_take (descriptor, host_names[i]))
      diag_add (m->d, DIAG_ERROR, draft->at, "plugin '%s' declares an option '%s', a name that the daemon keeps for itself",
                descriptor->plugin.name, host_names[i]);
    else if (pair && !own && !(kinds & kind))
      diag_add (m->d, DIAG_ERROR, pair->at, "'%s' is for %s, and '%s' is %s %s: remove it", host_names[i], kinds_word (kinds),
                draft->name, kind == HOST_FILTER ? "a" : "an", kind_word (descriptor->plugin.kind));
  }
}

/* Half a sample's interval, so that the others are still read in time when one hangs. */
static int64_t
input_deadline (int64_t interval)
{
  int64_t half = interval / 2;
  return half < LEAST_DEADLINE ? LEAST_DEADLINE : half > MOST_DEADLINE ? MOST_DEADLINE : half;
}

static void
check_interval (struct making *m, const struct draft *draft, int64_t interval)
{
  const struct yaml_pair *pair = yaml_pair (draft->options, "interval");
  int64_t sample = m->plan->settings->interval_ns;
  if (!pair)
    return;
  if (interval < sample)
    diag_add (m->d, DIAG_WARNING, pair->at, "interval is shorter than sample_interval: '%s' is read once a sample all the same",
              draft->name);
  else if (interval % sample)
    diag_add (m->d, DIAG_NOTE, pair->at,
              "interval is no multiple of sample_interval: '%s' is read at the first sample after each interval", draft->name);
}

static bool
has_table (struct making *m, const struct descriptor *descriptor, const struct yaml_pair *pair)
{
  const char *names[64];
  size_t n = 0;
  for (uint32_t i = 0; i < descriptor->plugin.n_tables && n < 64; i++) {
    if (strcmp (descriptor->plugin.tables[i].name, pair->key) == 0)
      return true;
    names[n++] = descriptor->plugin.tables[i].name;
  }
  const char *near = diag_is_full (m->d) ? NULL : nearest_word (pair->key, names, n);
  diag_add (m->d, DIAG_ERROR, pair->at, "plugin '%s' has no table '%.60s': %s '%s'%s", descriptor->plugin.name, pair->key,
            near ? "did you mean" : "its first is", near ? near : names[0], near ? "?" : "");
  return false;
}

static int
take_renames (struct making *m, const struct draft *draft, struct instance_plan *instance)
{
  const struct yaml_node *tables = yaml_get (draft->options, "tables");
  if (!tables || tables->kind == YAML_NULL || instance->descriptor->plugin.kind != KK_INPUT)
    return 0;
  if (tables->kind != YAML_MAP) {
    diag_add (m->d, DIAG_ERROR, tables->at, "tables cannot be %s: write {OLD_NAME: new_name}", yaml_kind_word (tables));
    return 0;
  }
  instance->tables = calloc (tables->n + 1, sizeof *instance->tables);
  if (!instance->tables)
    return -ENOMEM;
  for (size_t i = 0; i < tables->n; i++) {
    const struct yaml_pair *pair = &tables->pairs[i];
    if (!has_table (m, instance->descriptor, pair))
      continue;
    if (pair->value->kind != YAML_SCALAR || !plan_is_table_name (pair->value->text)) {
      diag_add (m->d, DIAG_ERROR, pair->value->at,
                "the new name of table '%s' must be lower case letters, digits and '_', beginning with a letter, at most %d",
                pair->key, PLAN_MAX_NAME);
      continue;
    }
    struct rename_pair *rename = &instance->tables[instance->n_tables++];
    rename->from = strdup (pair->key);
    rename->to = strdup (pair->value->text);
    if (!rename->from || !rename->to)
      return -ENOMEM;
  }
  return 0;
}

static int
take_capabilities (struct making *m, const struct draft *draft, const struct kk_list *wanted, struct instance_plan *instance)
{
  for (uint32_t i = 0; i < wanted->count; i++) {
    uint64_t one;
    if (capability_find (wanted->items[i], &one)) {
      instance->capabilities |= one;
      continue;
    }
    const struct yaml_pair *pair = yaml_pair (draft->options, "capabilities");
    struct buf BUF_CLEANUP names = {0};
    capability_names (&names, UINT64_MAX);
    if (names.error)
      return names.error;
    diag_add (m->d, DIAG_ERROR, pair ? pair->at : draft->at, "capabilities: a plugin cannot keep '%.60s'; there are %s",
              wanted->items[i], names.data);
  }
  return 0;
}

static int
take_confinement (struct making *m, const struct draft *draft, const struct host_options *host, struct instance_plan *instance)
{
  bool itself = holds_itself (instance->descriptor), held = itself ? host->isolate != 2 : instance->descriptor->said != NULL;
  for (size_t i = 1; i < KK_COUNT (confining) && !held; i++) {
    const struct yaml_pair *pair = yaml_pair (draft->options, confining[i]);
    if (pair)
      diag_add (m->d, DIAG_WARNING, pair->at, "'%s' has no effect: '%s' %s", confining[i], draft->name,
                itself ? "is not held in; remove 'isolate: false'" : "runs within the daemon; say 'isolate: true'");
  }
  instance->memory_limit = host->memory_limit;
  instance->network = host->network;
  instance->write_paths = calloc (host->write_paths.count + 1, sizeof (char *));
  if (!instance->write_paths)
    return -ENOMEM;
  for (uint32_t i = 0; i < host->write_paths.count; i++) {
    int r = path_expand (host->write_paths.items[i], instance->write_paths + i);
    if (r == -ENOMEM)
      return r;
    if (r < 0 || instance->write_paths[i][0] != '/') {
      const struct yaml_pair *pair = yaml_pair (draft->options, "write_paths");
      diag_add (m->d, DIAG_ERROR, pair ? pair->at : draft->at, "write_paths: '%.60s' is no full path: begin it with / or ~",
                host->write_paths.items[i]);
      if (r < 0)
        return 0;
    }
    instance->n_write_paths++;
  }
  return take_capabilities (m, draft, &host->capabilities, instance);
}

/* ---- One instance ---- */

/* What else is wrong, asked about the entries of maps that were not refused. Another fault may be of what is missing. */
static void
ask_about_others (struct making *m, const struct draft *draft, struct instance_plan *instance, struct kk_fault *fault)
{
  struct leave_out left = {.d = instance->loaded, .whole = instance->config};
  struct descriptor *declared;
  while (leave_out_next (&left, fault)) {
    *fault = (struct kk_fault){.option = NULL};
    int r = declare_judge (instance->loaded, leave_out_config (&left), &m->judge_ns, fault, &declared);
    descriptor_free (declared);
    if (r != -EINVAL || !fault->option || !strchr (fault->option, '.'))
      break;
    plan_add_fault (m, draft, instance, fault, DIAG_ERROR);
  }
  leave_out_end (&left);
}

/* Lets the plugin judge its config, and say which tables follow from it. */
static int
ask_plugin (struct making *m, const struct draft *draft, struct instance_plan *instance)
{
  struct kk_fault fault = {.option = NULL};
  int r = declare_judge (instance->loaded, instance->config, &m->judge_ns, &fault, &instance->declared);
  if (r == -ENOMEM)
    return r;
  if (r) {
    plan_add_fault (m, draft, instance, &fault, DIAG_ERROR);
    ask_about_others (m, draft, instance, &fault);
  } else if (instance->declared)
    instance->descriptor = instance->declared;
  return 0;
}

/* The plugin's own option may have the name of a host's option of another kind: then it is the plugin's. */
void
plan_known_keys (const struct descriptor *descriptor, const char *known[static PLAN_MAX_KEYS])
{
  size_t n = 0;
  for (size_t i = 0; host_names[i]; i++)
    if (!descriptor_option (descriptor, host_names[i]))
      known[n++] = host_names[i];
  known[n] = NULL;
}

static int
fill (struct making *m, const struct draft *draft, const struct host_options *host, struct instance_plan *instance)
{
  const struct kk_plugin *plugin = &instance->descriptor->plugin;
  instance->name = strdup (draft->name);
  if (!instance->name)
    return -ENOMEM;
  instance->at = draft->at;
  instance->parked = draft->parked;
  int64_t own = 0, least = m->plan->settings->interval_ns;
  if (instance->descriptor->plugin.interval)
    units_duration (instance->descriptor->plugin.interval, &own); /* checked when the plugin was loaded */
  instance->interval_ns = host->interval_ns ? host->interval_ns : own > least ? own : least;
  instance->deadline_ns = host->deadline_ns           ? host->deadline_ns
                          : plugin->kind == KK_OUTPUT ? OUTPUT_DEADLINE
                                                      : input_deadline (least);
  instance->queue_bytes = host->queue_bytes;
  instance->queue_age_ns = host->queue_age_ns;
  instance->pass_on_error = host->on_error == 1;
  if (plugin->kind == KK_INPUT)
    check_interval (m, draft, instance->interval_ns);
  plan_check_host_keys (m, draft, instance->descriptor);
  int r = take_confinement (m, draft, host, instance);
  if (r < 0)
    return r;
  const char *known[PLAN_MAX_KEYS];
  plan_known_keys (instance->descriptor, known);
  r = option_fill (plugin->options, plugin->n_options, plugin->config_size, draft->options, known, draft->at, m->d,
                   &instance->config);
  if (!r && !(draft->parked && plugin->declare)) /* to declare, a plugin may run programs: not for one that is off */
    r = ask_plugin (m, draft, instance);
  if (r == -ENOMEM)
    return r;
  return take_renames (m, draft, instance);
}

static int
make_instance (struct making *m, const struct draft *draft)
{
  int r;
  struct host_options *host = host_options_make (draft->options, HOST_NAMING, draft->at, m->d, &r);
  if (!host)
    return r == -ENOMEM ? r : 0;
  const struct descriptor *descriptor = draft->on ? find_descriptor (m, draft, host, &r) : NULL;
  if (!draft->on && draft->listed)
    r = plan_check_parked (m, draft, host);
  host_options_free (host);
  if (!draft->on || !descriptor)
    return r;
  /* Before, only what names the plugin; the rest depends on its kind. */
  host = host_options_make (draft->options, 1u << (descriptor->plugin.kind - KK_INPUT), draft->at, m->d, &r);
  if (r == -EINVAL)
    host = host_options_make (NULL, HOST_NAMING, draft->at, m->d, &r);
  if (!host)
    return r;
  size_t i = m->plan->n_instances++;
  m->hosts[i] = host;
  m->plan->instances[i].descriptor = m->plan->instances[i].loaded = descriptor;
  return fill (m, draft, host, &m->plan->instances[i]);
}

int
plan_instances (struct making *m)
{
  struct plan *p = m->plan;
  p->instances = calloc (m->n_drafts + 1, sizeof *p->instances);
  m->hosts = calloc (m->n_drafts + 1, sizeof *m->hosts);
  if (!p->instances || !m->hosts)
    return -ENOMEM;
  for (size_t i = 0; i < m->n_drafts; i++) {
    int r = make_instance (m, &m->drafts[i]);
    if (r < 0)
      return r;
  }
  /* Inputs, then filters, then outputs; each kind stays in the order of the file. */
  for (size_t i = 1; i < p->n_instances; i++)
    for (size_t j = i; j > 0; j--) {
      if (p->instances[j - 1].descriptor->plugin.kind <= p->instances[j].descriptor->plugin.kind)
        break;
      struct instance_plan instance = p->instances[j];
      p->instances[j] = p->instances[j - 1];
      p->instances[j - 1] = instance;
      struct host_options *host = m->hosts[j];
      m->hosts[j] = m->hosts[j - 1];
      m->hosts[j - 1] = host;
    }
  return 0;
}
