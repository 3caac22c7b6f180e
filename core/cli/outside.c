#include <config.h>

#include "cli/outside.h"

#include "cli/start.h"
#include "cli/table.h"
#include "path.h"
#include "trust.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_PATH = 4096 };

/* ---- Where they are ---- */

static bool
is_directory (const char *path)
{
  struct stat st;
  return stat (path, &st) == 0 && S_ISDIR (st.st_mode);
}

/* Told by the environment (the build tree), beside the program in an installation that was moved, or where it was installed. */
static void
find_directory (char path[MOST_PATH])
{
  const char *told = getenv ("KODE_KRONICAL_COMMANDS");
  if (told && *told == '/') {
    snprintf (path, MOST_PATH, "%s", told);
    return;
  }
  static const char beside[] = "../libexec/kode-kronical/commands";
  ssize_t n = readlink ("/proc/self/exe", path, MOST_PATH - sizeof beside);
  char *slash = n > 0 ? memrchr (path, '/', (size_t) n) : NULL;
  if (slash) {
    memcpy (slash + 1, beside, sizeof beside);
    if (is_directory (path))
      return;
  }
  snprintf (path, MOST_PATH, "%s", LIBEXEC_DIR "/commands");
}

/* Lower case letters, digits and '-': what has a point in it belongs to a command, or is an editor's or a packager's. */
static bool
is_name (const char *name)
{
  size_t n = strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789-");
  return n && n < OUTSIDE_NAME && !name[n] && name[0] != '-' && !command_find (name);
}

static bool
find_program (const char *directory, const char *name, char path[MOST_PATH])
{
  struct stat st;
  int n = snprintf (path, MOST_PATH, "%s/%s", directory, name);
  return n > 0 && n < MOST_PATH && stat (path, &st) == 0 && S_ISREG (st.st_mode) && access (path, X_OK) == 0;
}

bool
outside_there (const char *name)
{
  char directory[MOST_PATH], path[MOST_PATH];
  find_directory (directory);
  return is_name (name) && find_program (directory, name, path);
}

/* ---- The list ---- */

static void
read_summary (const char *program, struct outside *o)
{
  char path[MOST_PATH + 16], *text = NULL;
  size_t length;
  snprintf (path, sizeof path, "%s.summary", program);
  if (path_read_file (path, 4096, &text, &length) < 0)
    return;
  snprintf (o->summary, sizeof o->summary, "%.*s", (int) strcspn (text, "\r\n"), text);
  table_clean (o->summary);
  free (text);
}

static int
by_name (const void *a, const void *b)
{
  return strcmp (((const struct outside *) a)->name, ((const struct outside *) b)->name);
}

size_t
outside_list (struct outside ret[OUTSIDE_MOST])
{
  char directory[MOST_PATH], path[MOST_PATH];
  size_t n = 0;
  find_directory (directory);
  DIR *d = opendir (directory);
  for (const struct dirent *e; d && n < OUTSIDE_MOST && (e = readdir (d));) {
    if (!is_name (e->d_name) || !find_program (directory, e->d_name, path))
      continue;
    struct outside *o = &ret[n++];
    *o = (struct outside){.summary = ""};
    memcpy (o->name, e->d_name, strlen (e->d_name) + 1); /* is_name saw that it fits */
    read_summary (path, o);
  }
  if (d)
    closedir (d);
  qsort (ret, n, sizeof *ret, by_name);
  return n;
}

/* ---- Running one ---- */

static int
fail (const char *what, const char *word, int r)
{
  fprintf (stderr, PROGRAM ": %s '%s': %s\n", what, word, strerror (-r));
  return EXIT_FAILED;
}

/* The general options, and where this program is, so that the command can ask it for the configuration. */
static int
set_environment (const struct command_call *call)
{
  char self[MOST_PATH];
  ssize_t n = readlink ("/proc/self/exe", self, sizeof self - 1);
  if (n <= 0)
    return n ? -errno : -ENOENT;
  self[n] = 0;
  char *config = call->config_file ? start_absolute (call->config_file) : NULL;
  int r = call->config_file && !config ? -ENOMEM : 0;
  if (!r && setenv ("KODE_KRONICAL_DAEMON", self, 1) < 0)
    r = -errno;
  if (!r && (config ? setenv ("KODE_KRONICAL_CONFIG", config, 1) : unsetenv ("KODE_KRONICAL_CONFIG")) < 0)
    r = -errno;
  if (!r && call->plugin_dir && setenv ("KODE_KRONICAL_PLUGINS", call->plugin_dir, 1) < 0)
    r = -errno;
  free (config);
  return r;
}

static int
run (const struct command_call *call)
{
  char directory[MOST_PATH], path[MOST_PATH], *reason = NULL;
  find_directory (directory);
  if (!find_program (directory, call->outside, path))
    return fail ("cannot run the command", call->outside, -ENOENT);
  if (trust_check (path, &reason) < 0) {
    fprintf (stderr, PROGRAM ": %s\n", reason ? reason : "the command is refused");
    free (reason);
    return EXIT_FAILED;
  }
  char **words = calloc ((size_t) call->n_arguments + 2, sizeof *words);
  int r = words ? set_environment (call) : -ENOMEM;
  if (!r) {
    words[0] = path;
    memcpy (words + 1, call->arguments, call->n_arguments * sizeof *words);
    fflush (NULL);
    execv (path, words);
    r = -errno;
  }
  free (words);
  return fail ("cannot run", path, r);
}

const struct command outside_command = {.name = "", .max_arguments = UINT32_MAX, .run = run};
