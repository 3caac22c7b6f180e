/* Which processes are tracked: those that any rule takes. */
#ifndef PROCESS_MATCH_H
#define PROCESS_MATCH_H

#include <kode-kronical/plugin.h>

struct rules_config {
  struct kk_list track;   /* names, globs, /regular expressions/ */
  struct kk_list users;   /* names or numbers */
  struct kk_list cgroups; /* globs */
  bool python;
  bool all;
};

struct rules;

/* Borrows the strings of `config`. 0, -ENOMEM, or -EINVAL with one sentence in `why`. */
int rules_make (const struct rules_config *config, struct rules **ret, char *why, size_t size);
void rules_free (struct rules *rules); /* NULL is fine */
/* The first of `users` that this machine does not have, which takes no process; NULL: all are there. */
const char *rules_unknown_user (const struct rules *rules);
/* What can be said of `users` without this machine. As rules_make. */
int rules_check_users (const struct kk_list *users, char *why, size_t size);

/* What the rules must know to decide, so that nothing is read for nothing. */
bool rules_need_name (const struct rules *rules);
bool rules_need_command (const struct rules *rules);
bool rules_need_user (const struct rules *rules);
bool rules_need_cgroup (const struct rules *rules);
bool rules_all (const struct rules *rules);

/* `name` and `command` are 0-terminated; `command` is the joined command line. */
bool rules_take_name (const struct rules *rules, const char *name);
bool rules_take_command (const struct rules *rules, const char *command);
bool rules_take_user (const struct rules *rules, uint32_t uid);
/* `text`: /proc/PID/cgroup, 0-terminated. Cuts it into pieces. */
bool rules_take_cgroup (const struct rules *rules, char *text);
#endif
