/* How far the wall clock was moved forward since the daemon first ran after this boot: time that did not pass, and makes no
 * file older. */
#ifndef CLOCK_STEP_H
#define CLOCK_STEP_H

#include <stdint.h>

/* Compares with what the file `clock` in that directory says, and writes it after a boot. ns, at least 0; 0 also when it cannot
 * be known. */
int64_t clock_step (int directory);
#endif
