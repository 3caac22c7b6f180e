/* Names of recorded files: metrics_YYYYmmdd_HHMMSS.json, local time, with _NN before .json when that is taken. */
#ifndef NAME_H
#define NAME_H

#include <stdbool.h>
#include <stdint.h>

enum { NAME_SIZE = 48, NAME_LAST = 9999 };

/* Writes the name for a file that begins at wall_ns; number 0: without _NN. */
void name_make (int64_t wall_ns, unsigned number, char ret[NAME_SIZE]);
/* The next name after this one, at that time, that nobody has in the directory; -EEXIST when all are taken. `number` is where
 * to begin and is moved on. */
int name_choose (int directory, int64_t wall_ns, unsigned *number, char ret[NAME_SIZE]);
/* Whether a name looks exactly as if name_make had made it. *ret_code: the name packed into a number, which name_of_code
 * unpacks; codes have the order of the names. */
bool name_parse (const char *name, uint64_t *ret_code);
void name_of_code (uint64_t code, char ret[NAME_SIZE]);
#endif
