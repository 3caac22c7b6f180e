#include "exec.h"

#include "path.h"
#include "sandbox.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_WARNINGS = 5 };

void
exec_fail (struct exec *x, const char *format, ...)
{
  char text[sizeof x->said];
  va_list args;
  va_start (args, format);
  int n = vsnprintf (text, sizeof text, format, args);
  va_end (args);
  bool again = n < 0 || strcmp (text, x->said) == 0; /* its last words may differ each time */
  const char *between = *x->last_words ? "; it said: " : "";
  kk_status (x->self, "program", "%s%s%s%s", text, x->advice, between, x->last_words);
  if (!again)
    kk_error (x->self, "%s%s%s%s", text, x->advice, between, x->last_words);
  if (!again)
    strcpy (x->said, text);
}

void
exec_fail_by_status (struct exec *x, int status, const char *then)
{
  const struct exec_failure failure = {.status = status, .peak = x->child.peak, .words = x->last_words};
  const char *name = x->config->command.items[0];
  exec_limits_advice (&x->config->limits, &failure, x->advice, sizeof x->advice);
  size_t n = strlen (x->advice);
  snprintf (x->advice + n, sizeof x->advice - n, "%s", then);
  if (WIFSIGNALED (status))
    exec_fail (x, "'%s' was ended by signal %d (%s)", name, WTERMSIG (status), strsignal (WTERMSIG (status)));
  else
    exec_fail (x, "'%s' ended with exit status %d", name, WEXITSTATUS (status));
}

void
exec_succeed (struct exec *x)
{
  if (*x->said) {
    kk_info (x->self, "'%s' works again", x->config->command.items[0]);
    kk_status (x->self, "program", "%s", "");
  }
  *x->said = 0;
}

void
exec_say_refused (struct exec *x)
{
  const struct exec_values *v = &x->values;
  uint64_t all = v->unknown_tables + v->unknown_fields + v->bad_values + v->bad_lines + v->lost + x->child.out.too_long;
  if (all == x->said_refused)
    return;
  if (!x->said_refused)
    kk_warn (x->self, "'%s' prints what cannot be taken, such as '%s': status counts it", x->config->command.items[0], v->last);
  x->said_refused = all;
  kk_status (x->self, "not taken",
             "%" PRIu64 " of unknown tables, %" PRIu64 " of unknown fields, %" PRIu64 " bad values, %" PRIu64
             " bad lines, %" PRIu64 " too long, %" PRIu64 " rows too many; last: %s",
             v->unknown_tables, v->unknown_fields, v->bad_values, v->bad_lines, x->child.out.too_long, v->lost, v->last);
}

void
exec_say_missing (struct exec *x)
{
  const struct exec_limits *limits = &x->config->limits;
  for (uint32_t i = 0; exec_limits_hold (limits) && i < limits->write_paths.count; i++) {
    char *path = NULL;
    if (!path_expand (limits->write_paths.items[i], &path) && access (path, F_OK) < 0)
      kk_warn (x->self, "write_paths: %s is not there: the program can neither write to it nor make it", path);
    free (path);
  }
}

void
exec_say_held (struct exec *x)
{
  const struct exec_limits *limits = &x->config->limits;
  char text[200] = "not held in: isolate is false", lacking[120];
  if (x->said_held || !exec_child_held (&x->child))
    return;
  x->said_held = true;
  if (exec_limits_hold (limits))
    sandbox_say (x->child.confined, text, sizeof text);
  kk_status (x->self, "process", "%s", text);
  exec_limits_lacking (limits, x->child.kept, lacking, sizeof lacking);
  if (exec_limits_hold (limits) && *lacking)
    kk_warn (x->self, "the daemon itself does not have the capabilities that this program is to keep: %s", lacking);
}

/* Of a stream some lines an hour are worth a warning; a program that is run again and again repeats itself. */
void
exec_take_complaint (void *data, const char *line, size_t n)
{
  struct exec *x = data;
  size_t most = sizeof x->last_words - 1;
  while (n && (line[n - 1] == '\r' || line[n - 1] == ' '))
    n--;
  if (!n)
    return;
  snprintf (x->last_words, sizeof x->last_words, "%.*s", (int) (n < most ? n : most), line);
  int64_t now = exec_mono_ns ();
  if (now - x->warned_since_ns > 3600 * EXEC_SECOND_NS) {
    x->warned_since_ns = now;
    x->warnings = 0;
  }
  if (x->config->mode == EXEC_STREAM && x->warnings++ < MOST_WARNINGS)
    kk_warn (x->self, "it says: %s", x->last_words);
  else
    kk_debug (x->self, "it says: %s", x->last_words);
}
