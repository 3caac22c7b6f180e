#include "tool-ask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_WORDS = 8, WAIT_MS = 60000, CHUNK = 4096 };

/* All that it prints, until it closes its output. Each piece may take WAIT_MS. */
static int
take_output (int fd, struct buf *out)
{
  for (;;) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int ready = poll (&p, 1, WAIT_MS);
    if (ready < 0 && errno == EINTR)
      continue;
    if (ready <= 0)
      return ready ? -errno : -ETIMEDOUT;
    char *room = buf_reserve (out, CHUNK);
    if (!room)
      return out->error;
    ssize_t n = read (fd, room, CHUNK);
    if (n < 0 && errno != EINTR)
      return -errno;
    if (n == 0)
      return 0;
    out->len += n > 0 ? (size_t) n : 0;
    out->data[out->len] = 0;
  }
}

static int
run (char *const *argv, struct buf *out)
{
  posix_spawn_file_actions_t files;
  int ends[2], status = 0;
  pid_t pid;
  if (pipe2 (ends, O_CLOEXEC) < 0)
    return -errno;
  int r = -posix_spawn_file_actions_init (&files);
  if (r == 0) {
    r = -posix_spawn_file_actions_adddup2 (&files, ends[1], STDOUT_FILENO);
    if (r == 0)
      r = -posix_spawnp (&pid, argv[0], &files, NULL, argv, environ);
    posix_spawn_file_actions_destroy (&files);
  }
  close (ends[1]);
  if (r == 0) {
    r = take_output (ends[0], out);
    if (r < 0)
      kill (pid, SIGKILL);
    while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
      ;
  }
  close (ends[0]);
  return r < 0 || out->len || !status ? r : -ECHILD;
}

int
tool_ask (const char *const *words, struct buf *out, const char **path)
{
  char *program = getenv ("KODE_KRONICAL_DAEMON"), *config = getenv ("KODE_KRONICAL_CONFIG"), *argv[MOST_WORDS + 4];
  static char name[] = "kode-kronical-daemon", option[] = "-c";
  int n = 0;
  argv[n++] = program && *program ? program : name;
  if (config && *config) {
    argv[n++] = option;
    argv[n++] = config;
  }
  for (int i = 0; i < MOST_WORDS && words[i]; i++)
    argv[n++] = (char *) (uintptr_t) words[i];
  argv[n] = NULL;
  *path = argv[0];
  out->max = TOOL_MOST;
  return run (argv, out);
}
