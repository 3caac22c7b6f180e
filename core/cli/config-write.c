#include <config.h>

#include "cli/config-command.h"

#include "buf.h"
#include "describe.h"
#include "path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_BACKUPS = 1000 };

static int
fail (const char *file, int r)
{
  fprintf (stderr, PROGRAM ": cannot write %s: %s", file, strerror (-r));
  if ((r == -EACCES || r == -EPERM) && geteuid () != 0)
    fprintf (stderr, "; as root: sudo " PROGRAM " config --system");
  fputc ('\n', stderr);
  return EXIT_FAILED;
}

/* FILE.bak is the newest backup; one that is there already becomes FILE.bak.1, .2, …: nothing is ever lost. */
static int
keep_backup (const char *file, char **ret)
{
  char *backup = NULL, *older = NULL;
  struct stat st;
  int r = 0;
  if (asprintf (&backup, "%s.bak", file) < 0)
    return -ENOMEM;
  for (int i = 1; r == 0 && lstat (backup, &st) == 0 && !older; i++) {
    if (i == MAX_BACKUPS)
      r = -EEXIST;
    else if (asprintf (&older, "%s.bak.%d", file, i) < 0)
      r = -ENOMEM;
    else if (link (backup, older) == 0)
      break;
    else if (errno != EEXIST)
      r = -errno;
    free (older);
    older = NULL;
  }
  free (older);
  char *text = NULL;
  size_t length;
  if (r == 0)
    r = path_read_file (file, 64 << 20, &text, &length);
  if (r == 0 && stat (file, &st) < 0)
    r = -errno;
  if (r == 0)
    r = path_write_file (backup, text, length, st.st_mode & 07777, 1);
  free (text);
  if (r < 0)
    free (backup);
  else
    *ret = backup;
  return r;
}

static int
make_parent (const char *file)
{
  const char *slash = strrchr (file, '/');
  if (!slash || slash == file)
    return 0;
  char *directory = strndup (file, (size_t) (slash - file));
  int r = directory ? path_mkdirs (directory, 0755) : -ENOMEM;
  free (directory);
  return r;
}

static int
write_new (const struct command_call *call, const char *file, const struct buf *text)
{
  struct stat st;
  char *backup = NULL;
  bool exists = lstat (file, &st) == 0;
  if (exists && !command_given (call, "force")) {
    fprintf (stderr,
             PROGRAM ": %s exists and is kept as it is\n"
                     "  --update  adds the keys that are new and keeps every line\n"
                     "  --force   writes it anew and keeps the old one as %s.bak\n",
             file, file);
    return EXIT_FAILED;
  }
  int r = exists ? keep_backup (file, &backup) : make_parent (file);
  if (r == 0)
    r = exists ? config_rewrite (file, text) : path_write_file (file, text->data, text->len, 0644, 1);
  if (r == 0 && backup)
    printf ("Wrote %s; the old file is %s\n", file, backup);
  else if (r == 0)
    printf ("Wrote %s\n", file);
  free (backup);
  return r < 0 ? fail (file, r) : EXIT_OK;
}

int
config_create (const struct command_call *call, struct modules *modules)
{
  struct buf BUF_CLEANUP text = {0};
  describe_config (&text, modules);
  if (text.error)
    return fail ("the configuration", text.error);
  if (command_given (call, "print")) {
    fwrite (text.data, 1, text.len, stdout);
    return EXIT_OK;
  }
  char *file;
  int r = config_target (call, &file);
  if (r == -ENOENT)
    fprintf (stderr, PROGRAM ": the home directory of this user is not known: say where with -c FILE\n");
  else if (r < 0)
    return fail ("the configuration", r);
  if (r < 0)
    return EXIT_FAILED;
  int status = write_new (call, file, &text);
  free (file);
  return status;
}

int
config_write (const struct command_call *call, struct modules *modules)
{
  return command_given (call, "update") ? config_update (call, modules) : config_create (call, modules);
}
