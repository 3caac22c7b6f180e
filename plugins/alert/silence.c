#include "silence.h"

#include "json-line.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

void
alert_silences_free (struct alert_silences *s)
{
  free (s->list);
  *s = (struct alert_silences){0};
}

/* ---- Time ---- */

static int64_t
limited (int64_t ns, int64_t most)
{
  return ns < 0 ? 0 : ns > most ? most : ns;
}

void
alert_silences_at (struct alert_silences *s, int64_t wall_ns, int64_t boot_ns)
{
  for (size_t i = 0; i < s->n; i++) {
    struct alert_silence *one = &s->list[i];
    if (!one->seen) {
      /* Both are times of a valid silence: neither difference overflows. */
      const int64_t most = one->until_ns - one->from_ns;
      one->seen = true;
      one->latest_ns = boot_ns + limited (one->until_ns - limited (wall_ns, INT64_MAX), most);
      one->past_ns = -1;
    }
    if (wall_ns < one->until_ns)
      one->past_ns = -1;
    else if (one->past_ns < 0)
      one->past_ns = boot_ns;
  }
}

bool
alert_silence_over (const struct alert_silence *s, int64_t wall_ns, int64_t boot_ns)
{
  if (!s->seen)
    return wall_ns >= s->until_ns;
  return boot_ns >= s->latest_ns || (s->past_ns >= 0 && boot_ns - s->past_ns >= ALERT_SILENCE_GRACE_NS);
}

bool
alert_silence_fits (const char *pattern, const char *name)
{
  return !strcmp (pattern, name) || fnmatch (pattern, name, 0) == 0;
}

bool
alert_silenced (const struct alert_silences *s, const char *rule, const char *row, int64_t wall_ns, int64_t boot_ns)
{
  for (size_t i = 0; i < s->n; i++) {
    const struct alert_silence *one = &s->list[i];
    const bool fits = one->exact ? !strcmp (one->rule, rule) : alert_silence_fits (one->rule, rule);
    if (fits && !alert_silence_over (one, wall_ns, boot_ns) && (!one->row[0] || alert_silence_fits (one->row, row)))
      return true;
  }
  return false;
}

/* ---- The file's text ---- */

static int
parse_line (const char *text, size_t length, struct alert_silence *ret)
{
  ALERT_JSON_CLEANUP json_object *object = NULL;
  struct alert_silence s = {0};
  int r = alert_json_read (text, length, &object);
  if (r)
    return r;
  if (!alert_json_hex (object, "id", &s.id) || !alert_json_i64 (object, "from", &s.from_ns)
      || !alert_json_i64 (object, "until", &s.until_ns) || !alert_json_text (object, "rule", s.rule, sizeof s.rule))
    return -EBADMSG;
  if (!s.rule[0] || s.from_ns < 0 || s.until_ns < s.from_ns || s.until_ns - s.from_ns > ALERT_SILENCE_MOST_NS)
    return -EBADMSG;
  /* A row that is there but cannot be kept would silence all others too. */
  if (json_object_object_get_ex (object, "row", NULL) && !alert_json_text (object, "row", s.row, sizeof s.row))
    return -EBADMSG;
  json_object *exact;
  s.exact = json_object_object_get_ex (object, "exact", &exact) && json_object_get_boolean (exact);
  alert_json_text (object, "by", s.by, sizeof s.by);
  alert_json_text (object, "why", s.why, sizeof s.why);
  *ret = s;
  return 0;
}

static void
keep_time (struct alert_silence *s, const struct alert_silences *before)
{
  for (size_t i = 0; i < before->n; i++) {
    const struct alert_silence *old = &before->list[i];
    if (old->id != s->id || old->until_ns != s->until_ns || old->from_ns != s->from_ns)
      continue;
    s->seen = old->seen;
    s->latest_ns = old->latest_ns;
    s->past_ns = old->past_ns;
  }
}

void
alert_silences_take (struct alert_silences *s, struct alert_silences *fresh)
{
  for (size_t i = 0; i < fresh->n; i++)
    keep_time (&fresh->list[i], s);
  free (s->list);
  *s = *fresh;
  *fresh = (struct alert_silences){0};
}

int
alert_silences_parse (struct alert_silences *s, const char *text, size_t length)
{
  struct alert_silence *list = calloc (ALERT_SILENCES, sizeof *list);
  size_t n = 0;
  uint64_t damaged = 0;
  if (!list)
    return -ENOMEM;
  for (const char *p = text, *end = text + length; p < end;) {
    const char *newline = memchr (p, '\n', (size_t) (end - p)), *stop = newline ? newline : end;
    const int r = stop == p ? 0 : n == ALERT_SILENCES ? -EBADMSG : parse_line (p, (size_t) (stop - p), &list[n]);
    if (r == -ENOMEM) {
      free (list);
      return r;
    }
    if (!r && stop > p)
      keep_time (&list[n++], s);
    damaged += r != 0;
    p = newline ? newline + 1 : end;
  }
  free (s->list);
  s->list = list;
  s->n = n;
  s->damaged_lines = damaged;
  return 0;
}
