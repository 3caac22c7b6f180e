/* An input at work: when it is due, its reads, and the newest block of each of its tables. */
#ifndef INPUT_H
#define INPUT_H

#include "instance.h"
#include "rows.h"

struct input {
  struct instance *instance;
  struct rows *rows;
  struct block **latest;  /* by table of the plugin; never NULL */
  int64_t interval_ns;
  int64_t next_due_ns;    /* monotonic; 0: at the next tick */
  int64_t last_good_ns;   /* monotonic time of its last good read or of its creation */
  int64_t last_boot_ns;   /* the boot clock at that time */
  int64_t last_seen_ns;   /* monotonic time of its last read that was good or had nothing newer */
  bool first;             /* no good read since it was made */
  bool lost;              /* `latest` is not what the plugin gave last: a read failed, or came back too late */
  bool late;              /* its last read came back after it was given up */
  bool stuck;             /* a thread has been left behind in its read; ask input_stuck */
};

/* Takes the instance over, also on failure. */
int input_new (struct instance *instance, struct input **ret);
void input_free (struct input *in); /* and its instance; NULL is fine */

bool input_due (const struct input *in, int64_t mono_ns);
/* Works out what a read at this time is to be told, and when the next one is due. */
struct kk_time input_begin (struct input *in, const struct clock_reading *now);
/* Runs the read and leaves its result in the rows. The part that may hang: it is called without any lock of the host, and touches
 * nothing of `in` that the other calls change. */
int input_read (struct input *in, const struct kk_time *time);
/* Takes the result over into `latest`. */
void input_take (struct input *in, const struct clock_reading *now, uint64_t tick, int result);
/* After a tick in which it was not read although it was due: its values are unknown now. */
void input_miss (struct input *in, const struct clock_reading *now, uint64_t tick);
/* A thread is left behind in its read, and comes back from the one begun at `now`: its values are too old, but the plugin measures
 * from them. input_return touches the input last when it is no longer stuck for others. */
void input_leave (struct input *in);
void input_return (struct input *in, const struct clock_reading *now, int result);
bool input_stuck (const struct input *in); /* any thread */
#endif
