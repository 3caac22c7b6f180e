#include "check/check.h"

#include "text.h"

#include <stdlib.h>
#include <string.h>

void
check_report_add (struct check_report *r, enum check_level level, const char *stage, const char *code, const char *what,
                  const char *hint)
{
  if (level == CHECK_FAULT)
    r->faults++;
  else
    r->advices++;
  if (r->n_findings == CHECK_MAX_FINDINGS)
    return;
  struct check_finding *f = r->findings + r->n_findings;
  *f =
    (struct check_finding){.level = level, .stage = stage, .code = strdup (code), .what = strdup (what), .hint = strdup (hint)};
  if (f->code && f->what && f->hint) {
    r->n_findings++;
    return;
  }
  free (f->code);
  free (f->what);
  free (f->hint);
}

void
check_report_figure (struct check_report *r, const char *stage, const char *name, const char *text)
{
  if (r->n_figures == CHECK_MAX_FIGURES)
    return;
  struct check_figure *f = r->figures + r->n_figures;
  *f = (struct check_figure){.stage = stage, .name = strdup (name), .text = strdup (text)};
  if (f->name && f->text) {
    r->n_figures++;
    return;
  }
  free (f->name);
  free (f->text);
}

void
check_report_free (struct check_report *r)
{
  for (size_t i = 0; i < r->n_findings; i++) {
    free (r->findings[i].code);
    free (r->findings[i].what);
    free (r->findings[i].hint);
  }
  for (size_t i = 0; i < r->n_figures; i++) {
    free (r->figures[i].name);
    free (r->figures[i].text);
  }
}

static const char *
verdict (const struct check_report *r, const struct check_stage_result *s)
{
  const char *word = s->skipped ? "not done" : "ok";
  for (size_t i = 0; i < r->n_findings; i++) {
    if (strcmp (r->findings[i].stage, s->name))
      continue;
    if (r->findings[i].level == CHECK_FAULT)
      return "fault";
    word = "advice";
  }
  return word;
}

/* ---- For people ---- */

enum { WIDTH = 79, INDENT = 4, TITLE = 22 };

/* Text between two margins, broken at blanks. */
static void
add_wrapped (struct buf *b, const char *text, int indent)
{
  int column = 0;
  while (*text) {
    int n = (int) strcspn (text, " ");
    if (column && column + 1 + n > WIDTH) {
      buf_addc (b, '\n');
      column = 0;
    }
    if (column)
      buf_addc (b, ' ');
    else
      buf_printf (b, "%*s", indent, "");
    column = (column ? column + 1 : indent) + n;
    buf_add (b, text, (size_t) n);
    text += n;
    text += strspn (text, " ");
  }
  buf_addc (b, '\n');
}

static void
add_stage (struct buf *b, const struct check_report *r, const struct check_stage_result *s)
{
  struct buf BUF_CLEANUP figures = {0};
  for (size_t i = 0; i < r->n_figures; i++)
    if (!strcmp (r->figures[i].stage, s->name))
      buf_printf (&figures, "%s%s: %s", figures.len ? ", " : "", r->figures[i].name, r->figures[i].text);
  const char *title = s->skipped ? s->skipped : s->title;
  buf_printf (b, "%-11s %-8s  %s", s->name, verdict (r, s), title);
  bool fits = TITLE + strlen (title) + figures.len + 3 <= WIDTH;
  if (figures.len && fits)
    buf_printf (b, " (%s)", figures.data);
  buf_addc (b, '\n');
  if (figures.len && !fits)
    add_wrapped (b, figures.data, TITLE);
  for (size_t i = 0; i < r->n_findings; i++) {
    const struct check_finding *f = r->findings + i;
    if (strcmp (f->stage, s->name))
      continue;
    struct buf BUF_CLEANUP line = {0};
    buf_printf (&line, "%s: %s", f->level == CHECK_FAULT ? "FAULT" : "advice", f->what);
    add_wrapped (b, line.data ? line.data : "", INDENT);
    add_wrapped (b, f->hint, 2 * INDENT);
  }
}

static void
add_people (struct buf *b, const struct check_report *r)
{
  buf_printf (b, "%s\n", r->file);
  for (size_t i = 0; i < r->n_stages; i++)
    add_stage (b, r, r->stages + i);
  if (r->faults + r->advices)
    buf_printf (b, "%zu %s, %zu %s, in %.1f s\n", r->faults, r->faults == 1 ? "fault" : "faults", r->advices,
                r->advices == 1 ? "piece of advice" : "pieces of advice", r->seconds);
  else
    buf_printf (b, "no faults, in %.1f s\n", r->seconds);
}

/* ---- For programs ---- */

static void
add_member (struct buf *b, const char *name, const char *text)
{
  buf_printf (b, ",\"%s\":", name);
  text_json_string (b, text, strlen (text));
}

static void
add_json (struct buf *b, const struct check_report *r)
{
  buf_adds (b, "{\"file\":");
  text_json_string (b, r->file, strlen (r->file));
  buf_printf (b, ",\"ok\":%s,\"faults\":%zu,\"advice\":%zu,\"seconds\":", r->faults ? "false" : "true", r->faults, r->advices);
  text_f64 (b, r->seconds, 3);
  buf_adds (b, ",\"stages\":[");
  for (size_t i = 0; i < r->n_stages; i++) {
    const struct check_stage_result *s = r->stages + i;
    buf_printf (b, "%s{\"name\":\"%s\",\"result\":\"%s\"", i ? "," : "", s->name, verdict (r, s));
    if (s->skipped)
      add_member (b, "why", s->skipped);
    buf_adds (b, ",\"figures\":{");
    size_t n = 0;
    for (size_t j = 0; j < r->n_figures; j++)
      if (!strcmp (r->figures[j].stage, s->name)) {
        buf_adds (b, n++ ? "," : "");
        text_json_string (b, r->figures[j].name, strlen (r->figures[j].name));
        buf_addc (b, ':');
        text_json_string (b, r->figures[j].text, strlen (r->figures[j].text));
      }
    buf_adds (b, "}}");
  }
  buf_adds (b, "],\"findings\":[");
  for (size_t i = 0; i < r->n_findings; i++) {
    const struct check_finding *f = r->findings + i;
    buf_printf (b, "%s{\"level\":\"%s\"", i ? "," : "", f->level == CHECK_FAULT ? "fault" : "advice");
    add_member (b, "stage", f->stage);
    add_member (b, "code", f->code);
    add_member (b, "what", f->what);
    add_member (b, "do", f->hint);
    buf_addc (b, '}');
  }
  buf_adds (b, "]}\n");
}

int
check_report_print (const struct check_report *r, bool json, FILE *to)
{
  struct buf BUF_CLEANUP b = {0};
  if (json)
    add_json (&b, r);
  else
    add_people (&b, r);
  if (!b.error && b.data)
    fwrite (b.data, 1, b.len, to);
  return b.error;
}
