#include "exec.h"

#include <inttypes.h>

static const int64_t LEAST_LIMIT = 250000000;
enum { LATEST_BACK_OFF_S = 60, KEPT_INTERVALS = 3 };

static void
take_line (void *data, const char *line, size_t n)
{
  struct exec *x = data;
  exec_parse_line (&x->parser, line, n);
}

/* How long one reading may take. */
static int64_t
patience (const struct exec *x)
{
  int64_t most = kk_deadline (x->self), half = kk_interval (x->self) / 2;
  most -= most / 10;
  if (half < LEAST_LIMIT)
    half = LEAST_LIMIT;
  if (most > half)
    most = half;
  return x->config->timeout_ns < most ? x->config->timeout_ns : most;
}

static int
start (struct exec *x)
{
  const struct exec_start how = {.command = &x->config->command,
                                 .limits = &x->config->limits,
                                 .data_dir = x->data_dir,
                                 .interval_ns = kk_interval (x->self)};
  *x->last_words = *x->advice = 0;
  int r = exec_child_start (&x->child, &how);
  if (r == -ENOENT)
    exec_fail (x, "'%s' cannot be started: there is no such program; give its whole path in command",
               x->config->command.items[0]);
  else if (r == -ENOEXEC)
    exec_fail (x, "'%s' cannot be started: the program kode-kronical-exec-keeper is missing; install kode-kronical completely",
               x->config->command.items[0]);
  else if (r)
    exec_fail (x, "'%s' cannot be started: %s", x->config->command.items[0], strerror (-r));
  return r;
}

/* ---- once ---- */

/* Takes all until it has ended. 0, -ETIMEDOUT or -EFBIG. */
static int
run_to_end (struct exec *x, int64_t until)
{
  uint64_t before = x->child.out.bytes;
  uint64_t most = (uint64_t) x->config->max_output;
  for (;;) {
    bool ended = exec_child_ended (&x->child); /* asked first: what it printed before is read after */
    bool more = exec_pipe_read (&x->child.out, most - (x->child.out.bytes - before), take_line, x);
    exec_pipe_read (&x->child.err, 65536, exec_take_complaint, x);
    if (more && x->child.out.bytes - before >= most)
      return -EFBIG;
    if (ended)
      return 0;
    if (!exec_child_wait (&x->child, until))
      return -ETIMEDOUT;
  }
}

int
exec_read_once (struct exec *x, struct kk_rows *out)
{
  exec_values_expire (&x->values, INT64_MAX);
  int64_t span = patience (x), until = exec_mono_ns () + span;
  int r = start (x);
  if (r)
    return r;
  r = run_to_end (x, until);
  int status = exec_child_end (&x->child);
  exec_say_refused (x);
  exec_say_held (x);
  if (r == -EFBIG)
    exec_fail (x, "'%s' printed more than max_output, %lld bytes, and was killed", x->config->command.items[0],
               (long long) x->config->max_output);
  else if (r)
    exec_fail (x, "'%s' did not end within %lld ms and was killed: see timeout, deadline and interval",
               x->config->command.items[0], (long long) (span / 1000000));
  else if (status)
    exec_fail_by_status (x, status, "");
  if (r || status)
    return r ? r : -EIO;
  exec_succeed (x);
  exec_values_put (&x->values, false, out);
  return 0;
}

/* ---- stream ---- */

void
exec_start_stream (struct exec *x)
{
  int64_t now = exec_mono_ns ();
  if (x->child.pid || now < x->next_start_ns)
    return;
  x->started_ns = now;
  x->silent = false;
  if (start (x) == 0)
    return;
  x->started_ns = 0;
}

/* Doubles the pause, and shakes it so that many such programs do not come back at once. */
static void
back_off (struct exec *x)
{
  int64_t now = exec_mono_ns ();
  if (x->started_ns && now - x->started_ns > LATEST_BACK_OFF_S * EXEC_SECOND_NS)
    x->back_off_s = 0;
  x->back_off_s = x->back_off_s ? x->back_off_s * 2 : 1;
  if (x->back_off_s > LATEST_BACK_OFF_S)
    x->back_off_s = LATEST_BACK_OFF_S;
  x->random = x->random * 1664525u + 1013904223u;
  int64_t least = x->back_off_s == 1 ? EXEC_SECOND_NS : x->back_off_s * EXEC_SECOND_NS / 2;
  int64_t pause = least + (int64_t) (x->random >> 8) * (x->back_off_s * EXEC_SECOND_NS - least) / (1 << 24);
  x->next_start_ns = now + pause;
}

/* What it printed since. Returns whether anything of it could be taken, or took an older value away. */
static bool
drain (struct exec *x)
{
  uint64_t before = x->values.taken + x->values.dropped;
  bool more = exec_pipe_read (&x->child.out, (size_t) x->config->max_output, take_line, x);
  exec_pipe_read (&x->child.err, 65536, exec_take_complaint, x);
  if (more && !x->flooded && x->child.out.fd >= 0) {
    x->flooded = true;
    kk_warn (x->self, "'%s' prints more than max_output between two readings: its values come late",
             x->config->command.items[0]);
  }
  return x->values.taken + x->values.dropped != before;
}

static int
stream_ended (struct exec *x)
{
  int status = exec_child_end (&x->child);
  back_off (x);
  x->restarts++;
  kk_status (x->self, "restarts", "%" PRIu64, x->restarts);
  exec_fail_by_status (x, status, "; it is started again, later each time");
  return -EIO;
}

int
exec_read_stream (struct exec *x, struct kk_rows *out)
{
  int64_t now = exec_mono_ns (), until = now + patience (x), kept = KEPT_INTERVALS * kk_interval (x->self);
  struct kk_time time;
  if (!x->child.pid) {
    exec_values_expire (&x->values, INT64_MAX);
    exec_start_stream (x);
    if (!x->child.pid) {
      if (now >= x->next_start_ns)
        back_off (x);
      return -EIO;
    }
  }
  bool gone = exec_values_expire (&x->values, now - kept);
  bool ended = exec_child_ended (&x->child), fresh = drain (x);
  /* Only a program that has just begun is waited for. */
  while (!fresh && !ended && !exec_values_rows (&x->values) && !x->silent && exec_child_wait (&x->child, until)) {
    ended = exec_child_ended (&x->child);
    fresh = drain (x);
  }
  exec_say_refused (x);
  exec_say_held (x);
  if (ended && !fresh)
    return stream_ended (x);
  if (!exec_values_rows (&x->values)) {
    if (exec_mono_ns () - x->started_ns > kept && !x->silent)
      exec_fail (
        x,
        "'%s' runs and prints nothing that can be taken; a line counts when its newline is there: it may have to flush its "
        "output",
        x->config->command.items[0]);
    x->silent = true;
    return -ENODATA;
  }
  if (fresh) {
    x->silent = false;
    exec_succeed (x);
  }
  kk_read_time (out, &time);
  const bool partial = now - x->started_ns <= kept, other = partial != x->partial;
  if (!fresh && !gone && !other && time.after == KK_PRESENT)
    return KK_HELD;
  x->partial = partial;
  exec_values_put (&x->values, partial, out);
  return 0;
}
