/* Whether the daemon may run a plugin's file. */
#ifndef TRUST_H
#define TRUST_H

/* As root, what others can write to would be a way for them to become root: -EPERM when others than root can change the file or
 * the directory it is in, with *reason (the caller's to free, NULL without memory) one sentence for the user. Else 0, *reason
 * stays. */
int trust_check (const char *path, char **reason);
#endif
