#include <config.h>

#include "settings.h"

#include "option.h"
#include "path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct kk_option settings_options[] = {
    KK_OPT_DURATION ("sample_interval", struct settings, interval_ns, .def = "1.0", .min = "1ms", .max = "1h",
                     .unit = "seconds", .help = "Seconds between samples; above 4s readers miss some moments"),
    KK_OPT_INT ("max_samples", struct settings, max_samples, .def = "3600", .min = "1", .max = "100000000",
                .help = "Samples kept in memory for live questions"),
    KK_OPT_BYTES ("ring_bytes", struct settings, ring_bytes, .def = "1MiB", .min = "64KiB", .max = "1GiB", .flags = KK_ADVANCED,
                  .help = "Memory that they may take"),
    KK_OPT_PATH ("data_dir", struct settings, data_dir, .def = "~/.local/share/kode-kronical",
                 .help = "Where samples are recorded"),
    KK_OPT_PATH ("log_file", struct settings, log_file, .help = "The daemon's log"),
    KK_OPT_PATH ("pid_file", struct settings, pid_file, .help = "Number of the daemon's process"),
    KK_OPT_CHOICE ("log_level", struct settings, log_level, "error|warning|info|debug", .def = "info",
                   .help = "What is logged: error, warning, info or debug"),
};
const uint32_t settings_n_options = KK_COUNT (settings_options);

static int
default_file (const char **file, const char *data_dir, const char *name)
{
  if (**file)
    return 0;
  char *path;
  int r = path_join (data_dir, name, &path);
  if (r < 0)
    return r;
  free ((char *) (uintptr_t) *file);
  *file = path;
  return 0;
}

const char *
settings_data_dir_of_environment (void)
{
  const char *directory = getenv ("KODE_KRONICAL_DATA_DIR");
  return directory && directory[0] == '/' ? directory : NULL;
}

static int
take_environment (struct settings *s, const struct yaml_node *section)
{
  const char *directory = settings_data_dir_of_environment ();
  if (!directory || yaml_get (section, "data_dir"))
    return 0;
  char *copy = strdup (directory);
  if (!copy)
    return -ENOMEM;
  free ((char *) (uintptr_t) s->data_dir);
  s->data_dir = copy;
  return 0;
}

static void
check (const struct settings *s, const struct yaml_node *section, struct place at, struct diag *d)
{
  const struct yaml_node *interval = yaml_get (section, "sample_interval");
  if (s->interval_ns > 4000000000)
    diag_add (
        d, DIAG_NOTE, interval ? interval->at : at,
        "sample_interval is above 4s: the Python reader takes a sample at most 2s away, so it finds none for some moments");
}

int
settings_make (const struct yaml_node *section, struct place at, struct diag *d, struct settings **ret)
{
  void *filled;
  int r = option_fill (settings_options, settings_n_options, sizeof (struct settings), section, NULL, at, d, &filled);
  if (r < 0)
    return r;
  struct settings *s = filled;
  r = take_environment (s, section);
  if (r == 0 && !*s->data_dir) {
    const struct yaml_node *value = yaml_get (section, "data_dir");
    diag_add (d, DIAG_ERROR, value ? value->at : at, "data_dir is empty: give the directory to record to");
    r = -EINVAL;
  }
  if (r == 0)
    r = default_file (&s->log_file, s->data_dir, "daemon.log");
  if (r == 0)
    r = default_file (&s->pid_file, s->data_dir, "daemon.pid");
  if (r < 0) {
    settings_free (s);
    return r;
  }
  check (s, section, at, d);
  *ret = s;
  return 0;
}

enum kk_level
settings_log_level (const struct settings *s)
{
  static const enum kk_level levels[] = {KK_LOG_ERROR, KK_LOG_WARNING, KK_LOG_INFO, KK_LOG_DEBUG};
  return s->log_level >= 0 && s->log_level < (int32_t) KK_COUNT (levels) ? levels[s->log_level] : KK_LOG_INFO;
}

void
settings_free (struct settings *s)
{
  option_free (settings_options, settings_n_options, s);
}
