#include <config.h>

#include "plan-inner.h"

#include "option.h"

#include <errno.h>
#include <string.h>

const struct kk_option host_options[] = {
    KK_OPT_BOOL ("enabled", struct host_options, enabled, .def = "true", .help = "Whether this instance runs"),
    KK_OPT_STRING ("plugin", struct host_options, plugin, .help = "The plugin, where the instance has another name"),
    KK_OPT_BOOL ("optional", struct host_options, optional, .def = "false",
                 .help = "Whether the daemon starts without this plugin"),
    KK_OPT_DURATION ("interval", struct host_options, interval_ns, .min = "1ms", .max = "1d",
                     .help = "Time between its readings; without this sample_interval"),
    KK_OPT_DURATION ("deadline", struct host_options, deadline_ns, .min = "1ms", .max = "1h",
                     .help = "How long one reading or one write may take"),
    KK_OPT_BYTES ("queue_bytes", struct host_options, queue_bytes, .def = "4MiB", .min = "64KiB", .max = "4GiB",
                  .help = "Memory of the samples that wait for this output"),
    KK_OPT_DURATION ("queue_age", struct host_options, queue_age_ns, .def = "10m", .min = "1s", .max = "7d",
                     .help = "How long a sample waits for this output before it is dropped"),
    KK_OPT_LIST ("pipeline", struct host_options, pipeline, .help = "Filters before this output alone, in this order"),
    KK_OPT_CHOICE ("on_error", struct host_options, on_error, "drop|pass", .def = "drop",
                   .help = "What happens to a table when this filter fails on it"),
    KK_OPT_CHOICE ("isolate", struct host_options, isolate, "auto|true|false", .def = "auto",
                   .help = "Whether it runs in a process of its own; auto: plugins of others do"),
    KK_OPT_BYTES ("memory_limit", struct host_options, memory_limit, .def = "256MiB", .min = "8MiB", .max = "1TiB",
                  .help = "Memory of its own process"),
    KK_OPT_BOOL ("network", struct host_options, network, .def = "false", .help = "Whether its own process may make sockets"),
    KK_OPT_LIST ("write_paths", struct host_options, write_paths,
                 .help = "Files and directories that its own process may write to"),
    KK_OPT_LIST ("capabilities", struct host_options, capabilities,
                 .help = "What its own process keeps of root's power: dac_override, dac_read_search, net_admin, net_raw, sys_ptrace, "
                         "sys_rawio, syslog"),
};
const uint32_t n_host_options = KK_COUNT (host_options);

const char *const host_names[] = {"enabled",   "plugin",   "optional", "interval", "deadline", "queue_bytes",
                                  "queue_age", "pipeline", "on_error", "tables",
                                  "isolate",   "memory_limit", "network", "write_paths", "capabilities", NULL};

uint32_t
host_option_kinds (const char *name)
{
  static const struct {
    const char *name;
    uint32_t kinds;
  } some[] = {
      {"interval", HOST_INPUT},     {"tables", HOST_INPUT},     {"deadline", HOST_INPUT | HOST_OUTPUT},
      {"queue_bytes", HOST_OUTPUT}, {"queue_age", HOST_OUTPUT}, {"pipeline", HOST_OUTPUT},
      {"on_error", HOST_FILTER},
  };
  for (size_t i = 0; i < sizeof some / sizeof *some; i++)
    if (strcmp (some[i].name, name) == 0)
      return some[i].kinds;
  return HOST_ANY | HOST_NAMING;
}

const char *
kind_word (uint32_t kind)
{
  return kind == KK_INPUT ? "input" : kind == KK_FILTER ? "filter" : "output";
}

const char *
kinds_word (uint32_t kinds)
{
  return kinds == HOST_INPUT    ? "inputs"
         : kinds == HOST_FILTER ? "filters"
         : kinds == HOST_OUTPUT ? "outputs"
                                : "inputs and outputs";
}

struct host_options *
host_options_make (const struct yaml_node *options, uint32_t kinds, struct place at, struct diag *d, int *r)
{
  /* Only our own keys: what else there is belongs to the plugin, which may not even be found. */
  struct yaml_pair pairs[KK_COUNT (host_options)];
  struct yaml_node ours = {.kind = YAML_MAP, .at = at, .pairs = pairs};
  for (uint32_t i = 0; i < n_host_options; i++) {
    const struct yaml_pair *pair = yaml_pair (options, host_options[i].name);
    if (pair && (host_option_kinds (pair->key) & kinds))
      pairs[ours.n++] = *pair;
  }
  void *filled;
  *r = option_fill (host_options, n_host_options, sizeof (struct host_options), &ours, NULL, at, d, &filled);
  return *r < 0 ? NULL : filled;
}

void
host_options_free (const struct host_options *h)
{
  option_free (host_options, n_host_options, (void *) (uintptr_t) h);
}
