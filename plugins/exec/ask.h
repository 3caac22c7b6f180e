/* Asking a program which fields it prints, as the beginning of its output says. */
#ifndef EXEC_ASK_H
#define EXEC_ASK_H

#include "fields.h"
#include "limits.h"

/* Runs it with KK_FIELDS=1, no longer than this, and kills it behind its fields. 0, or -errno with `fault` filled in. */
int exec_ask (const struct kk_list *command, const struct exec_limits *limits, int64_t within_ns, struct kk_fault *fault,
              struct exec_schema **ret);
#endif
