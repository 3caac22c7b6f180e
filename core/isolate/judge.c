#include "judge.h"

#include "carry.h"
#include "face.h"
#include "inquiry.h"
#include "outline.h"

#include "utf8.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define JUDGE_NS INT64_C (5000000000)
enum { KEEP_BYTES = 256 << 10, WHY_SIZE = 224, ENTRY_SIZE = 2 * 127 };

/* ---- What was found good before ---- */

/* Config after config, each with the tables that were declared for it. */
static bool
remembered (const struct buf *good, const struct buf *config, struct wire *ret)
{
  struct wire w = {.p = good->data, .end = good->data ? good->data + good->len : NULL};
  while (w.p < w.end) {
    uint32_t n_config = wire_take_u32 (&w), n_tables = wire_take_u32 (&w);
    const char *bytes = wire_take_bytes (&w, n_config), *tables = wire_take_bytes (&w, n_tables);
    if (!bytes || !tables)
      return false;
    if (n_config == config->len && (!n_config || !memcmp (bytes, config->data, n_config))) {
      *ret = (struct wire){.p = tables, .end = tables + n_tables};
      return true;
    }
  }
  return false;
}

static void
remember (struct buf *good, const struct buf *config, const struct wire *tables)
{
  size_t n = (size_t) (tables->end - tables->p);
  if (good->len + config->len + n > KEEP_BYTES)
    buf_clear (good);
  if (config->len + n > KEEP_BYTES)
    return;
  size_t before = good->len;
  wire_u32 (good, (uint32_t) config->len);
  wire_u32 (good, (uint32_t) n);
  if (config->len)
    buf_add (good, config->data, config->len);
  buf_add (good, tables->p, n);
  if (good->error) {
    good->len = before;
    good->error = 0;
  }
}

/* ---- Asking ---- */

struct question {
  const struct descriptor *d;
  struct inquiry inquiry;
  int64_t until_ns;
  const char *step; /* what it is doing, for the reason why it failed */
  struct kk_fault *fault;
};

static int
open_plugin (struct question *q)
{
  struct wire w;
  char *refused;
  q->step = "when it was loaded";
  int r = inquiry_begin (&q->inquiry, q->d->path, q->until_ns, &w, &refused);
  if (r == -EINVAL)
    kk_refuse (q->fault, NULL, "%s", refused ? refused : strerror (ENOMEM));
  free (refused);
  if (r)
    return r;
  if ((size_t) (w.end - w.p) == q->d->n_said && !memcmp (w.p, q->d->said, q->d->n_said))
    return 0;
  kk_refuse (q->fault, NULL, "the plugin has changed on disk: restart the daemon");
  return -EINVAL;
}

/* An entry of a map, "rules.NAME" say: the option, and in `entry` (clean) what is behind the dot. NULL when it is none. */
static const struct kk_option *
find_map (const struct descriptor *d, const char *option, struct buf *entry)
{
  char name[64];
  size_t n = strcspn (option, ".");
  if (!option[n] || n >= sizeof name)
    return NULL;
  memcpy (name, option, n);
  name[n] = 0;
  const struct kk_option *map = descriptor_option (d, name);
  utf8_clean (entry, option + n + 1, strlen (option + n + 1), ENTRY_SIZE);
  return map && map->type == KK_OPTION_MAP && !entry->error ? map : NULL;
}

/* What the plugin has against a config. Its option is one of the descriptor, whose name stays, or an entry of one. */
static int
take_fault (struct question *q, struct wire *w, int32_t result)
{
  size_t n = 0;
  const char *option = wire_take_text (w, NULL), *text = wire_take_text (w, &n);
  if (w->bad || !text || result > 0)
    return -EBADMSG;
  if (!result)
    return 0;
  struct buf BUF_CLEANUP clean = {0};
  struct buf BUF_CLEANUP entry = {0};
  const struct kk_option *known = option ? descriptor_option (q->d, option) : NULL;
  const struct kk_option *map = option && !known ? find_map (q->d, option, &entry) : NULL;
  if (option && !known && !map)
    buf_printf (&clean, "%.63s: ", option);
  utf8_clean (&clean, text, n, sizeof q->fault->text - 1);
  if (clean.error || entry.error)
    return -ENOMEM;
  const char *said = clean.data ? clean.data : "";
  if (map)
    kk_refuse_entry (q->fault, map->name, entry.data ? entry.data : "", NULL, "%s", said);
  else
    kk_refuse (q->fault, known ? known->name : NULL, "%s", said);
  return result == -ENOMEM ? -ENOMEM : -EINVAL;
}

/* *ret is the answer behind the fault, good until the next request. */
static int
put_question (struct question *q, enum wire_type type, const struct buf *config, struct wire *ret)
{
  int32_t result;
  q->step = type == WIRE_CHECK ? "in check" : type == WIRE_SHAPE ? "in shape" : "in declare";
  int r = inquiry_ask (&q->inquiry, type, config, ret, &result);
  if (r || type != WIRE_SHAPE || result != -ENOSYS)
    return r ? r : take_fault (q, ret, result);
  return kk_refuse (q->fault, "isolate",
                    "it adds or renames tables or fields, which it cannot in a process of its own: say isolate: false");
}

/* The process ends in any case; when it was its fault, that is the reason. */
static int
end_question (struct question *q, int r)
{
  char why[WHY_SIZE];
  bool answered = !r || r == -EINVAL || r == -ENOMEM;
  inquiry_end (&q->inquiry, answered ? 0 : r, why, sizeof why);
  if (answered)
    return r;
  kk_refuse (q->fault, NULL, "its process failed %s: %s", q->step, why);
  return -EINVAL;
}

static int
ask_process (struct question *q, const struct buf *config, struct kk_declare *out)
{
  const struct kk_plugin *p = &q->d->plugin;
  struct wire w = {.p = NULL};
  int r = open_plugin (q);
  if (!r && p->check)
    r = put_question (q, WIRE_CHECK, config, &w);
  if (!r && p->declare)
    r = put_question (q, WIRE_DECLARE, config, &w);
  if (r)
    return end_question (q, r);
  static const char none[sizeof (uint32_t)];
  struct wire tables = p->declare ? w : (struct wire){.p = none, .end = none + sizeof none};
  w = tables;
  r = face_take_tables (&w, out);
  if (!r && q->d->good)
    remember (q->d->good, config, &tables);
  return end_question (q, r);
}

int
judge_ask (const struct descriptor *d, const void *config, int64_t *left_ns, struct kk_declare *out, struct kk_fault *fault)
{
  struct buf BUF_CLEANUP bytes = {0};
  struct wire tables;
  face_put_config (&bytes, d, config);
  if (bytes.error)
    return -ENOMEM;
  if (d->good && remembered (d->good, &bytes, &tables))
    return face_take_tables (&tables, out);
  if (*left_ns <= 0)
    return kk_refuse (fault, NULL, "it was not asked: the plugins before it took too long to judge their options");
  int64_t began = wire_now (), most = *left_ns < JUDGE_NS ? *left_ns : JUDGE_NS;
  struct question q = {.d = d, .until_ns = began + most, .fault = fault};
  int r = ask_process (&q, &bytes, out);
  *left_ns -= wire_now () - began;
  return r;
}

/* ---- Filters ---- */

static int
ask_shape (struct question *q, const struct buf *body, struct kk_shape *shape)
{
  struct wire w;
  int r = open_plugin (q);
  if (!r)
    r = put_question (q, WIRE_SHAPE, body, &w);
  if (!r)
    r = outline_take_warnings (&w, shape);
  if (!r && (r = outline_take (&w, shape)) == -EINVAL)
    r = -EBADMSG; /* of what there is not */
  return end_question (q, r);
}

int
judge_shape (const struct descriptor *d, const void *config, const struct schema *in, int64_t *left_ns, struct kk_shape *shape,
             struct kk_fault *fault)
{
  struct buf BUF_CLEANUP body = {0};
  face_put_config (&body, d, config);
  carry_put_schema (&body, in);
  if (body.error)
    return -ENOMEM;
  if (*left_ns <= 0)
    return kk_refuse (fault, NULL, "it was not asked: the plugins before it took too long to judge their options");
  int64_t began = wire_now (), most = *left_ns < JUDGE_NS ? *left_ns : JUDGE_NS;
  struct question q = {.d = d, .until_ns = began + most, .fault = fault};
  int r = ask_shape (&q, &body, shape);
  *left_ns -= wire_now () - began;
  return r;
}
