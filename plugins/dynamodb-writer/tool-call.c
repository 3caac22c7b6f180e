#include "tool-call.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { AGAIN_NS = 500000000 };

static int64_t
mono_ns (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return (int64_t) t.tv_sec * 1000000000 + t.tv_nsec;
}

void
tool_limit_set (struct tool_limit *l, int64_t ns)
{
  l->until_ns = mono_ns () + ns;
}

bool
tool_limit_over (void *limit)
{
  const struct tool_limit *l = limit;
  return (l->interrupted && *l->interrupted) || mono_ns () >= l->until_ns;
}

static int
call_once (struct tool_caller *c, const char *operation, const struct buf *body, struct session_answer *ret)
{
  tool_limit_set (&c->limit, c->request_ns);
  int r = session_call (c->session, operation, body->data, body->len, ret);
  bool interrupted = c->limit.interrupted && *c->limit.interrupted;
  if (r == -ECANCELED && !interrupted) {
    snprintf (ret->fault.text, sizeof ret->fault.text, "no answer within %g s", (double) c->request_ns / 1e9);
    ret->fault.step = SESSION_NETWORK;
    ret->timed_out = true;
    r = -ETIMEDOUT;
  }
  return r;
}

int
tool_call (struct tool_caller *c, const char *operation, const struct buf *body, struct session_answer *ret)
{
  if (body->error)
    return body->error;
  int r = call_once (c, operation, body, ret);
  if (!c->twice || r < 0 || (ret->error.outcome != AWS_THROTTLED && ret->error.outcome != AWS_TRANSIENT))
    return r;
  nanosleep (&(struct timespec){.tv_nsec = AGAIN_NS}, NULL);
  return call_once (c, operation, body, ret);
}

/* ---- Words ---- */

static void
explain_silence (const struct tool_caller *c, const struct session_fault *fault, struct tool_sentence *s)
{
  const struct session_place *place = session_place (c->session);
  switch (fault->step) {
  case SESSION_NETWORK:
    if (strncmp (fault->text, "EndpointConnectionError", 23) == 0)
      snprintf (s->text, sizeof s->text, "%s", fault->text);
    else
      snprintf (s->text, sizeof s->text, "EndpointConnectionError: Could not connect to the endpoint URL: \"%s/\": %s",
                place->endpoint.url, fault->text);
    snprintf (
      s->advice, sizeof s->advice,
      "See whether the name service answers, whether this machine reaches that address, whether %s is the right region, "
      "and what https_proxy and no_proxy say.",
      place->region);
    break;
  default:
    snprintf (s->text, sizeof s->text, "%s", fault->text);
  }
}

static void
explain_error (const char *operation, const struct aws_error *e, struct tool_sentence *s)
{
  const char *said = *e->message ? e->message : "the server says no more";
  snprintf (s->text, sizeof s->text, "%s: %s", *e->type ? e->type : "an answer that nobody expects", said);
  switch (e->outcome) {
  case AWS_DENIED:
    snprintf (s->text, sizeof s->text, "AccessDenied: User is not authorized to perform: dynamodb:%s (%s)", operation, said);
    snprintf (s->advice, sizeof s->advice,
              "Give the user or role the policy that `kode-kronical-daemon dynamodb check --print-policy` prints.");
    break;
  case AWS_CREDENTIALS:
    snprintf (s->advice, sizeof s->advice,
              "The access key or its secret is wrong, or was deleted; another source of credentials may hide "
              "the right one.");
    break;
  case AWS_EXPIRED:
    snprintf (s->advice, sizeof s->advice, "The session token has expired: get a new one.");
    break;
  case AWS_SKEWED:
    snprintf (s->advice, sizeof s->advice, "Set this machine's clock.");
    break;
  case AWS_FOREIGN:
  case AWS_GARBLED:
    snprintf (s->text, sizeof s->text, "HTTP status %d, and what came is no answer of DynamoDB: %s", e->status, said);
    snprintf (s->advice, sizeof s->advice, "A proxy, a captive portal or another service may stand at that address.");
    break;
  case AWS_NO_TABLE:
    snprintf (s->advice, sizeof s->advice, "The daemon makes the table when it starts.");
    break;
  default:
    break;
  }
}

void
tool_explain (const struct tool_caller *c, const char *operation, int r, const struct session_answer *answer,
              struct tool_sentence *ret)
{
  *ret = (struct tool_sentence){.text = ""};
  if (r == -ENOMEM)
    snprintf (ret->text, sizeof ret->text, "no memory");
  else if (r < 0)
    explain_silence (c, &answer->fault, ret);
  else
    explain_error (operation, &answer->error, ret);
}
