/* The parts of the command `config`. */
#ifndef CONFIG_COMMAND_H
#define CONFIG_COMMAND_H

#include "buf.h"
#include "cli/command.h"
#include "module.h"

/* Each returns the exit status. */
int config_check (const struct command_call *call, struct modules *modules);
int config_show (const struct command_call *call, struct modules *modules);
int config_running (const struct command_call *call);
int config_set (const struct command_call *call, struct modules *modules);
int config_create (const struct command_call *call, struct modules *modules);
int config_update (const struct command_call *call, struct modules *modules);
int config_write (const struct command_call *call, struct modules *modules);

/* For those that change a file. */
enum { CONFIG_MAX_FILE = 1 << 20 };
int config_fail (const char *what, const char *file, int r); /* says it; the exit status */
/* Replaces what a link points to, not the link; mode and owner stay. 0 or -errno. */
int config_rewrite (const char *file, const struct buf *text);
/* -EINVAL, and said, when the new text is wrong. One that is less wrong than the old is taken: a file is mended step by step.
 */
int config_check_result (const char *file, const char *old, size_t length, const struct buf *text, struct modules *modules);

/* The file that --system or the user's home says. The caller's to free. */
int config_target (const struct command_call *call, char **ret);
#endif
