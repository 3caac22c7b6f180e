/* The file of silences, as the command `alerts` reads it. */
#ifndef ALERT_TOOL_SILENCES_H
#define ALERT_TOOL_SILENCES_H

#include "silence.h"

/* What stands in that directory; nothing when there is none. 0, or -errno, and it was said why. */
int tool_silences_read (const char *store, struct alert_silences *ret);
#endif
