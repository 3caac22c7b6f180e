/* What the keeper says on its line to the daemon, in pieces of this size. */
#ifndef EXEC_KEEPER_H
#define EXEC_KEEPER_H

#include <stdint.h>

enum { KEEPER_HELD = 1, KEEPER_PEAK };

struct keeper_word {
  uint32_t what;
  uint32_t confined; /* KEEPER_HELD: CONFINED_… of sandbox.h that are in force for the program that now begins */
  uint64_t number; /* KEEPER_HELD: the capabilities that it kept; KEEPER_PEAK: the memory it had used at most when it ended, in
                      bytes */
};
#endif
