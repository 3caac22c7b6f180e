/* What a process of somebody else's code can no longer do: that of an isolated plugin, or a program that the input exec runs.
 */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sandbox {
  uint64_t memory_limit;    /* bytes */
  bool network;             /* sockets may be made */
  bool programs; /* programs and processes may be started, which are held in alike; its parent, who ends it, is safe from it */
  bool modes;               /* owner, mode and attributes of its user's files may be changed, wherever they are */
  uint64_t capabilities;    /* those it keeps if it has them */
  const char *const *write; /* directories or files that may be written */
  size_t n_write;
};

/* What is in force. */
enum { CONFINED_SECCOMP = 1 << 0, CONFINED_LANDLOCK = 1 << 1, CONFINED_LIMITS = 1 << 2, CONFINED_CAPABILITIES = 1 << 3 };

/* Gives up what this process, of one thread, must not have, for good. Returns CONFINED_… for what is in force: the kernel may
 * lack some. *ret_kept: the capabilities that were kept. */
uint32_t sandbox_enter (const struct sandbox *s, uint64_t *ret_kept);
/* "held in by seccomp, limits, capabilities; not there: landlock" */
void sandbox_say (uint32_t confined, char *to, size_t size);
/* Closes all descriptors from this one on: what was open when a process was started is none of its business. */
void sandbox_close_from (int first);
#endif
