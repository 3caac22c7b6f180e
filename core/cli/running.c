#include "cli/running.h"

#include "cli/command.h"
#include "control.h"
#include "notify.h"
#include "path.h"

#include <errno.h>
#include <json.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *
base_name (const char *path)
{
  const char *slash = strrchr (path, '/');
  return slash ? slash + 1 : path;
}

/* A word of the command line that only the Python library's daemon has: its script, or its module. */
static bool
is_python_script (const char *word, const char *before)
{
  const char *name = base_name (word);
  if (!strcmp (name, PROGRAM) || !strcmp (name, PROGRAM ".py") || !strcmp (name, PROGRAM "-script.py"))
    return true;
  if (!strcmp (before, "-m"))
    return !strncmp (word, "kode_kronical", strlen ("kode_kronical"));
  return strstr (word, "/kode_kronical/") && strstr (name, "daemon");
}

bool
running_is_python_daemon (pid_t pid)
{
  char *line;
  size_t length;
  if (process_command_line (pid, &line, &length) < 0)
    return false;
  bool found = false;
  const char *before = "";
  if (!strncmp (base_name (line), "python", 6) || !strncmp (base_name (line), "pypy", 4))
    for (const char *word = line + strlen (line) + 1; !found && word < line + length; word += strlen (word) + 1) {
      found = is_python_script (word, before);
      before = word;
    }
  free (line);
  return found;
}

int
running_ask (const char *data_dir, const char *question, int timeout_ms, struct json_object **ret)
{
  struct control_client *c;
  char *line = NULL;
  int r = control_connect (data_dir, timeout_ms, &c);
  if (r < 0)
    return r;
  r = control_send (c, question);
  if (!r)
    r = control_receive (c, timeout_ms, &line);
  control_disconnect (c);
  if (r < 0)
    return r;
  struct json_object *answer = json_tokener_parse (line);
  free (line);
  if (!json_object_is_type (answer, json_type_object)) {
    json_object_put (answer);
    return -EPROTO;
  }
  *ret = answer;
  return 0;
}

/* A daemon whose lock file was removed a moment ago still listens. */
static int
find_by_socket (const char *data_dir, struct process_id *ret)
{
  struct json_object *answer, *pid;
  int r = running_ask (data_dir, "{\"command\":\"status\"}", 2000, &answer);
  if (r < 0)
    return r;
  r = json_object_object_get_ex (answer, "pid", &pid) ? process_find ((pid_t)json_object_get_int (pid), ret) : -EPROTO;
  json_object_put (answer);
  return r;
}

static int
look_at_pid_file (const char *path, struct running *r)
{
  pid_t pid = 0;
  int e = pidfile_read (path, &pid);
  if (e == -ENOENT || e == -ENOTDIR)
    return 0;
  if (e == -EISDIR)
    e = -EINVAL;
  if (e < 0 && e != -EINVAL)
    return e;
  if (!e && running_is_python_daemon (pid) && process_find (pid, &r->id) == 0) {
    r->state = RUNNING_PYTHON;
    holder_clear (&r->holder);
    r->holder.unit = notify_unit_of (pid, &r->holder.user_unit);
    return 0;
  }
  if (r->stale_file)
    return 0;
  r->stale_file = strdup (path);
  if (!r->stale_file)
    return -ENOMEM;
  r->state = RUNNING_STALE;
  r->stale_pid = pid;
  return 0;
}

static int
look_without_lock (const struct places *places, struct running *r)
{
  char *python_file;
  if (find_by_socket (places->data_dir, &r->id) == 0) {
    r->state = RUNNING_OURS;
    return 0;
  }
  int e = look_at_pid_file (places->pid_file, r);
  if (e < 0 || r->state == RUNNING_PYTHON)
    return e;
  e = path_join (places->data_dir, "daemon.pid", &python_file);
  if (e < 0)
    return e;
  if (strcmp (python_file, places->pid_file))
    e = look_at_pid_file (python_file, r);
  free (python_file);
  return e;
}

int
running_find (const struct places *places, struct running *ret)
{
  *ret = (struct running){.state = RUNNING_NONE};
  int r = lock_holder (places->data_dir, &ret->holder);
  /* Whoever has just taken the lock describes himself at once. */
  for (int tries = 0; r == -ESRCH && tries < 25; tries++) {
    holder_clear (&ret->holder);
    nanosleep (&(struct timespec){.tv_nsec = 20000000}, NULL);
    r = lock_holder (places->data_dir, &ret->holder);
  }
  if (r == -ENOTDIR)
    r = -ENOENT;
  if (r == 0) {
    ret->state = RUNNING_OURS;
    ret->id = ret->holder.id;
  } else if (r == -ESRCH) {
    ret->state = RUNNING_HIDDEN;
    r = 0;
  } else if (r == -ENOENT) {
    r = look_without_lock (places, ret);
  }
  if (r < 0)
    running_clear (ret);
  return r;
}

void
running_clear (struct running *r)
{
  holder_clear (&r->holder);
  free (r->stale_file);
  *r = (struct running){.state = RUNNING_NONE};
}

void
running_print_systemctl (const struct holder *holder, const char *verb)
{
  fprintf (stderr, "  %ssystemctl %s%s %s\n", holder->user_unit || !geteuid () ? "" : "sudo ",
           holder->user_unit ? "--user " : "", verb, holder->unit);
}
