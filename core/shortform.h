/* The flat keys of daemon.yaml that stand for an option, or for the switch, of an instance. One table: from it come reading,
 * checking, the generated file and the manual. */
#ifndef SHORTFORM_H
#define SHORTFORM_H

#include <kode-kronical/plugin.h>

#include <stdbool.h>

struct short_key {
  const char *section;     /* "daemon" or "aws" */
  const char *instance;    /* whose option or switch it is */
  const char *target;      /* the option; NULL: it turns the instance on and off */
  const char *suffix;      /* put behind the value: data_retention_hours: 24 is retention: 24h */
  bool turns_on;           /* giving it turns the instance on */
  bool synonym;            /* section `monitoring` may hold it too */
  const char *when_absent; /* the plugin may not be there; then this is what does not happen */
  struct kk_option option; /* what may be written; its name is the key */
};

extern const struct short_key short_keys[];
extern const size_t n_short_keys;

/* The key of a section ("monitoring" too), or NULL. */
const struct short_key *short_key_find (const char *section, const char *key);
#endif
