#include "post.h"

#include <stdlib.h>
#include <string.h>

static const int64_t SECOND_NS = 1000000000;

void
alert_post_init (struct alert_post *p, size_t most_bytes, int64_t keep_ns)
{
  *p = (struct alert_post){.most = ALERT_LETTERS, .most_bytes = most_bytes, .keep_ns = keep_ns};
}

static void
take_out (struct alert_post *p, struct alert_letter *l)
{
  struct alert_letter **at = &p->first, *before = NULL;
  for (; *at != l; at = &(*at)->next)
    before = *at;
  *at = l->next;
  if (p->last == l)
    p->last = before;
  p->n--;
  p->bytes -= l->length;
  free (l);
}

void
alert_post_clear (struct alert_post *p)
{
  while (p->first)
    take_out (p, p->first);
}

void
alert_post_free (struct alert_post *p)
{
  alert_post_clear (p);
}

struct alert_letter *
alert_post_find (const struct alert_post *p, const char *id)
{
  for (struct alert_letter *l = p->first; l; l = l->next)
    if (!strcmp (l->id, id))
      return l;
  return NULL;
}

/* The oldest go first: what is newest matters most. */
static bool
make_room (struct alert_post *p, size_t length)
{
  struct alert_letter *l = p->first, *next;
  for (; l && (p->n >= p->most || p->bytes + length > p->most_bytes); l = next) {
    next = l->next;
    if (l->under_way)
      continue;
    take_out (p, l);
    p->crowded++;
  }
  return p->n < p->most && p->bytes + length <= p->most_bytes;
}

static int64_t
within (int64_t ns, int64_t most)
{
  return ns < 0 ? 0 : ns > most ? most : ns;
}

void
alert_post_add (struct alert_post *p, const struct alert_record *r, int64_t age_ns, int64_t mono_ns)
{
  const int64_t least_ns = ALERT_LETTER_LEAST_S * SECOND_NS, most_ns = p->keep_ns > least_ns ? p->keep_ns - least_ns : 0;
  struct alert_letter *before = alert_post_find (p, r->id);
  if (before)
    take_out (p, before);
  struct alert_letter *l = make_room (p, r->json_length) ? calloc (1, sizeof *l + r->json_length + 1) : NULL;
  if (!l) {
    p->crowded++;
    return;
  }
  memcpy (l->id, r->id, sizeof l->id);
  memcpy (l->json, r->json, r->json_length);
  l->length = r->json_length;
  l->left = (unsigned) r->left;
  l->wall_ns = r->wall_ns;
  l->end_ns = mono_ns + p->keep_ns - within (age_ns, most_ns);
  *(p->last ? &p->last->next : &p->first) = l;
  p->last = l;
  p->n++;
  p->bytes += l->length;
}

/* INT64_MAX: never, or it is under way. */
static int64_t
due_ns (const struct alert_letter *l, unsigned by)
{
  if (!(l->left & by) || (l->under_way & by))
    return INT64_MAX;
  return by == ALERT_BY_COMMAND ? l->command.again_ns : by == ALERT_BY_WEBHOOK ? l->webhook.again_ns : 0;
}

bool
alert_letter_is_due (const struct alert_letter *l, unsigned by, int64_t mono_ns)
{
  const int64_t due = due_ns (l, by);
  return due != INT64_MAX && due <= mono_ns;
}

struct alert_letter *
alert_post_next (const struct alert_post *p, unsigned by, int64_t mono_ns)
{
  for (struct alert_letter *l = p->first; l; l = l->next)
    if (alert_letter_is_due (l, by, mono_ns))
      return l;
  return NULL;
}

int64_t
alert_post_due (const struct alert_post *p, unsigned by)
{
  int64_t first = INT64_MAX;
  for (const struct alert_letter *l = p->first; l; l = l->next)
    if (due_ns (l, by) < first)
      first = due_ns (l, by);
  return first;
}

void
alert_post_told (struct alert_post *p, struct alert_letter *l, unsigned by)
{
  l->left &= ~by;
  l->under_way &= ~by;
  if (!l->left)
    take_out (p, l);
}

void
alert_post_line (struct buf *b, const struct alert_letter *l, enum alert_record_type type, unsigned left)
{
  struct alert_record r;
  memset (&r, 0, offsetof (struct alert_record, text));
  r.type = type;
  r.left = left;
  memcpy (r.id, l->id, sizeof r.id);
  if (type == ALERT_RECORD_SEND) {
    r.wall_ns = l->wall_ns;
    r.json = l->json;
    r.json_length = l->length;
  }
  alert_record_add (b, &r);
}

uint32_t
alert_post_clean (struct alert_post *p, unsigned there, int64_t mono_ns, struct buf *ret_lines)
{
  uint32_t old = 0;
  for (struct alert_letter *l = p->first, *next; l; l = next) {
    next = l->next;
    l->left &= there;
    const bool late = mono_ns >= l->end_ns && l->left;
    if (l->under_way || (l->left && !late))
      continue;
    old += late;
    alert_post_line (ret_lines, l, ALERT_RECORD_SENT, 0);
    take_out (p, l);
  }
  p->old += old;
  return old;
}

void
alert_post_lines (const struct alert_post *p, struct buf *b)
{
  for (const struct alert_letter *l = p->first; l; l = l->next)
    alert_post_line (b, l, ALERT_RECORD_SEND, l->left);
}

uint32_t
alert_post_count (const struct alert_post *p, unsigned by)
{
  uint32_t n = 0;
  for (const struct alert_letter *l = p->first; l; l = l->next)
    n += (l->left & by) != 0;
  return n;
}
