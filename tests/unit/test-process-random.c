/* Processes that begin, end, run other programs, are renamed and have their PIDs used again, at random, for minutes of made-up
 * time: who is tracked is compared with who ought to be. */
#include "process-tree.h"

enum { PIDS = 60, TICKS = 120 };

/* What is true of one PID. */
struct truth {
  bool there;
  bool wanted;
  bool zombie;
  uint64_t start;
  uint64_t ticks;
  int changed;   /* at which tick `wanted` became what it is */
  bool could_be; /* it was wanted at some time since it began, or its predecessor was */
};

static uint32_t seed;

static uint32_t
random_below (uint32_t n)
{
  seed ^= seed << 13;
  seed ^= seed >> 17;
  seed ^= seed << 5;
  return seed % n;
}

static void
write_truth (const struct world *w, uint32_t pid, struct truth *t, int now)
{
  static const struct {
    const char *comm, *command;
    bool wanted;
  } kinds[] = {
    {"sh", "sh|-c|work", false},   {"python3.12", "python3.12|a.py", true},   {"a.py", "/usr/bin/python3|a.py", true},
    {"kworker/0:1", NULL, false},  {"we) ird S 1", "weird", false},           {"x) Python", "x", true},
    {"cat", "cat|pythonic", true}, {"pythonis-very-l", "pythonis-x|y", true}, {"make", "make|-j2", false},
  };
  size_t kind = random_below (sizeof kinds / sizeof kinds[0]);
  put (w, &(struct made){
            .pid = pid, .comm = kinds[kind].comm, .command = kinds[kind].command, .ticks = t->ticks, .start = t->start});
  if (!t->there || t->wanted != kinds[kind].wanted)
    t->changed = now;
  t->wanted = kinds[kind].wanted;
  t->could_be = t->could_be || t->wanted;
  t->there = true;
}

/* One thing happens to one PID. */
static void
happen (const struct world *w, uint32_t pid, struct truth *t, int now)
{
  switch (t->there ? random_below (6) : 0) {
  case 0: /* begins, in the place of another one if there was one */
    *t = (struct truth){.there = t->there,
                        .wanted = t->wanted,
                        .changed = t->changed,
                        .could_be = t->there && t->could_be,
                        .start = 1000 + (uint64_t) now * 100 + random_below (100),
                        .ticks = random_below (500)};
    write_truth (w, pid, t, now);
    break;
  case 1:
  case 2:
    gone (w, pid);
    *t = (struct truth){0};
    break;
  default: /* runs another program */
    write_truth (w, pid, t, now);
  }
}

static void
check (const struct world *w, uint32_t pid, const struct truth *t, int now)
{
  const struct process *p = tracked (w, pid);
  ck_assert_msg (t->there || !p, "tick %d: %u is gone", now, pid);
  if (!t->there)
    return;
  ck_assert_msg (!p || t->could_be, "tick %d: %u was never wanted", now, pid);
  if (now - t->changed >= 10)
    ck_assert_msg (t->wanted == (p != NULL), "tick %d: %u is %s since tick %d", now, pid, t->wanted ? "wanted" : "not wanted",
                   t->changed);
  if (p) {
    ck_assert_uint_eq (p->stat.start_ticks, t->start);
    ck_assert_uint_eq (p->stat.cpu_ticks, t->ticks);
    ck_assert (p->read && p->name && p->command);
  }
}

START_TEST (tracks_who_ought_to_be)
{
  static struct truth truth[PIDS];
  static uint64_t known_start[PIDS];
  memset (truth, 0, sizeof truth);
  memset (known_start, 0, sizeof known_start);
  seed = 0x85ebca6bu + (uint32_t) _i * 104729;
  struct world w = begin_python ();
  for (int now = 0; now < TICKS; now++) {
    bool was[PIDS];
    for (uint32_t pid = 1; pid < PIDS; pid++)
      was[pid] = truth[pid].there;
    for (unsigned i = random_below (6); i > 0; i--) {
      uint32_t pid = 1 + random_below (PIDS - 1);
      happen (&w, pid, &truth[pid], now);
    }
    tick (&w);
    for (uint32_t pid = 1; pid < PIDS; pid++) {
      const struct process *p = tracked (&w, pid);
      check (&w, pid, &truth[pid], now);
      if (!was[pid] && truth[pid].there)
        ck_assert_msg (truth[pid].wanted == (p != NULL), "tick %d: %u is new", now, pid);
      if (p) /* the first reading, and no other, has no share of the processor */
        ck_assert_msg ((p->cpu_absent == KK_FIRST) == (known_start[pid] != truth[pid].start), "tick %d: %u", now, pid);
      known_start[pid] = p ? truth[pid].start : 0;
    }
  }
  end (&w);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_loop_test (t, tracks_who_ought_to_be, 0, 6);
}

UNIT_MAIN ("process-random", tests)
