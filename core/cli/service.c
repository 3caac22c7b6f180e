#include "cli/service.h"

#include "cli/start.h"
#include "cli/systemd.h"
#include "path.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_WORDS = 12 };

static int
copy_user (const struct passwd *from, struct passwd *to)
{
  to->pw_uid = from->pw_uid;
  to->pw_gid = from->pw_gid;
  to->pw_name = strdup (from->pw_name);
  to->pw_dir = strdup (from->pw_dir);
  return to->pw_name && to->pw_dir ? 0 : -ENOMEM;
}

/* The user of a system service is who called sudo (or doas); root himself only when he really is the one. */
static int
find_user (bool system, struct passwd *ret)
{
  const char *name = system ? getenv ("SUDO_USER") : NULL;
  if (system && (!name || !*name))
    name = getenv ("DOAS_USER");
  errno = 0;
  const struct passwd *found = name && *name ? getpwnam (name) : getpwuid (geteuid ());
  if (!found) {
    fprintf (stderr, PROGRAM ": cannot find the user %s in the user database\n", name ? name : "that runs this");
    return -ENOENT;
  }
  if (found->pw_dir[0] != '/') {
    fprintf (stderr, PROGRAM ": the user %s has no home directory\n", found->pw_name);
    return -ENOENT;
  }
  return copy_user (found, ret);
}

static int
check_manager (bool system)
{
  if (system && geteuid () != 0) {
    fputs (PROGRAM ": a system service needs root; try again with sudo\n", stderr);
    return -EPERM;
  }
  if (!systemd_is_there ()) {
    fputs (PROGRAM ": systemd does not run on this machine; nothing was changed\n"
                   "  Without it: " PROGRAM " start, from whatever starts programs here\n",
           stderr);
    return -ENOSYS;
  }
  if (!system && getenv ("SUDO_USER") && geteuid () == 0) {
    fputs (PROGRAM ": a user's service is installed without sudo; for a system service: install --system\n", stderr);
    return -EPERM;
  }
  if (!system && systemd_control (true, true, "show-environment", NULL, NULL) != 0) {
    fputs (PROGRAM ": this user's systemd cannot be reached (systemctl --user fails); nothing was changed\n"
                   "  Log in as this user, or install a system service: install --system\n",
           stderr);
    return -ENOTCONN;
  }
  return 0;
}

static char *
find_program (void)
{
  char path[4096];
  ssize_t n = readlink ("/proc/self/exe", path, sizeof path - 1);
  if (n <= 0)
    return NULL;
  path[n] = 0;
  return strdup (path);
}

static int
fill (const struct command_call *call, struct service *s)
{
  const char *plugins = call->plugin_dir ? call->plugin_dir : getenv ("KODE_KRONICAL_PLUGINS");
  int r = find_user (s->system, &s->user);
  if (r < 0)
    return r;
  r = s->system ? path_join ("/etc/systemd/system", SERVICE_UNIT, &s->unit_file)
                : path_join (s->user.pw_dir, ".config/systemd/user/" SERVICE_UNIT, &s->unit_file);
  s->program = find_program ();
  s->config_file = call->config_file ? start_absolute (call->config_file) : NULL;
  s->plugin_dir = plugins && *plugins ? strdup (plugins) : NULL;
  if (!s->program || (call->config_file && !s->config_file) || (plugins && *plugins && !s->plugin_dir))
    return errno ? -errno : -ENOMEM;
  return r;
}

int
service_find (const struct command_call *call, bool system, struct service *ret)
{
  struct service s = {.system = system};
  int r = check_manager (system);
  if (!r)
    r = fill (call, &s);
  if (r < 0) {
    service_clear (&s);
    return r;
  }
  *ret = s;
  return 0;
}

int
service_print (const struct command_call *call, bool system)
{
  struct service s = {.system = system};
  BUF_CLEANUP struct buf b = {.max = 64 << 10};
  int r = fill (call, &s);
  if (!r) {
    service_write_unit (&s, &b);
    r = b.error;
  }
  if (!r)
    fwrite (b.data, 1, b.len, stdout);
  service_clear (&s);
  return r;
}

void
service_clear (struct service *s)
{
  free (s->unit_file);
  free (s->program);
  free (s->config_file);
  free (s->plugin_dir);
  free (s->user.pw_name);
  free (s->user.pw_dir);
  *s = (struct service){.system = s->system};
}

int
service_control (const struct service *s, bool quiet, const char *verb, const char *more, const char *unit)
{
  return systemd_control (!s->system, quiet, verb, more, unit);
}

/* In the child: everything of root's is left behind before a file of the user's is looked at. */
static void
become_user (const struct passwd *user)
{
  char runtime[64];
  if (initgroups (user->pw_name, user->pw_gid) < 0 || setgid (user->pw_gid) < 0 || setuid (user->pw_uid) < 0)
    _exit (126);
  setenv ("HOME", user->pw_dir, 1);
  setenv ("USER", user->pw_name, 1);
  setenv ("LOGNAME", user->pw_name, 1);
  snprintf (runtime, sizeof runtime, "/run/user/%lu", (unsigned long)user->pw_uid);
  setenv ("XDG_RUNTIME_DIR", runtime, 1);
  unsetenv ("DBUS_SESSION_BUS_ADDRESS");
  if (chdir ("/") < 0)
    _exit (126);
}

int
service_as_user (const struct service *s, int (*f) (const void *arg), const void *arg)
{
  if (geteuid () == s->user.pw_uid)
    return f (arg);
  fflush (NULL);
  pid_t child = fork ();
  if (child == 0) {
    become_user (&s->user);
    int r = f (arg);
    fflush (NULL);
    _exit (r);
  }
  int status = 0;
  while (child > 0 && waitpid (child, &status, 0) < 0)
    if (errno != EINTR)
      return 127;
  return child < 0 ? 127 : WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status);
}

static int
run_program (const void *arg)
{
  return systemd_run (arg);
}

int
service_run_as_user (const struct service *s, const char *const *words)
{
  const char *argv[MAX_WORDS] = {s->program};
  size_t n = 1;
  if (s->config_file) {
    argv[n++] = "-c";
    argv[n++] = s->config_file;
  }
  for (size_t i = 0; words[i] && n < MAX_WORDS - 1; i++)
    argv[n++] = words[i];
  argv[n] = NULL;
  return service_as_user (s, run_program, argv);
}
