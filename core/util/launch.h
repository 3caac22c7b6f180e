/* Starting a program that has nothing of ours but what it is given. */
#ifndef LAUNCH_H
#define LAUNCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Starts `file`, which is looked for by PATH when it has no slash, in a process group of its own, with no signal blocked or
 * ignored. Its descriptor 0 is /dev/null, fds[0] becomes its 1, fds[1] its 2 and so on; -1 stands for /dev/null. They stay the
 * caller's, are above `n`, and what else is open has to be close-on-exec. `env` NULL: our environment, which nobody may change
 * meanwhile. 0 with the pid, which the caller waits for; -ENOENT, -EACCES … (it cannot be started), -ENOMEM. Any thread. */
int launch_group (const char *file, char *const *argv, char *const *env, const int *fds, size_t n, pid_t *ret);
/* Kills the program, and all that is in its group. */
void launch_kill (pid_t pid);
/* Whether it has ended, and how; then the number is nobody's any more. Waits for nothing: one that hangs in the kernel ends
 * when it likes, killed or not. */
bool launch_take_end (pid_t pid, int *ret_status);
#endif
