#include "tool.h"
#include "trials.h"

#include <stdio.h>
#include <string.h>

/* NULL: there is no upload without it. */
static const char *
without (const struct tool_checker *c, const struct trial *t, enum schema_kind kind)
{
  if (kind == SCHEMA_REGISTRY && t->spared && c->can_update)
    return "the daemon does without as long as UpdateItem is allowed";
  return t->without[kind];
}

static void
tell_denied (struct tool_checker *c, const struct trial *t, enum schema_kind kind, const struct tool_sentence *s)
{
  const char *follows = without (c, t, kind);
  if (follows) {
    report_step (c->report, t->extra || t->table_must_be_there ? REPORT_NOTE : REPORT_WARN, t->action, "%s: denied; %s",
                 c->tables[kind], follows);
    return;
  }
  report_step (c->report, REPORT_FAIL, t->action, "%s: %s", c->tables[kind], s->text);
  report_advice (c->report, "%s", s->advice);
}

static void
try_one (struct tool_checker *c, const struct trial *t, enum schema_kind kind)
{
  struct session_answer answer SESSION_ANSWER_CLEANUP = {.timed_out = false};
  struct buf body BUF_CLEANUP = {0};
  struct tool_sentence s;
  const char *table = c->tables[kind];
  if (t->table_must_be_there && !c->there[kind]) {
    report_step (c->report, REPORT_NOTE, t->action, "%s: not tried, as that would make the table", table);
    return;
  }
  t->body (&body, kind, table, c->host, session_now (c->caller.session) / 1000000000);
  int r = tool_call (&c->caller, t->action, &body, &answer);
  enum aws_outcome outcome = answer.error.outcome;
  tool_explain (&c->caller, t->action, r, &answer, &s);
  if (r == 0 && trial_is_allowed (t, &answer.error))
    report_step (c->report, REPORT_OK, t->action, "%s: allowed", table);
  else if (r == 0 && outcome == AWS_NO_TABLE)
    report_step (c->report, REPORT_NOTE, t->action, "%s: not denied, as far as can be seen without the table", table);
  else if (r == 0 && outcome == AWS_DENIED) {
    c->can_update = c->can_update && !t->extra;
    tell_denied (c, t, kind, &s);
  } else {
    report_step (c->report, without (c, t, kind) ? REPORT_WARN : REPORT_FAIL, t->action, "%s: %s", table, s.text);
    if (*s.advice)
      report_advice (c->report, "%s", s.advice);
  }
}

void
tool_check_permissions (struct tool_checker *c)
{
  for (int kind = 0; kind < SCHEMA_KINDS; kind++)
    for (size_t i = 0; i < n_trials; i++)
      if (!trials[i].extra || kind == SCHEMA_REGISTRY)
        try_one (c, &trials[i], (enum schema_kind) kind);
}
