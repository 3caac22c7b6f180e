#include "state.h"

/* Monotonic time since the last look; 0 for the first. */
static int64_t
passed_since (const struct alert_state *s, int64_t now)
{
  int64_t passed;
  if (!s->looked || now <= s->last_ns)
    return 0;
  return __builtin_sub_overflow (now, s->last_ns, &passed) ? INT64_MAX : passed;
}

static int64_t
add (int64_t a, int64_t b)
{
  int64_t sum;
  return __builtin_add_overflow (a, b, &sum) ? INT64_MAX : sum;
}

static enum alert_truth
ask (const struct alert_state *s, const struct alert_look *look)
{
  if (!alert_fires (s))
    return look->when;
  return look->when == ALERT_TRUE ? ALERT_FALSE : look->clear;
}

static unsigned
remind (struct alert_state *s, const struct alert_params *p, int64_t passed)
{
  s->quiet_ns = add (s->quiet_ns, passed);
  if (p->remind_ns <= 0 || !alert_fires (s) || s->quiet_ns < p->remind_ns)
    return 0;
  s->quiet_ns = 0;
  return ALERT_REMINDER;
}

static unsigned
stay_unknown (struct alert_state *s, const struct alert_params *p, int64_t counted)
{
  if (s->unsure)
    s->unknown_ns = add (s->unknown_ns, counted);
  s->unsure = true;
  if (p->unknown_after_ns <= 0 || s->said_unknown || s->unknown_ns < p->unknown_after_ns)
    return 0;
  s->said_unknown = true;
  return ALERT_BECAME_UNKNOWN;
}

static unsigned
fire (struct alert_state *s, int64_t wall_ns)
{
  s->phase = ALERT_FIRING;
  s->fired_ns = wall_ns;
  s->quiet_ns = 0;
  return ALERT_FIRED | ALERT_MOVED;
}

/* `counted`: the time since the last look, when that said the same. */
static unsigned
move (struct alert_state *s, const struct alert_params *p, bool yes, int64_t counted, int64_t wall_ns)
{
  const uint8_t before = s->phase;
  switch (before) {
  case ALERT_OK:
  case ALERT_PENDING:
    if (!yes) {
      s->phase = ALERT_OK;
      break;
    }
    s->lasted_ns = before == ALERT_OK ? 0 : add (s->lasted_ns, counted);
    if (before == ALERT_OK)
      s->began_ns = wall_ns;
    if (s->lasted_ns >= p->for_ns)
      return fire (s, wall_ns);
    s->phase = ALERT_PENDING;
    break;
  default:
    if (!yes) {
      s->phase = ALERT_FIRING;
      break;
    }
    s->lasted_ns = before == ALERT_FIRING ? 0 : add (s->lasted_ns, counted);
    if (s->lasted_ns >= p->clear_for_ns) {
      s->phase = ALERT_OK;
      return ALERT_CLEARED | ALERT_MOVED;
    }
    s->phase = ALERT_CLEARING;
  }
  return s->phase == before ? 0 : ALERT_MOVED;
}

unsigned
alert_look (struct alert_state *s, const struct alert_params *p, const struct alert_look *look)
{
  if (look->held)
    return 0;
  const int64_t passed = passed_since (s, look->mono_ns);
  const int64_t counted = p->gap_ns > 0 && passed > p->gap_ns ? p->gap_ns : passed;
  const enum alert_truth truth = ask (s, look);
  unsigned changes = 0;
  s->last_ns = look->mono_ns;
  s->looked = true;
  if (look->has_value) {
    s->value = look->value;
    s->has_value = true;
  }
  if (truth == ALERT_UNKNOWN)
    return stay_unknown (s, p, counted) | remind (s, p, passed);
  if (s->said_unknown)
    changes |= ALERT_KNOWN;
  changes |= move (s, p, truth == ALERT_TRUE, s->unsure ? 0 : counted, look->wall_ns);
  s->unsure = s->said_unknown = false;
  s->unknown_ns = 0;
  return changes & ALERT_FIRED ? changes : changes | remind (s, p, passed);
}

unsigned
alert_gone (struct alert_state *s)
{
  unsigned changes = alert_fires (s) ? ALERT_CLEARED : s->said_unknown ? ALERT_KNOWN : 0;
  changes |= s->phase != ALERT_OK ? ALERT_MOVED : 0;
  s->phase = ALERT_OK;
  s->unsure = s->said_unknown = false;
  s->lasted_ns = s->unknown_ns = 0;
  return changes;
}

void
alert_resume (struct alert_state *s, bool changed)
{
  s->looked = false;
  if (!changed)
    return;
  s->lasted_ns = 0;
  if (s->phase == ALERT_PENDING)
    s->phase = ALERT_OK;
  if (s->phase == ALERT_CLEARING)
    s->phase = ALERT_FIRING;
}
