#include "known.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
  UNIT_NS = 125000000,
  UNITS = 8 /* a second */,
  LAST_STEP = 6 /* looks after 0, 1, 2, 4, 8, 16 s; from then on after the longest pause */
};

void
known_init (struct known *k, int64_t interval_ns)
{
  *k = (struct known){.interval_ns = interval_ns};
}

void
known_free (struct known *k)
{
  free (k->pids);
  free (k->spare);
  *k = (struct known){0};
}

static int
grow (struct known *k, size_t need)
{
  if (need <= k->cap)
    return 0;
  size_t cap = k->cap ? k->cap : 256;
  while (cap < need)
    cap *= 2;
  struct known_pid *pids = reallocarray (k->pids, cap, sizeof *pids);
  if (!pids)
    return -ENOMEM;
  k->pids = pids;
  struct known_pid *spare = reallocarray (k->spare, cap, sizeof *spare);
  if (!spare)
    return -ENOMEM;
  k->spare = spare;
  k->cap = cap;
  return 0;
}

int
known_see (struct known *k, const uint32_t *pids, size_t n, bool all)
{
  if (grow (k, k->n + n) < 0)
    return -ENOMEM;
  size_t i = 0, j = 0, to = 0, cursor = 0;
  while (i < k->n || j < n) {
    bool old = i < k->n && (j == n || k->pids[i].pid <= pids[j]);
    bool seen = j < n && (i == k->n || pids[j] <= k->pids[i].pid);
    if (old && i == k->cursor)
      cursor = to;
    if (old && (seen || !all))
      k->spare[to++] = k->pids[i];
    else if (!old)
      k->spare[to++] = (struct known_pid){.pid = pids[j]};
    i += old;
    j += seen;
  }
  struct known_pid *was = k->pids;
  k->pids = k->spare;
  k->spare = was;
  k->n = to;
  k->cursor = cursor;
  return 0;
}

static struct known_pid *
find (const struct known *k, uint32_t pid)
{
  size_t low = 0, high = k->n;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (k->pids[middle].pid < pid)
      low = middle + 1;
    else
      high = middle;
  }
  return low < k->n && k->pids[low].pid == pid ? &k->pids[low] : NULL;
}

bool
known_has (const struct known *k, uint32_t pid)
{
  return find (k, pid) != NULL;
}

void
known_renew (struct known *k, uint32_t pid)
{
  struct known_pid *p = find (k, pid);
  if (p)
    p->step = 0;
}

/* The longest pause, in units: looked at by the first tick that comes after it, all are seen within the period. */
static uint32_t
longest_pause (const struct known *k)
{
  int64_t ms = KNOWN_PERIOD_MS - k->interval_ns / 1000000 * 3 / 2;
  return ms > 0 ? (uint32_t) (ms * UNITS / 1000) : 0;
}

static uint32_t
pause_after (const struct known *k, uint32_t step)
{
  uint32_t longest = longest_pause (k), pause = longest;
  if (step < LAST_STEP)
    pause = (uint32_t) UNITS << (step > 2 ? step - 2 : 0);
  return pause < longest ? pause : longest;
}

/* At the first tick nothing is new: the looks to come are spread over the whole pause, so that they never come all at once. */
static void
spread (struct known *k)
{
  uint64_t longest = longest_pause (k);
  for (size_t i = 0; i < k->n; i++)
    if (k->pids[i].step > 0) {
      k->pids[i].due = (uint32_t) (longest * i / k->n);
      k->pids[i].step = LAST_STEP;
    }
}

/* Looks at one, and says when it is looked at next. */
static void
look_at (struct known *k, struct known_pid *p, uint32_t now, known_look look, void *arg)
{
  switch (look (arg, p->pid, p->step > 0)) {
  case KNOWN_GONE:
    p->pid = 0;
    break;
  case KNOWN_LOOKED:
    p->step += p->step < LAST_STEP;
    p->due = now + pause_after (k, p->step);
    break;
  case KNOWN_LATER:
  default:
    break;
  }
}

static void
forget_gone (struct known *k)
{
  size_t to = 0, cursor = 0;
  for (size_t i = 0; i < k->n; i++) {
    if (i == k->cursor)
      cursor = to;
    if (k->pids[i].pid != 0)
      k->pids[to++] = k->pids[i];
  }
  k->n = to;
  k->cursor = cursor;
}

static size_t
look_again (struct known *k, uint32_t now, known_look look, void *arg)
{
  uint32_t pause = longest_pause (k);
  size_t per_tick = k->n;
  if (pause > 0)
    per_tick =
      (size_t) ((uint64_t) k->n * 2 * (uint64_t) (k->interval_ns / 1000000) * UNITS / 1000 / pause) + KNOWN_LEAST_LOOKS;
  size_t looks = 0, at = k->cursor < k->n ? k->cursor : 0;
  for (size_t i = 0; i < k->n && looks < per_tick; i++) {
    struct known_pid *p = &k->pids[at];
    if (p->pid != 0 && p->step > 0 && p->due <= now) {
      look_at (k, p, now, look, arg);
      looks++;
    }
    at = at + 1 < k->n ? at + 1 : 0;
  }
  k->cursor = at;
  return looks;
}

size_t
known_run (struct known *k, int64_t now_ns, known_look look, void *arg)
{
  bool first = !k->started;
  if (first) {
    k->started = true;
    k->start_ns = now_ns;
  }
  /* To the nearest: a tick that comes a little earlier than the one before did must not count as too early. */
  uint32_t now = (uint32_t) ((now_ns - k->start_ns + UNIT_NS / 2) / UNIT_NS);
  size_t looks = look_again (k, now, look, arg);
  size_t most = first ? SIZE_MAX : looks + KNOWN_MOST_NEW;
  for (size_t i = 0; i < k->n && looks < most; i++)
    if (k->pids[i].step == 0 && k->pids[i].pid != 0) {
      look_at (k, &k->pids[i], now, look, arg);
      looks++;
    }
  forget_gone (k);
  if (first)
    spread (k);
  return looks;
}
