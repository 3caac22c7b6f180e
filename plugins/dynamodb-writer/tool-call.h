/* Requests of the command `dynamodb`: each ends within seconds, and its failure is one sentence and an advice. */
#ifndef TOOL_CALL_H
#define TOOL_CALL_H

#include "buf.h"
#include "session.h"

/* When what goes on has to end, and whether the user wants that. For session_settings.stopped. */
struct tool_limit {
  int64_t until_ns;                           /* monotonic */
  const volatile __sig_atomic_t *interrupted; /* a signal came; NULL: none */
};

void tool_limit_set (struct tool_limit *l, int64_t ns); /* so long from now on */
bool tool_limit_over (void *limit);

struct tool_caller {
  struct session *session;
  struct tool_limit limit;
  bool twice;         /* try once more what may pass */
  int64_t request_ns; /* the longest that one may take, with what is looked for before it */
};

/* Sends one operation; errors of `body` count. As session_call; a request that takes too long is -ETIMEDOUT. */
int tool_call (struct tool_caller *c, const char *operation, const struct buf *body, struct session_answer *ret);

struct tool_sentence {
  char text[2000];
  char advice[400]; /* what to do; "": nothing is known */
};
/* What a call that came to nothing means; `r` is what it returned. Uses the words that the manual teaches. */
void tool_explain (const struct tool_caller *c, const char *operation, int r, const struct session_answer *answer,
                   struct tool_sentence *ret);
#endif
