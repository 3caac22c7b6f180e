/* Commands that are no part of this program: NAME is the program NAME in the directory of commands, which the package of a
 * plugin installed there, with one line about it in NAME.summary beside it. Nothing of it is run to list it. */
#ifndef OUTSIDE_H
#define OUTSIDE_H

#include "cli/command.h"

enum { OUTSIDE_MOST = 48, OUTSIDE_NAME = 32 };

struct outside {
  char name[OUTSIDE_NAME];
  char summary[160]; /* for a terminal; "" when the package gives none */
};

/* All that can be found, by name; at most OUTSIDE_MOST. Returns their number. */
size_t outside_list (struct outside ret[OUTSIDE_MOST]);
bool outside_there (const char *name);
/* Takes the place of this process by the program that call->outside names: with call->arguments; the general options are in the
 * environment (kode-kronical-daemon(1), OTHER COMMANDS). Returns, with the reason said, when that cannot be. */
extern const struct command outside_command;
#endif
