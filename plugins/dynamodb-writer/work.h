/* What the parts of the network thread have in common: a request, and what its answer means for whoever goes on. */
#ifndef WORK_H
#define WORK_H

#include "report.h"
#include "session.h"

enum work_result {
  WORK_DONE,  /* nothing is left to do for now */
  WORK_MORE,  /* it went on; there is more to do */
  WORK_PART,  /* it went on, but slower than it was asked to: the service cannot take more */
  WORK_LATER, /* something is under way there: look again in some seconds */
  WORK_RETRY, /* failed in a way that passes */
  WORK_WAIT,  /* cannot go on before somebody acts: look again at the next minute */
  WORK_STOP,  /* the instance ends */
};

struct work {
  struct session *session;
  struct report report;
  struct buf body;              /* of the request; cleared by work_begin */
  struct session_answer answer; /* of the last one */
  int64_t asked_ns;             /* how long the server wants us to wait; 0: it does not say */
};

/* Sends w->body as this operation. WORK_DONE: an answer came, w->answer.error says which. Otherwise none came, and why is
 * reported. */
enum work_result work_ask (struct work *w, const char *operation);
/* What an answer that the caller has no answer to means; it is reported. Never WORK_DONE or WORK_MORE. */
enum work_result work_judge (struct work *w, const char *operation, const char *table);
struct buf *work_begin (struct work *w);
/* Credentials and the rest are there: as work_ask, without a request. */
enum work_result work_find (struct work *w);
/* Says that an operation is denied that one can do without; seldom. */
void work_say_denied (struct work *w, const char *operation, const char *table, const char *instead);
void work_free (struct work *w);
#endif
