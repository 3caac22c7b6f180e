/* The made-up host a plugin is used in: the daemon's own code, with a clock that is moved by hand, and an eye on what is set.
 */
#ifndef CHECK_STAND_H
#define CHECK_STAND_H

#include "chain.h"
#include "check/check.h"
#include "input.h"
#include "layout.h"

enum { STAND_TABLES = 64, STAND_FIELDS = 512 };

struct stand {
  struct env env; /* the first member: a handle's host leads back here */
  struct kk_host real;
  struct check *check;
  const struct descriptor *d; /* of the instance in use: with the tables it declares */
  char *data_dir;
  struct clock_reading now;
  struct kk_row *rows[STAND_TABLES];    /* which table a handle belongs to */
  bool set[STAND_TABLES][STAND_FIELDS]; /* which fields were ever set, or said to be absent */
};

/* 0 or -ENOMEM. `name`: of its data directory. */
int stand_init (struct stand *s, struct check *k, const char *name);
void stand_release (struct stand *s);
void stand_pass (struct stand *s, int64_t ns);

/* An instance in use, of any kind. */
struct specimen {
  struct stand *stand;
  struct instance_plan plan;
  struct descriptor *declared; /* the tables it declares for its config, or NULL */
  struct instance *instance;   /* the input's own, if there is one */
  struct input *input;
  struct chain *chain;
  uint64_t tick, emitted, written;
  int64_t wall_max_ns;
};
/* On failure: -errno, and *reason (the caller's to free) as the user would read it. */
int specimen_new (struct stand *s, const char *name, void *config, struct specimen *ret, char **reason);
/* Ends it: flush as at a stop, then destroy. */
void specimen_end (struct specimen *p);
struct samples;
/* One read, one sample through the filter, or one batch to the output. 0, KK_RETRY or -errno; what is wrong is told. */
int specimen_use (struct specimen *p, struct samples *samples);

/* ---- Samples for filters and outputs (samples.c) ---- */

enum { SAMPLES_ALL, SAMPLES_SINGLE, SAMPLES_MANY, SAMPLES_EMPTY, SAMPLES_VARIANTS };
int samples_new (struct stand *s, struct samples **ret);
void samples_free (struct samples *s);
/* A new sample, the caller's. NULL without memory. */
struct sample *samples_next (struct samples *s, unsigned variant);
/* Of the first ones: to how many somebody else holds a reference. */
unsigned samples_kept (const struct samples *s);

/* ---- What the process holds (holds.c) ---- */

struct holds {
  uint64_t heap;
  uint32_t descriptors, threads;
};
struct holds holds_now (void);
/* Waits a moment for threads to be gone. */
struct holds holds_settled (const struct holds *wanted);
#endif
