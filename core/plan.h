/* What a daemon is to run: daemon.yaml and conf.d, parsed, checked and resolved. Immutable once made. */
#ifndef PLAN_H
#define PLAN_H

#include "diag.h"
#include "module.h"

#include <stdbool.h>

#define PLAN_JUDGE_NS INT64_C (20000000000) /* for all isolated plugins of a plan to judge their options */

/* The daemon's own settings (section `daemon:`), in the order of the contract. */
struct settings {
  int64_t interval_ns; /* sample_interval */
  int64_t max_samples;
  int64_t ring_bytes;
  const char *data_dir; /* absolute */
  const char *log_file;
  const char *pid_file;
  int32_t log_level; /* index of error|warning|info|debug */
};

struct rename_pair {
  char *from;
  char *to;
};

struct instance_plan {
  char *name;
  const struct descriptor *descriptor; /* `loaded`, or `declared` where there is one */
  const struct descriptor *loaded;     /* belongs to the modules */
  struct descriptor *declared;         /* the same plugin with the tables that it declares for this config; NULL: none */
  void *config;                        /* filled by its options; option_free */
  struct place at;
  bool parked;         /* it is off, and here because plan_make_with was asked for it */
  int64_t interval_ns; /* inputs: their own or the daemon's */
  int64_t deadline_ns; /* inputs: a read that takes longer is left behind. outputs: of one write */
  int64_t queue_bytes; /* outputs: bound of the queue */
  int64_t queue_age_ns;
  struct rename_pair *tables; /* renamed tables of an input */
  size_t n_tables;
  char **pipeline; /* outputs: names of filters of its own, in order */
  size_t n_pipeline;
  bool pass_on_error; /* filters: on_error: pass */
  int64_t memory_limit; /* isolated ones: bytes */
  bool network;
  uint64_t capabilities; /* as capability.h has them */
  char **write_paths;
  size_t n_write_paths;
};

struct plan {
  uint32_t refs;                   /* instances that go on over a reload keep the plan they came from */
  char *config_file; /* NULL: built-in defaults */
  int64_t read_ns;   /* wall: what was written to its files since then is not in it */
  struct settings *settings;
  struct instance_plan *instances; /* enabled ones: inputs, then filters, then outputs, each in the order of the file */
  size_t n_instances;
  char **pipeline; /* the common filters, in order */
  size_t n_pipeline;
  struct yaml_document **documents; /* all files merged, then each it was made from; places point into them */
  size_t n_documents;
};

/* Which file counts: `given` (-c FILE), else the user's, else the system's, else none (*ret NULL). -ENOENT when `given` is
 * missing. */
int plan_find_config (const char *given, char **ret);
/* Reads `config_file` (NULL: none) and the .yaml files of conf.d beside it, loads the plugins it names and checks everything.
 * All faults go to `d`; 0 also with warnings; -EINVAL with errors. Offline and bounded in time; creates no instance and no
 * file. */
int plan_make (const char *config_file, struct modules *modules, struct diag *d, struct plan **ret);
/* The same, and warns of what is wrong with instances that are off. Their plugins are described by processes of their own,
 * which a daemon that starts has no time for. */
int plan_make_thorough (const char *config_file, struct modules *modules, struct diag *d, struct plan **ret);
/* The same for a file that is not written yet: its text is `text`, conf.d is looked for beside `config_file`. */
int plan_make_text (const char *config_file, const char *text, size_t length, struct modules *modules, struct diag *d,
                    struct plan **ret);
/* The same, with instance `also` (NULL: none) as it would be if it were on. */
int plan_make_with (const char *config_file, const char *also, struct modules *modules, struct diag *d, struct plan **ret);
struct plan *plan_ref (const struct plan *p);
void plan_free (struct plan *p); /* gives one reference up; NULL is fine */
/* The name of an input's table, which `tables:` may have changed. */
const char *plan_table_name (const struct instance_plan *instance, const struct kk_table *table);
const struct instance_plan *plan_instance (const struct plan *p, const char *name);
#endif
