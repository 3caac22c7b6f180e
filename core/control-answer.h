/* What the control socket answers to one line. */
#ifndef CONTROL_ANSWER_H
#define CONTROL_ANSWER_H

#include "control-server.h"

enum control_answer { CONTROL_ANSWERED, CONTROL_FOLLOWS /* it wants each sample from now on */ };

/* Adds the lines of the answer to `out`. */
enum control_answer control_answer (const struct control_commands *commands, const char *line, struct buf *out);
void control_answer_error (struct buf *out, const char *text);
#endif
