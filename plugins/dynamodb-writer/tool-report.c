#include "tool-report.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { NAME_COLUMN = 6, TEXT_COLUMN = 24, NARROW = 60, USUAL = 80, MOST_TEXT = 2000 };

static const char *const words[REPORT_RESULTS] = {"ok", "note", "warn", "fail"};

static int
width_of (FILE *to)
{
  struct winsize size;
  if (ioctl (fileno (to), TIOCGWINSZ, &size) < 0 || !size.ws_col)
    return USUAL;
  return size.ws_col < NARROW ? NARROW : size.ws_col;
}

int
report_begin (struct report *r, bool json, FILE *to)
{
  *r = (struct report){.to = to, .width = width_of (to)};
  if (!json)
    return 0;
  r->json = json_object_new_object ();
  json_object *steps = json_object_new_array ();
  if (!r->json || !steps)
    return -ENOMEM;
  json_object_object_add (r->json, "steps", steps);
  return 0;
}

static int
columns_of (const char *text, size_t n)
{
  int columns = 0;
  for (size_t i = 0; i < n; i++)
    columns += (text[i] & 0xc0) != 0x80;
  return columns;
}

/* From TEXT_COLUMN on, broken at blanks. */
static void
print_text (const struct report *r, const char *text)
{
  int at = TEXT_COLUMN;
  while (*text) {
    size_t n = strcspn (text, " ");
    int columns = columns_of (text, n);
    if (at > TEXT_COLUMN && at + 1 + columns > r->width) {
      fprintf (r->to, "\n%*s", TEXT_COLUMN, "");
      at = TEXT_COLUMN;
    }
    if (at > TEXT_COLUMN)
      at += fprintf (r->to, " ");
    fprintf (r->to, "%.*s", (int) n, text);
    at += columns;
    text += n;
    text += strspn (text, " ");
  }
  fputc ('\n', r->to);
}

/* Answers of servers stand in it. */
static void
make_printable (char *text)
{
  for (; *text; text++)
    if ((unsigned char) *text < ' ' || *text == 127)
      *text = ' ';
}

void
report_step (struct report *r, enum report_result result, const char *name, const char *format, ...)
{
  char text[MOST_TEXT];
  va_list args;
  va_start (args, format);
  vsnprintf (text, sizeof text, format, args);
  va_end (args);
  make_printable (text);
  r->counts[result]++;
  if (r->json) {
    json_object *step = json_object_new_object ();
    json_object_object_add (step, "step", json_object_new_string (name));
    json_object_object_add (step, "result", json_object_new_string (words[result]));
    json_object_object_add (step, "text", json_object_new_string (text));
    json_object_array_add (json_object_object_get (r->json, "steps"), step);
    return;
  }
  fprintf (r->to, "%-*s%-*s", NAME_COLUMN, words[result], TEXT_COLUMN - NAME_COLUMN, name);
  if ((int) strlen (name) >= TEXT_COLUMN - NAME_COLUMN)
    fprintf (r->to, "\n%*s", TEXT_COLUMN, "");
  print_text (r, text);
  fflush (r->to);
}

void
report_advice (struct report *r, const char *format, ...)
{
  char text[MOST_TEXT];
  va_list args;
  va_start (args, format);
  vsnprintf (text, sizeof text, format, args);
  va_end (args);
  make_printable (text);
  if (r->json) {
    json_object *steps = json_object_object_get (r->json, "steps");
    size_t n = json_object_array_length (steps);
    if (n)
      json_object_object_add (json_object_array_get_idx (steps, n - 1), "advice", json_object_new_string (text));
    return;
  }
  fprintf (r->to, "%*s", TEXT_COLUMN, "");
  print_text (r, text);
  fflush (r->to);
}

void
report_fact (struct report *r, const char *name, json_object *value)
{
  if (r->json)
    json_object_object_add (r->json, name, value);
  else
    json_object_put (value);
}

bool
report_end (struct report *r)
{
  bool fine = !r->counts[REPORT_FAIL];
  if (!r->json) {
    fprintf (r->to, "\n%u failed, %u warning%s\n", r->counts[REPORT_FAIL], r->counts[REPORT_WARN],
             r->counts[REPORT_WARN] == 1 ? "" : "s");
    return fine;
  }
  report_fact (r, "ok", json_object_new_boolean (fine));
  report_fact (r, "failures", json_object_new_int ((int) r->counts[REPORT_FAIL]));
  report_fact (r, "warnings", json_object_new_int ((int) r->counts[REPORT_WARN]));
  fprintf (r->to, "%s\n", json_object_to_json_string_ext (r->json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
  json_object_put (r->json);
  r->json = NULL;
  return fine;
}
