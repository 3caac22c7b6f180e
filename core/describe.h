/* What option tables say, for people and programs: the generated daemon.yaml, `config show`, `plugin info`, the manual. */
#ifndef DESCRIBE_H
#define DESCRIBE_H

#include "buf.h"
#include "plan.h"

/* A common key: one that the generated file holds. `live`: with a value; else as a comment. */
struct common_key {
  const char *section;
  const char *key;
  const char *value; /* its default; of one that is not live an example */
  const char *help;
  bool live;
};
/* The keys in the order of the generated file; false when there is no such number. */
bool describe_common_key (size_t number, struct common_key *ret);

/* A whole daemon.yaml with the defaults. The options of the plugins that can be loaded stand in it as comments. */
void describe_config (struct buf *b, struct modules *modules);
/* What a plan has set, defaults included and nothing that is secret: one line of JSON, or YAML that can be read again.
 * `only`: in YAML of this instance alone; NULL: of all. */
void describe_plan (struct buf *b, const struct plan *p, const char *only, bool json);
/* "type, from 1 to 5, default 3": without a full stop. */
void describe_option_facts (struct buf *b, const struct kk_option *option);
void describe_plugin_text (struct buf *b, const struct descriptor *d);
void describe_plugin_json (struct buf *b, const struct descriptor *d);
/* Lists of the manual, in pod: a plugin's options and tables; what every instance may say to the daemon. */
void describe_plugin_pod (struct buf *b, const struct descriptor *d);
void describe_instances_pod (struct buf *b);
#endif
