#include "daemon.h"

#include "control-server.h"
#include "describe.h"
#include "reload.h"
#include "sample-json.h"
#include "schema-text.h"
#include "settings.h"
#include "status.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define SECOND_NS INT64_C (1000000000)
/* SOON_MS: who removes a file of ours may be removing the whole directory, and is not to be raced. */
enum { TEND_MS = 5000, SOON_MS = 250, FIRST_TICK_S = 20, END_S = 20, HANG_S = 30 };

struct daemon {
  const struct daemon_setup *setup;
  struct env env;
  struct plan *plan;
  struct plan *first; /* the one it was started with: data_dir, log_file and pid_file are as there */
  struct ring *ring;
  struct sampler *sampler;
  struct graph *graph;
  struct control_server *control;
  struct clock_reading started;
  int signals;
  bool stop;
  size_t left_behind;   /* instances that hang and were given up */
  struct modules *lent; /* what they are in */
  uint64_t ticks_seen;
  int64_t ticks_seen_ns;
};

static void
signals_taken (sigset_t *set)
{
  sigemptyset (set);
  sigaddset (set, SIGTERM);
  sigaddset (set, SIGINT);
  sigaddset (set, SIGHUP);
  sigaddset (set, SIGUSR1);
}

void
daemon_block_signals (void)
{
  sigset_t set;
  signals_taken (&set);
  sigprocmask (SIG_BLOCK, &set, NULL);
  signal (SIGPIPE, SIG_IGN);
  signal (SIGUSR2, SIG_IGN); /* means nothing here: it shall not end the daemon */
}

static int64_t
in_seconds (const struct daemon *d, int64_t seconds)
{
  return clock_read (&d->env.clock).mono_ns + seconds * SECOND_NS;
}

static struct status_source
status_source (const struct daemon *d)
{
  return (struct status_source){.env = &d->env,
                                .sampler = d->sampler,
                                .ring = d->ring,
                                .plan = d->plan,
                                .log_file = d->first->settings->log_file,
                                .started = d->started};
}

/* Every sample that leaves the common chain; the sampler's thread. */
static void
on_sample (void *arg, const struct sample *sample)
{
  struct daemon *d = arg;
  ring_push (d->ring, sample);
  if (d->control)
    control_server_sample (d->control, &sample->face);
}

/* A sampler's thread, which may have been left behind: it must not look at what a reload changes. */
static void
on_self (void *arg, struct self_reading *ret)
{
  const struct daemon *d = arg;
  status_self (d->sampler, d->ring, ret);
}

/* ---- Graphs come and go ---- */

static void
end_graph (struct daemon *d, struct graph *g, const struct graph *other)
{
  d->left_behind += graph_end (g, other, in_seconds (d, END_S));
}

/* Makes the graph of a plan and puts it in the place of the one that runs, which goes on when that fails. */
static int
bring_up (struct daemon *d, const struct plan *plan, char **reason)
{
  struct graph *before = d->graph, *graph;
  int64_t interval = d->env.interval_ns;
  d->env.interval_ns = plan->settings->interval_ns;
  int r = graph_new (&d->env, plan, before, on_sample, d, &graph, reason);
  if (r) {
    d->env.interval_ns = interval;
    return r;
  }
  d->graph = graph;
  sampler_swap (d->sampler, graph);
  end_graph (d, before, graph);
  return 0;
}

static void
wait_first (struct daemon *d)
{
  if (sampler_wait_first (d->sampler, in_seconds (d, FIRST_TICK_S)))
    log_warn (d->setup->log, "the first readings take longer than %d s", FIRST_TICK_S);
}

static int
take_plan (struct daemon *d, struct reload *new, char **reason)
{
  int r = bring_up (d, new->plan, reason);
  if (r)
    return r;
  const struct settings *s = new->plan->settings;
  ring_bound (d->ring, (uint64_t) s->max_samples, (size_t) s->ring_bytes);
  if (!d->setup->debug)
    log_set_level (d->setup->log, settings_log_level (s));
  plan_free (d->plan);
  d->plan = new->plan;
  new->plan = NULL;
  return 0;
}

/* A dry run only says what it would do. `answer` may be NULL. */
static int
reload (struct daemon *d, bool dry, struct json_object *answer, char **reason)
{
  struct reload new;
  struct log *log = d->setup->log;
  if (!dry && d->setup->reloading)
    d->setup->reloading (d->setup->arg, 1);
  if (!dry && log_reopen (log))
    log_warn (log, "cannot open the log file anew; going on with the one that is open");
  int r = reload_prepare (d->setup->config_file, d->setup->modules, d->plan, d->first->settings, &new, reason);
  if (answer)
    reload_json (&new, answer);
  if (!dry)
    reload_log (&new, log);
  if (!r && !dry)
    r = take_plan (d, &new, reason);
  if (r && !dry)
    log_error (log, "reload failed, nothing has changed: %s", *reason ? *reason : strerror (-r));
  else if (!dry)
    log_info (log, "reloaded");
  reload_clear (&new);
  if (!dry && d->setup->reloading)
    d->setup->reloading (d->setup->arg, 0);
  return r;
}

/* ---- What the control socket asks for ---- */

static void
control_status (void *arg, struct buf *answer)
{
  struct status_source source = status_source (arg);
  struct json_object *o = status_json (&source);
  buf_adds (answer, json_object_to_json_string_ext (o, JSON_C_TO_STRING_PLAIN));
  json_object_put (o);
}

struct lines {
  struct buf *b;
  const struct control_question *question;
  uint64_t n;
};

static void
add_line (void *arg, const struct sample *sample)
{
  struct lines *l = arg;
  if (l->question->tables)
    sample_json_tables (l->b, &sample->face, l->question->tables, l->question->n_tables);
  else
    sample_json (l->b, &sample->face);
  buf_addc (l->b, '\n');
  l->n++;
}

static int
control_samples (void *arg, const struct control_question *question, struct buf *lines, uint64_t *ret_n)
{
  struct daemon *d = arg;
  struct lines l = {.b = lines, .question = question};
  int r = ring_read (d->ring, question->last, add_line, &l);
  if (!r)
    *ret_n = l.n;
  return r;
}

static void
add_schema (void *arg, const struct sample *sample)
{
  struct lines *l = arg;
  schema_text (l->b, kk_sample_schema (&sample->face));
  buf_addc (l->b, '\n');
  l->n++;
}

static int
control_schema (void *arg, struct buf *answer)
{
  struct daemon *d = arg;
  struct lines l = {.b = answer};
  int r = ring_read (d->ring, 1, add_schema, &l);
  return r || l.n ? r : -ENODATA;
}

/* What is in force: places stay those that it was started with. */
static int
control_config (void *arg, const char *instance, bool json, struct buf *text)
{
  const struct daemon *d = arg;
  const struct settings *first = d->first->settings;
  struct settings settings = *d->plan->settings;
  struct plan plan = *d->plan;
  settings.data_dir = first->data_dir;
  settings.log_file = first->log_file;
  settings.pid_file = first->pid_file;
  plan.settings = &settings;
  if (instance && !plan_instance (&plan, instance))
    return -ENOENT;
  describe_plan (text, &plan, instance, json);
  return 0;
}

static int
control_reload (void *arg, bool dry, struct json_object *answer, char **reason)
{
  return reload (arg, dry, answer, reason);
}

static void
control_stop (void *arg)
{
  ((struct daemon *) arg)->stop = true;
}

/* ---- The main thread ---- */

static void
take_signal (struct daemon *d)
{
  struct signalfd_siginfo info;
  if (read (d->signals, &info, sizeof info) != sizeof info)
    return;
  struct status_source source = status_source (d);
  char *reason = NULL;
  switch (info.ssi_signo) {
  case SIGHUP:
    reload (d, false, NULL, &reason);
    free (reason);
    break;
  case SIGUSR1:
    status_log (&source);
    break;
  default:
    log_info (d->setup->log, "stopping: %s", info.ssi_signo == SIGINT ? "interrupted" : "asked to terminate");
    d->stop = true;
  }
}

/* The watchdog is told only while ticks come. How many milliseconds until the next time. */
static int64_t
tend (struct daemon *d)
{
  struct sampler_view v = sampler_view (d->sampler);
  int64_t now = clock_read (&d->env.clock).mono_ns;
  int r = 0;
  if (v.ticks != d->ticks_seen || !d->ticks_seen_ns) {
    d->ticks_seen = v.ticks;
    d->ticks_seen_ns = now;
  }
  if (now - d->ticks_seen_ns < d->env.interval_ns * 2 + HANG_S * SECOND_NS && d->setup->tend)
    r = d->setup->tend (d->setup->arg);
  d->stop = d->stop || r == -ECANCELED;
  if (r >= 0 && control_server_tend (d->control) > 0)
    log_warn (d->setup->log, "made the control socket again: it was gone");
  return r == -EAGAIN ? SOON_MS : r > 0 ? r : TEND_MS;
}

static int64_t
now_ms (const struct daemon *d)
{
  return in_seconds (d, 0) / 1000000;
}

static void
loop (struct daemon *d)
{
  struct pollfd fds[] = {{.fd = d->signals, .events = POLLIN},
                         {.fd = control_server_fd (d->control), .events = POLLIN},
                         {.fd = d->setup->tend_fd, .events = POLLIN}};
  int64_t tended_ms = now_ms (d), due_ms = tended_ms + SOON_MS;
  while (!d->stop) {
    int64_t left_ms = due_ms - now_ms (d);
    int n = poll (fds, KK_COUNT (fds), left_ms > 0 ? (int) left_ms : 0);
    if (n > 0 && (fds[0].revents & POLLIN))
      take_signal (d);
    if (n > 0 && (fds[1].revents & POLLIN))
      control_server_work (d->control);
    int64_t now = now_ms (d);
    if (n > 0 && (fds[2].revents & POLLIN)) {
      fds[2].fd = -1; /* until it has been seen to */
      due_ms = due_ms < now + SOON_MS ? due_ms : now + SOON_MS;
    }
    /* By time, not when nothing else comes: somebody may follow the samples all day. Sooner when this thread is awake anyway. */
    bool sooner = n > 0 && fds[2].fd >= 0 && now - tended_ms >= 1000;
    if (now < due_ms && !sooner)
      continue;
    int64_t wait_ms = tend (d);
    fds[2].fd = d->setup->tend_fd;
    tended_ms = now_ms (d);
    due_ms = tended_ms + wait_ms;
  }
}

static int
set_up (struct daemon *d, char **reason)
{
  sigset_t set;
  signals_taken (&set);
  d->signals = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (d->signals < 0)
    return -errno;
  const struct settings *s = d->plan->settings;
  int r = ring_new ((uint64_t) s->max_samples, (size_t) s->ring_bytes, &d->ring);
  if (!r)
    r = sampler_new (&d->env, &d->sampler);
  if (r)
    return r;
  const struct control_commands commands = {.status = control_status,
                                            .samples = control_samples,
                                            .schema = control_schema,
                                            .config = control_config,
                                            .reload = control_reload,
                                            .stop = control_stop,
                                            .arg = d};
  r = control_server_new (s->data_dir, d->setup->log, &commands, &d->control);
  if (r) {
    if (asprintf (reason, "cannot make the control socket in %s: %s", s->data_dir, strerror (-r)) < 0)
      *reason = NULL;
    return r;
  }
  r = bring_up (d, d->plan, reason);
  if (!r)
    wait_first (d);
  return r;
}

/* False when a thread is still in there somewhere: the process ends soon, and with it what is left. */
static bool
clear (struct daemon *d)
{
  if (d->sampler)
    end_graph (d, sampler_swap (d->sampler, NULL), NULL);
  control_server_free (d->control);
  if (d->signals >= 0)
    close (d->signals);
  if (!sampler_end (d->sampler) || d->left_behind)
    return false;
  ring_free (d->ring);
  plan_free (d->plan);
  plan_free (d->first);
  free ((char *) (uintptr_t) d->env.data_dir);
  return true;
}

int
daemon_run (const struct daemon_setup *setup, char **reason, bool *ret_hangs)
{
  *reason = NULL;
  *ret_hangs = false;
  struct daemon *d = calloc (1, sizeof *d);
  if (!d) {
    plan_free (setup->plan);
    return -ENOMEM;
  }
  *d = (struct daemon){.setup = setup, .plan = setup->plan, .first = plan_ref (setup->plan), .signals = -1};
  env_init (&d->env);
  d->env.log = setup->log;
  d->env.data_dir = strdup (setup->plan->settings->data_dir); /* outlives the plan over a reload */
  d->env.clock = clock_system ();
  d->env.self = on_self;
  d->env.self_arg = d;
  d->started = clock_read (&d->env.clock);
  int r = d->env.data_dir ? set_up (d, reason) : -ENOMEM;
  if (!r && setup->ready)
    r = setup->ready (setup->arg);
  if (!r)
    loop (d);
  if (!r && setup->stopping)
    setup->stopping (setup->arg);
  *ret_hangs = !clear (d);
  if (*ret_hangs)
    d->lent = setup->modules;
  else
    free (d);
  return r;
}
