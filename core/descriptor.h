/* A plugin's description as the host keeps it: checked, copied, in the host's own struct sizes. It never points into the plugin,
 * but for its callbacks. */
#ifndef DESCRIPTOR_H
#define DESCRIPTOR_H

#include "file-stamp.h"

#include <kode-kronical/plugin.h>

struct descriptor {
  struct kk_plugin plugin; /* strings, options, tables and fields are copies owned by this; n_… as given */
  char *path;              /* of the .so, or NULL for one that is part of the host */
  struct file_stamp file;  /* of path, just before it was loaded or described; set by the modules */
  bool ours;               /* it came with the daemon; set by the modules */
  bool guarded;            /* as root, it is run only while no one else can change it (trust.h); set by the modules */
  char *store;             /* the memory of all copied strings */
  char *said;              /* of an isolated plugin: its description as its process gave it; NULL: it runs in this process */
  size_t n_said;
  struct buf *good; /* of an isolated plugin: what isolate/judge.c knows of its configs; or NULL */
};

/* Copies a descriptor as a plugin declares it, whatever header it was built with. On failure *reason (the caller's to free) is one
 * sentence that says what is wrong with it and how to mend it; -EINVAL, or -ENOMEM with *reason NULL. */
int descriptor_copy (const struct kk_plugin *from, const char *path, struct descriptor **ret, char **reason);
void descriptor_free (struct descriptor *d);
const struct kk_option *descriptor_option (const struct descriptor *d, const char *name);
/* Whether a table or field with this .only_if (may be NULL) is there under this config. */
bool descriptor_has (const struct descriptor *d, const void *config, const char *only_if);
/* Whether it may be the name of a table, key, field or option, or with `dash` that of a plugin. */
bool descriptor_is_name (const char *s, bool dash);
const char *descriptor_kind (const struct descriptor *d); /* "input", "filter", "output" */
#endif
