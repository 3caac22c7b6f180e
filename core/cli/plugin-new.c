#include <config.h>

#include "cli/plugin-new.h"

#include "buf.h"
#include "nearest.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_NAME = 48 }; /* its tables and its manual page get longer names, of at most 63 */

static const char *const kinds[] = {"input", "filter", "output"};

/* What a project consists of: `from` a template, its @WORDS@ replaced, `to` a file; "%s" is the kind in the first and the
 * plugin's name in the second. */
static const struct part {
  const char *from, *to;
} parts[] = {
  {"%s.c", "%s.c"},         {"Makefile", "Makefile"},       {"test.sh", "test-%s.sh"},
  {"conf.yaml", "%s.yaml"}, {"%s.5", "kode-kronical-%s.5"}, {"README", "README"},
};
enum { N_PARTS = sizeof parts / sizeof parts[0] };

struct project {
  const char *name, *kind;
  char identifier[MAX_NAME + 1], upper[MAX_NAME + 1];
  struct buf directory;
  int fd; /* of the directory */
};

static int
complain (const char *what, const char *word, const char *advice)
{
  fprintf (stderr, PROGRAM ": %s '%s': %s\n", what, word, advice);
  return EXIT_FAILED;
}

/* "%s" in `pattern` is `word`. */
static void
fill (char *to, size_t size, const char *pattern, const char *word)
{
  const char *at = strstr (pattern, "%s");
  if (at)
    snprintf (to, size, "%.*s%s%s", (int) (at - pattern), pattern, word, at + 2);
  else
    snprintf (to, size, "%s", pattern);
}

/* ---- What was asked for ---- */

static bool
is_name (const char *name)
{
  size_t n = strlen (name);
  return n && n <= MAX_NAME && strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789-") == n && islower ((unsigned char) name[0])
         && name[n - 1] != '-' && !strstr (name, "--");
}

static bool
is_taken (const struct modules *modules, const char *name)
{
  char **names;
  size_t n;
  bool taken = strcmp (name, "daemon") == 0;
  if (modules_names (modules, &names, &n) < 0)
    return taken;
  for (size_t i = 0; i < n; i++) {
    taken |= strcmp (names[i], name) == 0;
    free (names[i]);
  }
  free (names);
  return taken;
}

static int
take_kind (const char *kind, struct project *p)
{
  for (size_t i = 0; kind && i < sizeof kinds / sizeof kinds[0]; i++)
    if (!strcmp (kinds[i], kind)) {
      p->kind = kinds[i];
      return EXIT_OK;
    }
  const char *near = kind ? nearest_word (kind, kinds, sizeof kinds / sizeof kinds[0]) : NULL;
  if (kind)
    fprintf (stderr, PROGRAM ": unknown kind '%s'", kind);
  else
    fprintf (stderr, PROGRAM ": of which kind is it to be");
  if (near)
    fprintf (stderr, "; did you mean '%s'?\n", near);
  else
    fprintf (stderr, "%s --kind input (collects), filter (changes samples) or output (writes them)\n",
             kind ? ": it is" : "? Give");
  return EXIT_USAGE;
}

static int
take_name (const char *name, const struct modules *modules, struct project *p)
{
  if (!is_name (name))
    return complain ("bad name", name, "use lower case letters, digits and single '-', a letter first, at most 48 of them");
  if (is_taken (modules, name))
    return complain ("bad name", name, "there is already a plugin of this name, choose another (plugin list names them)");
  p->name = name;
  for (size_t i = 0; i <= strlen (name); i++) {
    p->identifier[i] = name[i] == '-' ? '_' : name[i];
    p->upper[i] = (char) toupper ((unsigned char) name[i]);
  }
  return EXIT_OK;
}

/* ---- Writing ---- */

static const char *
find_template (const char *name)
{
  for (const struct plugin_template *t = templates; t->name; t++)
    if (!strcmp (t->name, name))
      return t->text;
  return NULL;
}

static void
add_filled (struct buf *b, const struct project *p, const char *text)
{
  const struct {
    const char *word, *is;
  } words[] = {
    {"@NAME@", p->name},
    {"@IDENT@", p->identifier},
    {"@UPPER@", p->upper},
    {"@KIND@", p->kind},
    {"@ARTICLE@", strchr ("aeiou", p->kind[0]) ? "an" : "a"},
  };
  while (*text) {
    size_t n = strcspn (text, "@"), taken = 0;
    buf_add (b, text, n);
    text += n;
    for (size_t i = 0; i < sizeof words / sizeof words[0] && !taken; i++)
      if (!strncmp (text, words[i].word, strlen (words[i].word))) {
        taken = strlen (words[i].word);
        buf_adds (b, words[i].is);
      }
    if (!taken && *text) { /* an '@' that is one */
      buf_addc (b, *text);
      taken = 1;
    }
    text += taken;
  }
}

static int
write_all (int fd, const char *data, size_t n)
{
  while (n) {
    ssize_t done = write (fd, data, n);
    if (done < 0 && errno != EINTR)
      return -errno;
    data += done > 0 ? done : 0;
    n -= (size_t) (done > 0 ? done : 0);
  }
  return 0;
}

static int
write_part (const struct project *p, const struct part *part)
{
  struct buf BUF_CLEANUP b = {0};
  char from[64], to[128];
  fill (from, sizeof from, part->from, p->kind);
  fill (to, sizeof to, part->to, p->name);
  const char *text = find_template (from);
  if (!text)
    return -ENOENT;
  add_filled (&b, p, text);
  if (b.error)
    return b.error;
  int fd = openat (p->fd, to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, strstr (to, ".sh") ? 0777 : 0666);
  if (fd < 0)
    return -errno;
  int r = write_all (fd, b.data, b.len);
  if (close (fd) < 0 && !r)
    r = -errno;
  return r;
}

static void
remove_parts (const struct project *p)
{
  for (size_t i = 0; i < N_PARTS; i++) {
    char to[128];
    fill (to, sizeof to, parts[i].to, p->name);
    unlinkat (p->fd, to, 0);
  }
  rmdir (p->directory.data);
}

/* All of it, or nothing. */
static int
write_project (struct project *p)
{
  if (mkdir (p->directory.data, 0777) < 0)
    return -errno;
  p->fd = open (p->directory.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int r = p->fd < 0 ? -errno : 0;
  for (size_t i = 0; !r && i < N_PARTS; i++)
    r = write_part (p, &parts[i]);
  if (r)
    remove_parts (p);
  if (p->fd >= 0)
    close (p->fd);
  return r;
}

static void
say_next (const struct project *p)
{
  const char *d = p->directory.data, *name = p->name;
  printf ("%s/: %s %s plugin, ready to build\n", d, strchr ("aeiou", p->kind[0]) ? "an" : "a", p->kind);
  for (size_t i = 0; i < N_PARTS; i++) {
    char to[128];
    fill (to, sizeof to, parts[i].to, name);
    printf ("  %s\n", to);
  }
  printf ("\nNext:\n"
          "  cd %s\n"
          "  make check         build it, and have the daemon use it in every way\n"
          "  $EDITOR %s.c\n"
          "  sudo make install  install it, with its conf.d file for the system's daemon\n"
          "  sudo systemctl reload kode-kronical-daemon\n"
          "\nThe guide is " DOC_DIR "/PLUGINS, the reference kode-kronical-plugin(3).\n",
          d, name);
}

int
plugin_new (const struct command_call *call, struct modules *modules)
{
  struct project p = {.fd = -1};
  const char *under = command_value (call, "dir");
  int status = take_kind (command_value (call, "kind"), &p);
  if (!status)
    status = take_name (call->arguments[1], modules, &p);
  if (status)
    return status;
  if (under)
    buf_printf (&p.directory, "%s%s", under, under[strlen (under) - 1] == '/' ? "" : "/");
  buf_adds (&p.directory, p.name);
  int r = p.directory.error ? p.directory.error : write_project (&p);
  if (r == -EEXIST)
    complain ("cannot make", p.directory.data, "it exists already; choose another name, or another place with --dir");
  else if (r == -ENOENT)
    complain ("cannot make", p.directory.data, "the directory it is to be in does not exist");
  else if (r)
    complain ("cannot make", p.directory.data ? p.directory.data : p.name, strerror (-r));
  else
    say_next (&p);
  buf_free (&p.directory);
  return r ? EXIT_FAILED : EXIT_OK;
}
