/* What the process of an isolated plugin can no longer do. */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sandbox {
  uint64_t memory_limit;     /* bytes */
  bool network;              /* sockets may be made */
  uint64_t capabilities;     /* those it keeps if it has them */
  const char *const *write;  /* directories or files that may be written */
  size_t n_write;
};

/* Gives up what a plugin must not have, for good. Returns CONFINED_… of wire.h for what is in force: the kernel may lack some.
 * *ret_kept: the capabilities that were kept. */
uint32_t sandbox_enter (const struct sandbox *s, uint64_t *ret_kept);
#endif
