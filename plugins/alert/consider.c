#include "consider.h"

#define GAP_NS INT64_C (300000000000)

struct looking {
  struct alert_rule *rule;
  const struct watch *watch;
  const struct kk_time *time;
};

/* Samples come some moments sooner or later than their interval: of a time that is a whole number of intervals the last look
 * must not be missed by that, and one more be waited for. */
static int64_t
soon (int64_t time_ns, int64_t interval_ns)
{
  const int64_t shorter = time_ns < interval_ns ? time_ns : interval_ns;
  return time_ns - (shorter > 0 ? shorter / 16 : 0);
}

struct alert_params
consider_params (const struct watch *w, int64_t interval_ns)
{
  struct alert_params params = w->params;
  params.for_ns = soon (params.for_ns, interval_ns);
  params.clear_for_ns = soon (params.clear_for_ns, interval_ns);
  params.unknown_after_ns = soon (params.unknown_after_ns, interval_ns);
  params.remind_ns = soon (params.remind_ns, interval_ns);
  params.gap_ns = interval_ns > GAP_NS / 3 ? 3 * interval_ns : GAP_NS;
  return params;
}

bool
consider_wants (const struct watch *w, struct expression_binding *b, const struct kk_sample *in)
{
  struct kk_table_info info = {.held = 0};
  const int table = expression_rows_of (b);
  if (table < 0 || (!kk_table_info (in, (uint32_t) table, &info) && !info.held))
    return true;
  expression_pass (w->expression, b, in);
  return false;
}

static enum alert_truth
truth (enum expression_verdict v)
{
  return v == EXPRESSION_UNKNOWN ? ALERT_UNKNOWN : v == EXPRESSION_YES ? ALERT_TRUE : ALERT_FALSE;
}

static void
look (void *arg, const struct expression_result *result)
{
  struct looking *l = arg;
  struct alert_key key = {.identity = result->identity};
  struct alert_look at = {.mono_ns = l->time->mono_ns,
                          .wall_ns = l->time->wall_ns,
                          .when = truth (result->verdict),
                          .held = !result->fresh || expression_is_early (result),
                          .has_value = result->value_type == EXPRESSION_NUMBER,
                          .value = result->value_type == EXPRESSION_NUMBER ? result->number : 0};
  at.clear = l->watch->has_clear ? truth (result->clear) : alert_not (at.when);
  if (result->key.absent)
    key.text = "";
  else if (result->key.type == KK_TYPE_STRING) {
    key.text = result->key.string;
    key.length = result->key.length < ALERT_KEY_MOST ? result->key.length : ALERT_KEY_MOST;
  } else
    key.number = result->key.u64;
  alert_rule_look (l->rule, &key, &at);
}

void
consider_rule (struct alert_rule *rule, const struct watch *w, struct expression_binding *b, const struct kk_sample *in,
               const struct kk_time *time)
{
  struct expression_outcome outcome;
  struct looking l = {rule, w, time};
  if (expression_evaluate (w->expression, b, in, look, &l, &outcome))
    outcome.all = false;
  alert_rule_end (rule, outcome.all);
}
