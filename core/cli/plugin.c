#include <config.h>

#include "cli/command.h"
#include "cli/plugin-check.h"
#include "cli/plugin-graph.h"
#include "cli/plugin-new.h"
#include "cli/wrap.h"

#include "describe.h"
#include "nearest.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct command_option options[] = {
  {"json", 0, NULL, "For programs"},
  {"dot", 0, NULL, "For graph: in the language of graphviz"},
  {"pod", 0, NULL, "For the manual, in pod: with info the plugin's options and tables, with list what every plugin takes"},
  {"kind", 0, "KIND", "For new: input, filter or output"},
  {"dir", 0, "DIR", "For new: where to make the directory NAME (here)"},
  {"time", 0, "SECONDS", "For check: the longest it may take (30)"},
};

static int
fail (const char *what, int r)
{
  fprintf (stderr, PROGRAM ": %s: %s\n", what, strerror (-r));
  return EXIT_FAILED;
}

static int
print (struct buf *b)
{
  if (b->error)
    return fail ("cannot describe it", b->error);
  if (b->data)
    fwrite (b->data, 1, b->len, stdout);
  return EXIT_OK;
}

/* ---- plugin list ---- */

static void
add_list_entry (struct buf *b, const char *name, const struct descriptor *d, const char *reason, int width, bool json)
{
  if (!json && d) {
    buf_printf (b, "%-*s  %-6s  %-8s  %s\n", width, name, descriptor_kind (d), d->plugin.version, d->plugin.summary);
    return;
  }
  if (!json) {
    buf_printf (b, "%-*s  %-6s  %-8s  %s\n", width, name, "-", "-", reason ? reason : "cannot be loaded");
    return;
  }
  if (d) {
    describe_plugin_json (b, d);
    return;
  }
  buf_adds (b, "{\"name\":");
  text_json_string (b, name, strlen (name));
  buf_adds (b, ",\"error\":");
  text_json_string (b, reason ? reason : "", reason ? strlen (reason) : 0);
  buf_addc (b, '}');
}

static int
list (struct modules *modules, bool json)
{
  struct buf BUF_CLEANUP b = {0};
  char **names;
  size_t n;
  int width = 4, r = modules_names (modules, &names, &n);
  bool refused = false;
  if (r < 0)
    return fail ("cannot look for plugins", r);
  for (size_t i = 0; i < n; i++)
    if ((int) strlen (names[i]) > width)
      width = (int) strlen (names[i]);
  if (json)
    buf_adds (&b, "[");
  else if (n)
    buf_printf (&b, "%-*s  %-6s  %-8s  %s\n", width, "NAME", "KIND", "VERSION", "SUMMARY");
  for (size_t i = 0; i < n; i++) {
    const struct descriptor *d = NULL;
    char *reason = NULL;
    refused |= modules_load (modules, names[i], &d, &reason) < 0;
    if (json && i)
      buf_adds (&b, ",\n ");
    add_list_entry (&b, names[i], d, reason, width, json);
    char *doubled = modules_doubled (modules, names[i]);
    if (doubled)
      fprintf (stderr, PROGRAM ": warning: %s\n", doubled);
    free (doubled);
    free (reason);
    free (names[i]);
  }
  free (names);
  if (json)
    buf_adds (&b, "]\n");
  if (!n && !json)
    fprintf (stderr, PROGRAM ": no plugins in %s\n", modules_directories (modules));
  int status = print (&b);
  return status ? status : refused || (!n && !json) ? EXIT_FAILED : EXIT_OK;
}

/* ---- plugin info ---- */

static void
say_unknown (struct modules *modules, const char *name, int r, const char *reason)
{
  char **names = NULL;
  size_t n = 0;
  fprintf (stderr, PROGRAM ": %s", reason ? reason : strerror (-r));
  if (r == -ENOENT && modules_names (modules, &names, &n) == 0) {
    const char *near = nearest_word (name, (const char *const *) names, n);
    if (near)
      fprintf (stderr, "; did you mean '%s'?", near);
    else if (strchr (name, '/') || strstr (name, ".so"))
      fprintf (stderr, "; give its name, and its directory by --plugin-dir");
  }
  fputc ('\n', stderr);
  for (size_t i = 0; i < n; i++)
    free (names[i]);
  free (names);
}

static int
info (struct modules *modules, const char *name, bool json, bool pod)
{
  const struct descriptor *d;
  char *reason = NULL;
  int r = modules_load (modules, name, &d, &reason);
  if (r < 0) {
    say_unknown (modules, name, r, reason);
    free (reason);
    return EXIT_FAILED;
  }
  struct buf BUF_CLEANUP b = {0};
  if (pod) {
    describe_plugin_pod (&b, d);
  } else if (json) {
    describe_plugin_json (&b, d);
    buf_addc (&b, '\n');
  } else {
    struct buf BUF_CLEANUP text = {0};
    describe_plugin_text (&text, d);
    wrap_add (&b, text.error || !text.data ? "" : text.data, wrap_width (stdout), -1);
    b.error = b.error ? b.error : text.error;
  }
  return print (&b);
}

static int
run (const struct command_call *call)
{
  if (!strcmp (call->arguments[0], "check") && call->n_arguments >= 2)
    return plugin_check (call);
  if (!strcmp (call->arguments[0], "check-stage"))
    return plugin_check_stage (call);
  bool is_list = strcmp (call->arguments[0], "list") == 0, is_info = strcmp (call->arguments[0], "info") == 0;
  bool is_new = strcmp (call->arguments[0], "new") == 0, is_graph = strcmp (call->arguments[0], "graph") == 0;
  if ((!is_list && !is_info && !is_new && !is_graph) || call->n_arguments != (is_list || is_graph ? 1 : 2)) {
    fprintf (stderr, PROGRAM
             ": it is 'plugin list', 'plugin info NAME', 'plugin graph', 'plugin new NAME --kind KIND' or 'plugin check "
             "FILE.so'\nTry: " PROGRAM " plugin --help\n");
    return EXIT_USAGE;
  }
  if (is_list && command_given (call, "pod")) {
    struct buf BUF_CLEANUP b = {0};
    describe_instances_pod (&b);
    return print (&b);
  }
  struct modules *modules;
  int r = modules_open (call->plugin_dir, &modules);
  if (r < 0)
    return fail ("cannot look for plugins", r);
  bool json = command_given (call, "json");
  int status = is_new     ? plugin_new (call, modules)
               : is_graph ? plugin_graph (call, modules)
               : is_list  ? list (modules, json)
                          : info (modules, call->arguments[1], json, command_given (call, "pod"));
  modules_close (modules);
  return status;
}

const struct command plugin_command = {
  .name = "plugin",
  .summary = "Say which plugins there are and what flows where; begin or check one",
  .arguments = "list|info|graph|new|check [WHAT]",
  .text = "'plugin list' names all plugins that can be found, 'plugin info NAME' says\n"
          "which options one takes in daemon.yaml and which tables it fills.\n"
          "'plugin graph' says what flows where under this configuration.\n"
          "'plugin new NAME' writes a small complete project of a plugin of your own.\n"
          "'plugin check FILE.so' uses a plugin in processes of its own and says what is\n"
          "wrong with it and what to do; OPTION=VALUE as in daemon.yaml. Its status is 0\n"
          "without faults, else 1.",
  COMMAND_OPTIONS (options),
  .min_arguments = 1,
  .max_arguments = 72,
  .run = run,
};
