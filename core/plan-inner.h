/* How a plan is made, between the files plan*.c. */
#ifndef PLAN_INNER_H
#define PLAN_INNER_H

#include "flow.h"
#include "plan.h"
#include "shortform.h"
#include "yamltree.h"

enum { PLAN_MAX_INSTANCES = 256, PLAN_MAX_NAME = 63, PLAN_MAX_KEYS = 32 };

enum said { SAID_NOTHING, SAID_ON, SAID_OFF };

/* What `plugins:`, wherever it was set, and the flat keys say of one instance. */
struct draft {
  const char *name;
  struct place at;
  struct yaml_node *options; /* the host's and the plugin's, flat keys included */
  enum said said;            /* in `plugins:` */
  bool on;
  bool listed;             /* it stands in `plugins:` */
  bool parked;             /* off, and made all the same: making.also */
  bool has_options;        /* there, beside `enabled` */
  const char *when_absent; /* of a flat key that turned it on */
};

/* What an instance may say to the host, whatever its plugin. */
struct host_options {
  bool enabled;
  bool optional;
  const char *plugin;
  int64_t interval_ns;
  int64_t deadline_ns;
  int64_t queue_bytes;
  int64_t queue_age_ns;
  struct kk_list pipeline;
  int32_t on_error; /* 0: drop, 1: pass */
  int32_t isolate;  /* 0: as ours or theirs, 1: in a process of its own, 2: in the daemon */
  int64_t memory_limit;
  bool network;
  struct kk_list write_paths;
  struct kk_list capabilities;
};

struct making {
  struct plan *plan;
  struct flow *flow; /* once plan_check_flow has been */
  struct modules *modules;
  struct diag *d;
  const char *text; /* of the main file, when it is not to be read */
  size_t length;
  struct yaml_document *merged; /* all files as one tree */
  const struct yaml_node *root;
  const char *also; /* an instance that is made even if it is off; NULL: none */
  bool thorough;    /* looks at what is off too */
  bool unreadable;  /* a file could not be taken at all: what else it says is not known, nor how all fits together */
  struct draft *drafts;
  size_t n_drafts;
  int64_t judge_ns;            /* how long isolated plugins may still take to judge their options */
  struct host_options **hosts; /* of plan->instances, by number */
};

/* Each: 0 (faults went to m->d) or -ENOMEM. */
int plan_load (struct making *m, const char *config_file);
int plan_draft (struct making *m);
int plan_instances (struct making *m);
int plan_pipelines (struct making *m);
int plan_check_tables (struct making *m);
/* Asks the filters, one after the other, whether what they name comes along. */
int plan_check_flow (struct making *m);
/* What a plugin says against its options, at the place of the one it names. */
void plan_add_fault (struct making *m, const struct draft *draft, const struct instance_plan *instance,
                     const struct kk_fault *fault, enum diag_severity severity);
const struct draft *plan_draft_named (const struct making *m, const char *name);
/* Refuses outputs that record in one directory. */
void plan_check_places (struct making *m);
/* Warns of outputs that will have nothing to record; behind plan_check_flow. */
void plan_check_needs (struct making *m);
/* Warns of tables that an output is told to record, or not to, and that do not come along; behind plan_check_flow. */
void plan_check_names (struct making *m);
/* Warns of what an instance that is off would be refused for, as far as that can be seen. */
int plan_check_parked (struct making *m, const struct draft *draft, const struct host_options *naming);
/* Keys of an instance's options that are the host's, not the plugin's; 0-ended. */
void plan_known_keys (const struct descriptor *descriptor, const char *known[static PLAN_MAX_KEYS]);
void plan_check_host_keys (struct making *m, const struct draft *draft, const struct descriptor *descriptor);
char *plan_nearest_plugin (const struct modules *modules, const char *name);

/* The instances that are on without a word in the configuration, 0-ended. */
extern const char *const plan_built_in[];

/* plan-host.c */
enum { HOST_INPUT = 1 << 0, HOST_FILTER = 1 << 1, HOST_OUTPUT = 1 << 2, HOST_ANY = 7, HOST_NAMING = 1 << 3 };
extern const struct kk_option host_options[];
extern const uint32_t n_host_options;
extern const char *const host_names[]; /* 0-ended; with `tables` */
uint32_t host_option_kinds (const char *name);
/* The host's part of an instance's options, those that its kind has. NULL with *r set. */
struct host_options *host_options_make (const struct yaml_node *options, uint32_t kinds, struct place at, struct diag *d,
                                        int *r);
void host_options_free (const struct host_options *h);
const char *kind_word (uint32_t kind);   /* KK_INPUT: "input" */
const char *kinds_word (uint32_t kinds); /* HOST_INPUT: "inputs" */

bool plan_is_instance_name (const char *name);
/* A name that tables can have. */
bool plan_is_table_name (const char *name);
#endif
