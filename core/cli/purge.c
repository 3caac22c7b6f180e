#include "cli/purge.h"

#include "cli/command.h"
#include "cli/stop.h"
#include "path.h"

#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char journal[] = "journal";

static int
remove_one (const char *path, const struct stat *st, int type, struct FTW *walk)
{
  (void) st, (void) type, (void) walk;
  if (remove (path) < 0)
    fprintf (stderr, PROGRAM ": cannot remove %s: %s\n", path, strerror (errno));
  return 0;
}

static void
remove_tree (const char *path)
{
  struct stat st;
  if (lstat (path, &st) == 0 && S_ISDIR (st.st_mode))
    nftw (path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int
remove_ours (const char *path, const struct stat *st, int type, struct FTW *walk)
{
  if (walk->level != 1)
    return FTW_CONTINUE;
  const char *name = path + walk->base;
  if (type != FTW_D && path_is_ours (name))
    remove_one (path, st, type, walk);
  if (type != FTW_D)
    return FTW_CONTINUE;
  if (!strcmp (name, journal))
    remove_tree (path);
  return FTW_SKIP_SUBTREE;
}

static int
purge_config (void)
{
  char *home, *directory;
  int r = path_home (&home);
  if (r < 0)
    return r;
  r = path_join (home, ".config/kode-kronical", &directory);
  free (home);
  if (r < 0)
    return r;
  remove_tree (directory);
  printf ("Removed %s\n", directory);
  free (directory);
  return 0;
}

int
purge (const void *config_file)
{
  struct places places;
  struct running running;
  if (stop_find (config_file, &places, &running) < 0)
    return EXIT_FAILED;
  int r = -EBUSY;
  if (running.state == RUNNING_NONE || running.state == RUNNING_STALE) {
    nftw (places.data_dir, remove_ours, 16, FTW_PHYS | FTW_ACTIONRETVAL);
    bool all = rmdir (places.data_dir) == 0;
    printf ("Removed %s%s\n", all ? "" : "what was ours in ", places.data_dir);
    r = purge_config ();
  } else {
    fputs (PROGRAM ": a daemon still runs on this data directory; stop it first\n", stderr);
  }
  running_clear (&running);
  places_clear (&places);
  return r < 0 ? EXIT_FAILED : EXIT_OK;
}
