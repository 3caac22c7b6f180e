#include "keeper.h"

#include "face.h"
#include "jitter.h"
#include "path.h"
#include "replay.h"
#include "sandbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS      INT64_C (1000000000)
#define FIRST_RETRY_NS SECOND_NS
#define MOST_RETRY_NS  (60 * SECOND_NS)
#define CREATE_WAIT_NS (3 * SECOND_NS)  /* for the first start, before the daemon goes on without it */
#define START_NS       (10 * SECOND_NS) /* for any start */
#define DESTROY_NS     (2 * SECOND_NS)
#define LEAST_WAIT_NS  INT64_C (1000000)
#define START_WAIT_NS  INT64_C (20000000) /* in one call, for a start under way: mostly it is enough */
enum { MAX_LATE = 6, MAX_DOUBLED = 6 };

uint32_t
keeper_level (const struct keeper *k)
{
  return k->instance->face.host->log_level (&k->instance->face);
}

static void
on_line (void *arg, uint32_t level, const char *text)
{
  struct kk_instance *self = arg;
  if (level <= self->host->log_level (self))
    self->host->log (self, level, text);
}

/* ---- Failing ---- */

/* Half to the whole of 1, 2, 4 … 60 s. */
static int64_t
back_off (const struct keeper *k)
{
  uint32_t doubled = k->failures > MAX_DOUBLED ? MAX_DOUBLED : k->failures ? k->failures - 1 : 0;
  int64_t ns = FIRST_RETRY_NS << doubled;
  return jitter (ns < MOST_RETRY_NS ? ns : MOST_RETRY_NS);
}

/* What may have kept a plugin from starting that starts elsewhere. */
static const char *
advice (const struct keeper *k)
{
  bool denied = k->error == -ECANCELED && (k->refused == -EACCES || k->refused == -EPERM);
  return denied ? " (its own process may write to what write_paths names, and needs network: true for sockets)" : "";
}

/* Sees the process off; what it says in `why` goes to the log and to status. */
static void
bury (struct keeper *k)
{
  char why[INSTANCE_TEXT_SIZE];
  bool said = k->child.killed;
  if (!child_end (&k->child, k->error, 0, why, sizeof why)) { /* with another beside it there would be more and more */
    if (!said)
      kk_error (&k->instance->face, "its process %d failed: %s; another is started when it is gone", (int) k->child.pid, why);
    kk_status (&k->instance->face, "process", "failed: %s", why);
    return;
  }
  int64_t wait = back_off (k);
  k->state = KEEPER_DOWN;
  k->retry_ns = wire_now () + wait;
  if (k->refused && !k->begun) { /* it is not started again; the reason is the last message already */
    if (*advice (k))
      kk_error (&k->instance->face, "%s%s", k->child.words, advice (k));
    return;
  }
  kk_error (&k->instance->face, "its process failed: %s%s; it is started again in %.1f s", why, advice (k),
            (double) wait / 1e9);
  kk_status (&k->instance->face, "process", "failed, %u in a row: %s", k->failures, why);
}

void
keeper_fail (struct keeper *k, int error)
{
  if (k->state == KEEPER_DOWN || k->state == KEEPER_ENDING)
    return;
  k->generation++;
  k->failures++;
  k->error = error;
  k->state = KEEPER_ENDING;
  known_forget (&k->known);
  bury (k);
}

void
keeper_good (struct keeper *k)
{
  k->late = 0;
  k->said_late = false;
  if (!k->failures)
    return;
  k->failures = 0;
  kk_info (&k->instance->face, "its process works again");
}

static void
say_up (struct keeper *k)
{
  char text[200];
  sandbox_say (k->confined, text, sizeof text);
  kk_status (&k->instance->face, "process", "%d, %s", (int) k->child.pid, text);
}

/* ---- Starting ---- */

static int
start (struct keeper *k)
{
  const struct instance_plan *plan = k->instance->plan;
  const struct confinement how = {.guarded = plan->descriptor->guarded,
                                  .memory_limit = plan->memory_limit,
                                  .network = plan->network,
                                  .capabilities = plan->capabilities,
                                  .data_dir = k->data_dir,
                                  .write = (const char *const *) plan->write_paths,
                                  .n_write = (uint32_t) plan->n_write_paths};
  k->state = KEEPER_OPENING;
  k->generation++;
  struct file_stamp file = file_stamp (plan->descriptor->path);
  pthread_mutex_lock (&k->instance->lock);
  k->instance->file = file;
  pthread_mutex_unlock (&k->instance->lock);
  int r = child_start (&k->child, plan->descriptor->path, &how, on_line, &k->instance->face);
  if (r)
    keeper_fail (k, r);
  return r ? -EIO : 0;
}

/* How long an answer is waited for. An input or filter holds up the samples of all others, so it has at most half an interval;
 * its own deadline, after which it is ended, may be longer. */
static int64_t
usual_patience (const struct instance *i)
{
  int64_t wait = i->plan->deadline_ns - i->plan->deadline_ns / 10;
  if (i->plugin->kind == KK_OUTPUT)
    return i->plan->deadline_ns;
  return wait < i->sample_interval_ns / 2 ? wait : i->sample_interval_ns / 2;
}

static int
ask_create (struct keeper *k)
{
  const struct kk_instance *self = &k->instance->face;
  struct buf BUF_CLEANUP b = {0};
  wire_text (&b, kk_name (self));
  wire_text (&b, k->data_dir);
  wire_u64 (&b, (uint64_t) kk_interval (self));
  wire_u64 (&b, (uint64_t) usual_patience (k->instance));
  wire_u32 (&b, k->instance->plugin->n_tables);
  wire_u32 (&b, keeper_level (k));
  face_put_config (&b, k->instance->plan->descriptor, k->config);
  k->state = KEEPER_CREATING;
  return child_request (&k->child, WIRE_CREATE, &b, wire_now () + LEAST_WAIT_NS * 100);
}

/* Ends a process whose plugin will not do; its reason has been logged. */
static int
refuse (struct keeper *k, int error, const char *reason)
{
  if (reason)
    kk_error (&k->instance->face, "%s", reason);
  k->refused = error < 0 ? error : -EIO;
  char last[INSTANCE_TEXT_SIZE];
  pthread_mutex_lock (&k->instance->lock);
  snprintf (last, sizeof last, "%s", k->instance->last_message);
  pthread_mutex_unlock (&k->instance->lock);
  snprintf (k->child.words, sizeof k->child.words, "%.*s", CHILD_WORDS - 1, last);
  keeper_fail (k, -ECANCELED);
  return k->refused;
}

/* The process opened the plugin: is it the one the host knows? */
static int
opened (struct keeper *k, struct wire *w, int32_t result)
{
  const struct descriptor *d = k->instance->plan->descriptor;
  k->confined = wire_take_u32 (w);
  if (result)
    return refuse (k, result, wire_take_text (w, NULL));
  if ((size_t) (w->end - w->p) != d->n_said || memcmp (w->p, d->said, d->n_said))
    return refuse (k, -ESTALE, "the plugin has changed on disk, and what it takes or gives with it: reload the daemon");
  return ask_create (k);
}

/* One step of a start that has got an answer. */
static int
advance (struct keeper *k, struct wire *w, int32_t result)
{
  if (k->state == KEEPER_OPENING)
    return opened (k, w, result);
  if (result)
    return refuse (k, result, NULL);
  k->state = KEEPER_UP;
  k->up_ns = wire_now ();
  k->refused = 0;
  say_up (k);
  return 0;
}

/* Takes the reply apart that all replies begin with. */
static int
take_reply (struct keeper *k, int64_t until_ns, struct wire *ret, int32_t *ret_result)
{
  struct kk_row *nowhere;
  struct replay r = {.instance = &k->instance->face, .current = &nowhere};
  int e = child_reply (&k->child, until_ns, ret, ret_result);
  if (e)
    return e;
  uint32_t n = wire_take_u32 (ret);
  struct wire statuses = {.p = wire_take_bytes (ret, n)};
  statuses.end = statuses.p ? statuses.p + n : NULL;
  return !statuses.p || replay_calls (&r, &statuses) ? -EBADMSG : 0;
}

/* Goes on with the start until it is up or until_ns. */
static int
go_on (struct keeper *k, int64_t until_ns)
{
  while (k->state == KEEPER_OPENING || k->state == KEEPER_CREATING) {
    struct wire w;
    int32_t result;
    int r = take_reply (k, until_ns, &w, &result);
    if (r == -ETIMEDOUT && wire_now () - k->child.since_ns < START_NS)
      return -EAGAIN;
    if (!r)
      r = advance (k, &w, result);
    if (r) {
      keeper_fail (k, r);
      return k->refused ? k->refused : -EIO;
    }
  }
  return k->state == KEEPER_UP ? 0 : -EAGAIN;
}

int
keeper_begin (struct keeper *k, struct instance *i, const void *config)
{
  *k = (struct keeper){.instance = i, .config = config};
  int r = path_own_directory (kk_data_dir (&i->face), kk_name (&i->face), &k->data_dir);
  if (r)
    return r;
  if (!start (k))
    go_on (k, wire_now () + CREATE_WAIT_NS);
  k->begun = true;
  return k->refused;
}

void
keeper_end (struct keeper *k)
{
  char why[INSTANCE_TEXT_SIZE];
  if (k->state != KEEPER_DOWN) {
    bool hangs = k->state == KEEPER_ENDING || k->child.waiting || child_send (&k->child, WIRE_DESTROY, NULL, wire_now ());
    if (!child_end (&k->child, hangs ? -ETIMEDOUT : 0, DESTROY_NS, why, sizeof why))
      child_leave (&k->child);
  }
  known_forget (&k->known);
  free (k->data_dir);
}

/* ---- Asking ---- */

/* And less while it keeps being late. */
static int64_t
patience (const struct keeper *k)
{
  int64_t wait = usual_patience (k->instance);
  if (k->instance->plugin->kind == KK_OUTPUT)
    return wait;
  wait >>= k->late > MAX_LATE ? MAX_LATE : k->late;
  return wait > LEAST_WAIT_NS ? wait : LEAST_WAIT_NS;
}

static int
was_late (struct keeper *k)
{
  int64_t waited = wire_now () - k->child.since_ns;
  if (!k->said_late)
    kk_warn (&k->instance->face, "has not answered within %.3f s; the others go on", (double) waited / 1e9);
  k->said_late = true;
  if (waited < k->instance->plan->deadline_ns - LEAST_WAIT_NS)
    return -EAGAIN;
  INSTANCE_COUNT (k->instance, overruns, 1);
  keeper_fail (k, -ETIMEDOUT);
  return -ETIMEDOUT;
}

int
keeper_ready (struct keeper *k)
{
  int r;
  if (k->state == KEEPER_ENDING)
    bury (k);
  if (k->state == KEEPER_ENDING || (k->state == KEEPER_DOWN && wire_now () < k->retry_ns))
    return -EAGAIN;
  if (k->state == KEEPER_DOWN && start (k))
    return -EIO;
  if (k->state != KEEPER_UP) {
    int64_t wait = patience (k);
    r = go_on (k, wire_now () + (wait < START_WAIT_NS ? wait : START_WAIT_NS));
    if (r)
      return r;
  }
  if (!k->child.waiting)
    return 0;
  struct wire w;
  int32_t result;
  r = take_reply (k, 0, &w, &result); /* too old to be of use */
  if (r == -ETIMEDOUT)
    return was_late (k);
  k->late = 0; /* slow, but it does not hang */
  k->missed = true;
  if (!r)
    return 0;
  keeper_fail (k, r);
  return -EIO;
}

int
keeper_ask (struct keeper *k, enum wire_type type, const struct buf *body, struct wire *ret, int32_t *ret_result)
{
  int r = keeper_ready (k);
  if (r)
    return r;
  int64_t until = wire_now () + patience (k);
  r = child_request (&k->child, type, body, until);
  if (r == -ETIMEDOUT) { /* half of a message may be there */
    keeper_fail (k, r);
    return r;
  }
  if (!r)
    r = take_reply (k, until, ret, ret_result);
  if (r == -ETIMEDOUT) {
    k->late++;
    return was_late (k);
  }
  if (!r)
    return 0;
  keeper_fail (k, r);
  return -EIO;
}

int
keeper_send (struct keeper *k, enum wire_type type, const struct buf *body)
{
  if (k->state != KEEPER_UP)
    return -EAGAIN;
  int r = child_send (&k->child, type, body, wire_now () + patience (k));
  if (r)
    keeper_fail (k, r);
  return r;
}

/* ---- Schemas ---- */

int
keeper_schema (struct keeper *k, struct schema *schema, struct sample **ret_last)
{
  const struct known_schema *there = known_find (&k->known, schema);
  if (ret_last)
    *ret_last = there ? there->last : NULL;
  if (there)
    return 0;
  struct buf BUF_CLEANUP b = {0};
  bool full = k->known.n == KNOWN_SCHEMAS;
  if (full)
    known_forget (&k->known);
  wire_u64 (&b, schema->id);
  wire_u8 (&b, full);
  carry_put_schema (&b, schema);
  int r = keeper_send (k, WIRE_SCHEMA, &b);
  if (!r)
    known_add (&k->known, schema);
  return r;
}
