/* Finding and loading plugins. The only user of libltdl. Modules stay loaded as long as the process lives. */
#ifndef MODULE_H
#define MODULE_H

#include "descriptor.h"

#include <stddef.h>

struct modules;

/* `directories`: absolute, separated by ':', searched in this order; NULL: $KODE_KRONICAL_PLUGINS, else the places chosen at build
 * (ours, then third parties'). 0 or -errno. */
int modules_open (const char *directories, struct modules **ret);
void modules_close (struct modules *m);
const char *modules_directories (const struct modules *m);

enum module_place {
  MODULE_AS_OURS, /* ours into this process, those of others into a process of their own */
  MODULE_HERE,
  MODULE_ISOLATED,
  MODULE_DESCRIBED, /* wherever it is already, else as isolated: to look at, not to run */
};
/* As modules_load, but says where its code is to run. */
int modules_load_as (struct modules *m, const char *name, enum module_place place, const struct descriptor **ret, char **reason);
/* Loads a file into this process, whatever it is; descriptor_free. */
int module_load_file (const char *path, struct descriptor **ret, char **reason);
/* Loads plugin `name` (NAME.so in the first of the directories that has it), once: what is in this process stays, whatever becomes of
 * the file. One in a process of its own is described again when its file is another, and refused (-EPERM) while others than root
 * can change that. The descriptor belongs to m. On failure *reason (the caller's to free) is one sentence for the user; -ENOENT: no
 * such file in the directories; -EINVAL: refused. */
int modules_load (struct modules *m, const char *name, const struct descriptor **ret, char **reason);

/* When there is more than one file for plugin `name` in the directories, of which the first counts: a sentence that names both, the
 * caller's to free. NULL: there is not, or no memory. */
char *modules_doubled (const struct modules *m, const char *name);

/* The names of all plugins that can be found, sorted; free each and the array. */
int modules_names (const struct modules *m, char ***ret, size_t *ret_n);
#endif
