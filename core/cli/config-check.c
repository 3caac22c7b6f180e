#include <config.h>

#include "cli/config-command.h"

#include "buf.h"
#include "plan.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void
add_string (struct buf *b, const char *key, const char *text)
{
  buf_printf (b, "\"%s\":", key);
  if (text)
    text_json_string (b, text, strlen (text));
  else
    buf_adds (b, "null");
}

static int
print_json (const char *file, bool valid, struct diag *d)
{
  struct buf BUF_CLEANUP b = {0};
  diag_sort (d);
  buf_addc (&b, '{');
  add_string (&b, "file", file);
  buf_printf (&b, ",\"valid\":%s,\"errors\":%zu,\"warnings\":%zu,\"left_out\":%zu,\"diagnostics\":[", valid ? "true" : "false",
              d->errors, d->warnings, d->left_out);
  for (size_t i = 0; i < d->n; i++) {
    buf_adds (&b, i ? ",{" : "{");
    add_string (&b, "severity", diag_word (d->items[i].severity));
    buf_addc (&b, ',');
    add_string (&b, "file", d->items[i].file);
    buf_printf (&b, ",\"line\":%u,\"column\":%u,", d->items[i].line, d->items[i].column);
    add_string (&b, "message", d->items[i].text);
    buf_addc (&b, '}');
  }
  buf_adds (&b, "]}\n");
  if (b.error)
    return b.error;
  fwrite (b.data, 1, b.len, stdout);
  return 0;
}

static void
print_verdict (const char *file, bool valid, const struct diag *d)
{
  diag_print (d, valid ? stdout : stderr);
  if (!valid)
    fprintf (stderr, "%s: %zu error%s\n", file, d->errors, d->errors == 1 ? "" : "s");
  else if (d->warnings)
    printf ("%s: valid, with %zu warning%s\n", file, d->warnings, d->warnings == 1 ? "" : "s");
  else
    printf ("%s: valid\n", file);
}

int
config_check (const struct command_call *call, struct modules *modules)
{
  const char *given = call->n_arguments ? call->arguments[0] : call->config_file;
  char *file = NULL;
  struct diag d = {0};
  struct plan *plan = NULL;
  int r = plan_find_config (given, &file);
  if (r < 0) {
    const char *missing = given ? given : "the configuration";
    diag_add (&d, DIAG_ERROR, (struct place){.file = missing}, "cannot read it: %s", strerror (-r));
    if (command_given (call, "json"))
      print_json (missing, false, &d);
    else
      fprintf (stderr, PROGRAM ": cannot read %s: %s\n", missing, strerror (-r));
    diag_free (&d);
    return EXIT_FAILED;
  }
  r = plan_make_thorough (file, modules, &d, &plan);
  const char *name = file ? file : "built-in defaults";
  if (r == -ENOMEM)
    fprintf (stderr, PROGRAM ": out of memory\n");
  else if (command_given (call, "json"))
    r = print_json (name, r == 0, &d) < 0 ? -ENOMEM : r;
  else
    print_verdict (name, r == 0, &d);
  plan_free (plan);
  diag_free (&d);
  free (file);
  return r < 0 ? EXIT_FAILED : EXIT_OK;
}
