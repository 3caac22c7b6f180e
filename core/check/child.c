/* The child: loads the plugin and runs one stage. */
#include <config.h>

#include "check/check.h"

#include "buf.h"

#include "option.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const struct check_stage check_stages[] = {
  {"descriptor", "what it says of itself", stage_descriptor},
  {"create", "made and ended again and again", stage_create},
  {"use", "reads, filters or writes", stage_use},
  {"two", "two instances at once", stage_two},
  {"reload", "a new one made before the old one ends", stage_reload},
  {"fork", "descriptors and a fork of the process", stage_fork},
  {"configs", "wild values of its options", stage_configs},
  {NULL, NULL, NULL},
};

int64_t
check_now_ns (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return t.tv_sec * INT64_C (1000000000) + t.tv_nsec;
}

bool
check_time_left (const struct check *k)
{
  return check_now_ns () < k->until_ns;
}

/* One line of the pipe: fields between tabs. */
static void
tell (struct check *k, struct buf *line)
{
  buf_addc (line, '\n');
  for (size_t done = 0; !line->error && done < line->len;) {
    ssize_t n = write (k->out, line->data + done, line->len - done);
    if (n < 0 && errno != EINTR)
      return;
    done += n > 0 ? (size_t) n : 0;
  }
}

static void
tell_word (struct check *k, char word)
{
  struct buf BUF_CLEANUP line = {0};
  buf_addc (&line, word);
  tell (k, &line);
}

void
check_stop (struct check *k)
{
  tell_word (k, 'X');
}

static void
add_field (struct buf *line, const char *text)
{
  buf_addc (line, '\t');
  for (; *text; text++)
    buf_addc (line, (unsigned char) *text < ' ' ? ' ' : *text);
}

void
check_step (struct check *k, const char *what)
{
  struct buf BUF_CLEANUP line = {0};
  buf_addc (&line, 'S');
  add_field (&line, what);
  tell (k, &line);
}

void
check_find (struct check *k, enum check_level level, const char *code, const char *hint, const char *format, ...)
{
  char text[1024];
  va_list args;
  va_start (args, format);
  vsnprintf (text, sizeof text, format, args);
  va_end (args);
  uint64_t hash = 14695981039346656037u;
  for (const char *at = text; *at; at++)
    hash = (hash ^ (unsigned char) *at) * 1099511628211u;
  for (size_t i = 0; i < k->n_said; i++)
    if (k->said[i] == hash)
      return;
  if (k->n_said == CHECK_MAX_FINDINGS)
    return;
  k->said[k->n_said++] = hash;
  struct buf BUF_CLEANUP line = {0};
  buf_addc (&line, level == CHECK_FAULT ? 'F' : 'A');
  add_field (&line, code);
  add_field (&line, text);
  add_field (&line, hint);
  tell (k, &line);
}

void
check_figure (struct check *k, const char *name, const char *format, ...)
{
  char text[256];
  va_list args;
  va_start (args, format);
  vsnprintf (text, sizeof text, format, args);
  va_end (args);
  struct buf BUF_CLEANUP line = {0};
  buf_addc (&line, 'N');
  add_field (&line, name);
  add_field (&line, text);
  tell (k, &line);
}

/* ---- Loading ---- */

static bool
load (struct check *k, const char *file)
{
  char *reason = NULL;
  check_step (k, "loads it");
  void *handle = dlopen (file, RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    const char *why = dlerror ();
    bool undefined = why && strstr (why, "undefined symbol");
    check_find (k, CHECK_FAULT, undefined ? "undefined-symbol" : "load",
                undefined ? "Link with -Wl,-z,defs, which names every missing one, and with the libraries that have them."
                          : "Build it as a shared object (cc -shared -fPIC) for this machine.",
                "it cannot be loaded: %s", why ? why : "no reason is known");
    return false;
  }
  const struct kk_plugin *plugin = dlsym (handle, "kk_plugin");
  if (!plugin) {
    check_find (k, CHECK_FAULT, "no-plugin", "Describe it with KK_PLUGIN (…), in a C file, and do not hide that symbol.",
                "it exports no kk_plugin");
    return false;
  }
  check_step (k, "reads its descriptor");
  int r = descriptor_copy (plugin, file, &k->d, &reason);
  if (!r)
    r = option_check_table (k->d->plugin.options, k->d->plugin.n_options, &reason);
  if (r)
    check_find (k, CHECK_FAULT, "descriptor", "The daemon refuses it until this is mended; see plugin.h at struct kk_plugin.",
                "%s", reason ? reason : strerror (-r));
  free (reason);
  return !r;
}

/* ---- The config that stages use ---- */

/* A value for a required option of which the author said nothing: the first that it takes. */
static char *
made_up (const struct check *k, const struct kk_option *o)
{
  const char *const values[] = {o->min ? o->min : "1", k->dir, "[one]", "word", NULL};
  if (o->choices)
    return strndup (o->choices, strcspn (o->choices, "|"));
  for (size_t i = 0; values[i]; i++) {
    struct diag d = {0};
    int r = option_check_text (o, values[i], (struct place){0}, &d);
    diag_free (&d);
    if (!r)
      return strdup (values[i]);
  }
  return strdup ("word");
}

static void
add_setting (struct buf *yaml, const char *name, size_t length, const char *value)
{
  buf_add (yaml, name, length);
  buf_printf (yaml, ": %s\n", *value ? value : "\"\"");
}

static bool
is_set (char *const *settings, uint32_t n, const char *name)
{
  size_t length = strlen (name);
  for (uint32_t i = 0; i < n; i++)
    if (!strncmp (settings[i], name, length) && settings[i][length] == '=')
      return true;
  return false;
}

static bool
make_config (struct check *k, char *const *settings, uint32_t n)
{
  struct buf BUF_CLEANUP yaml = {0};
  const struct kk_plugin *p = &k->d->plugin;
  for (uint32_t i = 0; i < n; i++) {
    const char *is = strchr (settings[i], '=');
    if (is)
      add_setting (&yaml, settings[i], (size_t) (is - settings[i]), is + 1);
  }
  for (uint32_t i = 0; i < p->n_options; i++)
    if ((p->options[i].flags & KK_REQUIRED) && !is_set (settings, n, p->options[i].name)) {
      char *value = made_up (k, p->options + i);
      add_setting (&yaml, p->options[i].name, strlen (p->options[i].name), value ? value : "");
      free (value);
    }
  struct diag d = {0};
  struct yaml_document *doc = NULL;
  int r = yaml.error ? yaml.error : yaml_parse ("the command line", yaml.data ? yaml.data : "", yaml.len, &d, &doc);
  if (!r)
    r = option_fill (p->options, p->n_options, p->config_size, doc->root, NULL, (struct place){0}, &d, &k->config);
  if (r)
    check_find (k, CHECK_FAULT, "config", "Give values that fit: plugin check FILE.so OPTION=VALUE …",
                "it cannot be configured: %s", d.n ? d.items[0].text : strerror (-r));
  k->given = doc;
  diag_free (&d);
  return !r;
}

int
check_child (char *const *argv, uint32_t argc)
{
  if (argc < 4)
    return 2;
  struct check k = {.out = fcntl (CHECK_FD, F_DUPFD_CLOEXEC, 100), .dir = argv[3]};
  const struct check_stage *stage = check_stages;
  while (stage->name && strcmp (stage->name, argv[1]))
    stage++;
  if (k.out < 0 || !stage->name || chdir (k.dir))
    return 2;
  close (CHECK_FD);
  signal (SIGPIPE, SIG_IGN); /* as in the daemon */
  k.until_ns = check_now_ns () + strtoll (argv[2], NULL, 10) * 1000000;
  if (load (&k, argv[0]) && make_config (&k, argv + 4, argc - 4))
    stage->run (&k);
  else
    check_stop (&k);
  fflush (NULL); /* what it printed */
  tell_word (&k, 'D');
  _exit (0); /* not the plugin's own handlers: they have had their chance */
}
