#include "cli/service.h"
#include "cli/systemd.h"
#include "path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct command_option options[] = {
    {"system", 0, NULL, "Install a system service, started at boot; needs root and runs as the user who called sudo"},
    {"print", 0, NULL, "Only print the unit that would be written"},
};

/* Another unit of the same name that this one will stand before; or one of the user's own that would fight for the data. */
static int
look_for_others (const struct service *s)
{
  static const char *const packaged[] = {"/usr/lib/systemd/system/", "/lib/systemd/system/", "/usr/local/lib/systemd/system/"};
  char path[4096];
  for (size_t i = 0; s->system && i < sizeof packaged / sizeof packaged[0]; i++) {
    snprintf (path, sizeof path, "%s" SERVICE_UNIT, packaged[i]);
    if (access (path, F_OK) == 0) {
      printf (PROGRAM ": the new unit stands before the packaged one, %s\n", path);
      break;
    }
  }
  int n = snprintf (path, sizeof path, "%s/.config/systemd/user/" SERVICE_UNIT, s->user.pw_dir);
  if (s->system && n > 0 && (size_t)n < sizeof path && access (path, F_OK) == 0) {
    fprintf (stderr,
             PROGRAM ": %s has a user service already (%s), and both would record into one directory\n"
                     "  Remove it first, as that user: " PROGRAM " uninstall\n",
             s->user.pw_name, path);
    return -EEXIST;
  }
  return 0;
}

static bool
is_active (const struct service *s)
{
  return service_control (s, true, "is-active", "--quiet", SERVICE_UNIT) == 0;
}

/* The one that was started by hand has to make room; an older unit's is stopped through its unit. */
static int
stop_others (const struct service *s)
{
  static const char *const stop[] = {"stop", NULL};
  if (is_active (s) && service_control (s, false, "stop", NULL, SERVICE_UNIT) != 0)
    return -EBUSY;
  return service_run_as_user (s, stop) == 0 ? 0 : -EBUSY;
}

static int
check_config (const struct service *s)
{
  static const char *const check[] = {"config", "--check", NULL};
  if (service_run_as_user (s, check) == 0)
    return 0;
  fputs (PROGRAM ": the service would not start with this configuration; nothing was changed\n", stderr);
  return -EINVAL;
}

static int
write_unit (const struct service *s)
{
  BUF_CLEANUP struct buf b = {.max = 64 << 10};
  char *directory = strndup (s->unit_file, (size_t)(strrchr (s->unit_file, '/') - s->unit_file));
  service_write_unit (s, &b);
  int r = !directory ? -ENOMEM : b.error ? b.error : path_mkdirs (directory, s->system ? 0755 : 0700);
  free (directory);
  if (!r)
    r = path_write_file (s->unit_file, b.data, b.len, 0644, 1);
  if (r < 0)
    fprintf (stderr, PROGRAM ": cannot write %s: %s\n", s->unit_file, strerror (-r));
  return r;
}

static void
print_reason (const struct service *s)
{
  static const char *const system[] = {"journalctl", "-u", SERVICE_UNIT, "-n", "10", "--no-pager", "-o", "cat", NULL};
  static const char *const user[] = {"journalctl", "--user", "-u", SERVICE_UNIT, "-n", "10", "--no-pager", "-o", "cat", NULL};
  fputs (PROGRAM ": the service did not start. Its last words:\n", stderr);
  fflush (stderr);
  systemd_run (s->system ? system : user);
}

/* Everything as it was: the unit that stood there before (`old`), or none. */
static void
take_back (const struct service *s, const char *old, size_t length)
{
  service_control (s, true, "stop", NULL, SERVICE_UNIT);
  if (old) {
    path_write_file (s->unit_file, old, length, 0644, 1);
  } else {
    service_control (s, true, "disable", NULL, SERVICE_UNIT);
    unlink (s->unit_file);
  }
  service_control (s, true, "daemon-reload", NULL, NULL);
  service_control (s, true, "reset-failed", NULL, SERVICE_UNIT);
  fputs (PROGRAM ": the service was taken away again\n", stderr);
}

static int
install (const struct service *s)
{
  char *old = NULL;
  size_t length = 0;
  if (look_for_others (s) < 0 || check_config (s) < 0 || stop_others (s) < 0)
    return EXIT_FAILED;
  path_read_file (s->unit_file, 1 << 20, &old, &length);
  int status = EXIT_FAILED;
  if (write_unit (s) == 0) {
    service_control (s, true, "reset-failed", NULL, SERVICE_UNIT);
    if (service_control (s, false, "daemon-reload", NULL, NULL) == 0
        && service_control (s, true, "enable", NULL, SERVICE_UNIT) == 0
        && service_control (s, false, "restart", NULL, SERVICE_UNIT) == 0)
      status = EXIT_OK;
    else {
      print_reason (s);
      take_back (s, old, length);
    }
  }
  free (old);
  return status;
}

static void
say_done (const struct service *s)
{
  const char *prefix = s->system ? "sudo systemctl" : "systemctl --user";
  printf (PROGRAM ": installed %s\n", s->unit_file);
  printf ("It runs now%s%s%s, and again after each %s.\n", s->system ? " as user " : "", s->system ? s->user.pw_name : "",
          s->config_file ? " with the given configuration" : "", s->system ? "boot" : "login");
  printf ("  %s status " PROGRAM "\n  %s restart " PROGRAM "\n", prefix, prefix);
  printf ("  %s -u " PROGRAM " -f\n", s->system ? "sudo journalctl" : "journalctl --user");
  if (!s->system)
    printf ("To let it run without a login: sudo loginctl enable-linger %s\n", s->user.pw_name);
}

static int
run (const struct command_call *call)
{
  struct service s;
  bool system = command_given (call, "system");
  int status = EXIT_FAILED;
  if (command_given (call, "print"))
    return service_print (call, system) < 0 ? EXIT_FAILED : EXIT_OK;
  if (service_find (call, system, &s) < 0)
    return EXIT_FAILED;
  status = install (&s);
  if (status == EXIT_OK)
    say_done (&s);
  service_clear (&s);
  return status;
}

const struct command command_install = {
    .name = "install",
    .summary = "Install and start a service of systemd",
    .text = "Without --system it is the user's own service: it starts at login. A daemon\n"
            "that was started by hand is stopped first. /etc/default/kode-kronical may hold\n"
            "its environment: what a shell exported does not reach a service.",
    COMMAND_OPTIONS (options),
    .run = run,
};
