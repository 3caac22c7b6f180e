/* The states of alerts the slow and obvious way: at each look the whole series of looks is read anew. */
#ifndef ALERT_SLOW_H
#define ALERT_SLOW_H

#include "alert/state.h"
#include "unit.h"

enum { SLOW_LOOKS = 120 };

/* As ck_assert_msg, which tells another process of each time that all is well. */
#define INSIST(is, ...)                                                                                                        \
  do {                                                                                                                         \
    if (!(is))                                                                                                                 \
      ck_abort_msg (__VA_ARGS__);                                                                                              \
  } while (0)

/* Looks that were not held, and what was said at each. */
struct past {
  int n;
  struct alert_look looks[SLOW_LOOKS];
  bool unwatched[SLOW_LOOKS]; /* nobody looked between the one before and this one */
  bool anew[SLOW_LOOKS];      /* time that was collected before it does not count */
  unsigned said[SLOW_LOOKS];
  bool fires_after[SLOW_LOOKS];
  bool next_unwatched, next_anew;
  bool has_value;
  double value;
};

static inline int64_t
slow_between (const struct past *past, const struct alert_params *p, int at, bool whole)
{
  int64_t passed = past->looks[at].mono_ns - past->looks[at - 1].mono_ns;
  if (passed < 0 || past->unwatched[at])
    return 0;
  return !whole && p->gap_ns && passed > p->gap_ns ? p->gap_ns : passed;
}

static inline bool
slow_fired_before (const struct past *past, int at)
{
  return at > 0 && past->fires_after[at - 1];
}

/* What the look says of what matters while it fires, or does not. */
static inline enum alert_truth
slow_says (const struct past *past, int at)
{
  const struct alert_look *l = &past->looks[at];
  if (!slow_fired_before (past, at))
    return l->when;
  return l->when == ALERT_TRUE ? ALERT_FALSE : l->clear;
}

/* The last look up to `at` at which one of these was said; -1: none. */
static inline int
slow_last (const struct past *past, int at, unsigned what)
{
  while (at >= 0 && !(past->said[at] & what))
    at--;
  return at;
}

/* Since when it has been so: the first look that said it, none but unknown since then. `at` + 1: it is not so. */
static inline int
slow_since (const struct past *past, int at)
{
  const int change = slow_last (past, at - 1, ALERT_FIRED | ALERT_CLEARED);
  int since = at + 1;
  for (int i = at; i > change && slow_says (past, i) != ALERT_FALSE; i--) {
    if (slow_says (past, i) == ALERT_TRUE)
      since = i;
    if (past->anew[i])
      break;
  }
  return since;
}

/* How much of that counts. */
static inline int64_t
slow_lasted (const struct past *past, const struct alert_params *p, int at)
{
  int64_t sum = 0;
  for (int i = slow_since (past, at) + 1; i <= at; i++)
    if (slow_says (past, i) == ALERT_TRUE && slow_says (past, i - 1) == ALERT_TRUE)
      sum += slow_between (past, p, i, false);
  return sum;
}

static inline int64_t
slow_unknown (const struct past *past, const struct alert_params *p, int at)
{
  int64_t sum = 0;
  for (int i = at; i > 0 && slow_says (past, i) == ALERT_UNKNOWN && slow_says (past, i - 1) == ALERT_UNKNOWN; i--)
    sum += slow_between (past, p, i, false);
  return sum;
}

static inline bool
slow_is_said_unknown (const struct past *past, int at)
{
  int last = slow_last (past, at, ALERT_BECAME_UNKNOWN | ALERT_KNOWN);
  return last >= 0 && past->said[last] & ALERT_BECAME_UNKNOWN;
}

/* Since it was last said that it fires, up to `at`. */
static inline int64_t
slow_quiet (const struct past *past, const struct alert_params *p, int at, int last_said)
{
  int64_t sum = 0;
  for (int i = last_said + 1; i <= at; i++)
    sum += slow_between (past, p, i, true);
  return sum;
}

/* After the look `at`. */
static inline enum alert_phase
slow_phase (const struct past *past, int at)
{
  if (at < 0)
    return ALERT_OK;
  if (past->said[at] & (ALERT_FIRED | ALERT_CLEARED))
    return past->fires_after[at] ? ALERT_FIRING : ALERT_OK;
  const bool so = slow_since (past, at) <= at;
  return past->fires_after[at] ? so ? ALERT_CLEARING : ALERT_FIRING : so ? ALERT_PENDING : ALERT_OK;
}

/* How it is found before the next look. */
static inline enum alert_phase
slow_found (const struct past *past)
{
  enum alert_phase phase = slow_phase (past, past->n - 1);
  if (!past->next_anew)
    return phase;
  return phase == ALERT_PENDING ? ALERT_OK : phase == ALERT_CLEARING ? ALERT_FIRING : phase;
}

static inline unsigned
slow_look (struct past *past, const struct alert_params *p, const struct alert_look *look)
{
  if (look->held)
    return 0;
  const enum alert_phase before = slow_found (past);
  const int at = past->n++;
  INSIST (at < SLOW_LOOKS, "too many looks");
  past->looks[at] = *look;
  past->unwatched[at] = past->next_unwatched;
  past->anew[at] = past->next_anew;
  past->next_unwatched = past->next_anew = false;
  past->said[at] = 0;
  if (look->has_value) {
    past->has_value = true;
    past->value = look->value;
  }
  const bool firing = slow_fired_before (past, at), so = slow_says (past, at) == ALERT_TRUE;
  unsigned said = 0;
  if (slow_says (past, at) != ALERT_UNKNOWN)
    said |= slow_is_said_unknown (past, at) ? ALERT_KNOWN : 0;
  else if (p->unknown_after_ns && !slow_is_said_unknown (past, at) && slow_unknown (past, p, at) >= p->unknown_after_ns)
    said |= ALERT_BECAME_UNKNOWN;
  if (so && slow_lasted (past, p, at) >= (firing ? p->clear_for_ns : p->for_ns))
    said |= firing ? ALERT_CLEARED : ALERT_FIRED;
  if (firing && !(said & ALERT_CLEARED) && p->remind_ns
      && slow_quiet (past, p, at, slow_last (past, at, ALERT_FIRED | ALERT_REMINDER)) >= p->remind_ns)
    said |= ALERT_REMINDER;
  past->fires_after[at] = said & ALERT_FIRED || (firing && !(said & ALERT_CLEARED));
  past->said[at] = said;
  return said | (slow_phase (past, at) != before ? ALERT_MOVED : 0);
}

static inline unsigned
slow_gone (struct past *past)
{
  const enum alert_phase phase = slow_found (past);
  unsigned said = phase == ALERT_OK ? 0 : ALERT_MOVED;
  if (phase == ALERT_FIRING || phase == ALERT_CLEARING)
    said |= ALERT_CLEARED;
  else if (slow_is_said_unknown (past, past->n - 1))
    said |= ALERT_KNOWN;
  past->n = 0;
  past->next_anew = false;
  return said;
}

static inline void
slow_resume (struct past *past, bool changed)
{
  past->next_unwatched = true;
  past->next_anew |= changed;
}

static inline bool
slow_is_plain (const struct past *past)
{
  return slow_found (past) == ALERT_OK && (!past->n || slow_says (past, past->n - 1) != ALERT_UNKNOWN);
}

/* Everything of the state that means anything then. */
static inline void
slow_compare (const struct past *past, const struct alert_params *p, const struct alert_state *s, const char *what)
{
  const int at = past->n - 1;
  const enum alert_phase phase = slow_found (past);
  INSIST (s->phase == phase, "%s: phase %d, expected %d", what, s->phase, (int) phase);
  INSIST (alert_is_plain (s) == slow_is_plain (past), "%s: whether it is plain", what);
  INSIST (s->has_value == past->has_value && (!s->has_value || s->value == past->value), "%s: value %g, expected %g", what,
          s->value, past->value);
  if (!past->n)
    return;
  const bool unsure = slow_says (past, at) == ALERT_UNKNOWN;
  INSIST (s->unsure == unsure && s->said_unknown == slow_is_said_unknown (past, at), "%s: unknown, and said", what);
  const int64_t unknown = unsure ? slow_unknown (past, p, at) : 0;
  INSIST (s->unknown_ns == unknown, "%s: unknown for %lld, expected %lld", what, (long long) s->unknown_ns,
          (long long) unknown);
  if (phase == ALERT_PENDING || phase == ALERT_CLEARING) {
    const int64_t lasted = slow_lasted (past, p, at);
    INSIST (s->lasted_ns == lasted, "%s: lasted %lld, expected %lld", what, (long long) s->lasted_ns, (long long) lasted);
  }
  if (phase == ALERT_PENDING)
    INSIST (s->began_ns == past->looks[slow_since (past, at)].wall_ns, "%s: when it began", what);
  if (!past->fires_after[at])
    return;
  const int fired = slow_last (past, at, ALERT_FIRED);
  INSIST (s->began_ns == past->looks[slow_since (past, fired)].wall_ns, "%s: when that began what fires", what);
  INSIST (s->fired_ns == past->looks[fired].wall_ns, "%s: when it fired", what);
  const int64_t quiet = slow_quiet (past, p, at, slow_last (past, at, ALERT_FIRED | ALERT_REMINDER));
  INSIST (s->quiet_ns == quiet, "%s: quiet for %lld, expected %lld", what, (long long) s->quiet_ns, (long long) quiet);
}
#endif
