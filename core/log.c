#include "log.h"

#include "limit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A line is written whole or not at all by a pipe when it is no longer than PIPE_BUF. */
enum { LINE_MAX_BYTES = 4096, PREFIX_MAX = 160 };

struct log {
  pthread_mutex_t lock;
  char *path;
  int fd; /* of the file; -1: none */
  unsigned to;
  enum kk_level level;
  bool takes_stdio;
  bool torn;          /* the file ends in half a line */
  uint64_t unwritten; /* lines that the file could not take, not yet said */
  int unwritten_errno;
  struct limit limit;
  time_t stamp_second;
  char stamp[32];
};

static int64_t
monotonic_ns (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return t.tv_sec * INT64_C (1000000000) + t.tv_nsec;
}

static int
open_file (const char *path, int *ret)
{
  int fd = open (path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
  if (fd < 0)
    return -errno;
  struct stat st;
  /* Whatever the umask left of a new file's mode; an older file keeps the mode its owner gave it. */
  if (!fstat (fd, &st) && S_ISREG (st.st_mode) && !(st.st_mode & S_IWUSR))
    fchmod (fd, 0600);
  *ret = fd;
  return 0;
}

static void
point_stdio (const struct log *log)
{
  if (!log->takes_stdio || log->fd < 0)
    return;
  dup2 (log->fd, STDOUT_FILENO);
  dup2 (log->fd, STDERR_FILENO);
}

int
log_open (const char *path, unsigned to, enum kk_level level, struct log **ret)
{
  struct log *log = calloc (1, sizeof *log);
  if (!log)
    return -ENOMEM;
  *log = (struct log){.fd = -1, .to = to, .level = level};
  int r = 0;
  if (to & LOG_TO_FILE) {
    log->path = strdup (path);
    r = log->path ? open_file (path, &log->fd) : -ENOMEM;
  }
  if (!r)
    r = -pthread_mutex_init (&log->lock, NULL);
  if (r < 0) {
    if (log->fd >= 0)
      close (log->fd);
    free (log->path);
    free (log);
    return r;
  }
  *ret = log;
  return 0;
}

int
log_reopen (struct log *log)
{
  if (!(log->to & LOG_TO_FILE))
    return 0;
  int fd;
  int r = open_file (log->path, &fd);
  if (r < 0)
    return r;
  pthread_mutex_lock (&log->lock);
  int old = log->fd;
  log->fd = fd;
  log->torn = false;
  point_stdio (log);
  pthread_mutex_unlock (&log->lock);
  close (old);
  return 0;
}

void
log_take_stdio (struct log *log)
{
  pthread_mutex_lock (&log->lock);
  log->takes_stdio = true;
  point_stdio (log);
  pthread_mutex_unlock (&log->lock);
}

enum kk_level
log_level (const struct log *log)
{
  return __atomic_load_n (&log->level, __ATOMIC_RELAXED);
}

void
log_set_level (struct log *log, enum kk_level level)
{
  __atomic_store_n (&log->level, level, __ATOMIC_RELAXED);
}

uint64_t
log_suppressed (const struct log *log)
{
  struct log *l = (struct log *)log;
  pthread_mutex_lock (&l->lock);
  uint64_t n = l->limit.left_out;
  pthread_mutex_unlock (&l->lock);
  return n;
}

/* ---- Writing ---- */

/* The length of the UTF-8 character at p, or 0 when it is none or a control character, which is then written as an escape. */
static size_t
printable (const unsigned char *p)
{
  if (p[0] < 0x80)
    return p[0] >= 0x20 && p[0] != 0x7f;
  size_t n = p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : p[0] >= 0xe0 && p[0] < 0xf0 ? 3 : p[0] >= 0xf0 && p[0] < 0xf5 ? 4 : 0;
  for (size_t i = 1; i < n; i++)
    if ((p[i] & 0xc0) != 0x80)
      return 0;
  return n == 2 && p[0] == 0xc2 && p[1] < 0xa0 ? 0 : n;
}

/* Appends `text` to line[at..), escaped, and a newline; what does not fit becomes "...". */
static size_t
add_text (char *line, size_t at, const char *text)
{
  const unsigned char *p = (const unsigned char *)text;
  while (*p) {
    if (at > LINE_MAX_BYTES - 10) {
      memcpy (line + at, "...", 3);
      at += 3;
      break;
    }
    size_t n = printable (p);
    if (n) {
      memcpy (line + at, p, n);
      at += n;
      p += n;
      continue;
    }
    at += (size_t)(*p == '\n'   ? snprintf (line + at, 8, "\\n")
                   : *p == '\t' ? snprintf (line + at, 8, "\\t")
                                : snprintf (line + at, 8, "\\x%02x", *p));
    p++;
  }
  line[at++] = '\n';
  return at;
}

static const char *
level_name (enum kk_level level)
{
  return level <= KK_LOG_ERROR ? "error" : level == KK_LOG_WARNING ? "warning" : level == KK_LOG_DEBUG ? "debug" : "info";
}

static size_t
add_prefix (struct log *log, char *line, enum kk_level level, const char *instance)
{
  struct timespec now;
  clock_gettime (CLOCK_REALTIME, &now);
  if (now.tv_sec != log->stamp_second || !log->stamp[0]) {
    struct tm local;
    if (!localtime_r (&now.tv_sec, &local) || !strftime (log->stamp, sizeof log->stamp, "%Y-%m-%d %H:%M:%S", &local))
      snprintf (log->stamp, sizeof log->stamp, "@%lld", (long long)now.tv_sec);
    log->stamp_second = now.tv_sec;
  }
  int n = snprintf (line, PREFIX_MAX, "%s.%03d %-8s %.64s%s", log->stamp, (int)(now.tv_nsec / 1000000), level_name (level),
                    instance, *instance ? ": " : "");
  return n < 0 ? 0 : (size_t)n;
}

static void
write_file (struct log *log, const char *line, size_t length)
{
  if (log->torn && write (log->fd, "\n", 1) == 1)
    log->torn = false;
  ssize_t n = log->torn ? -1 : write (log->fd, line, length);
  if (n == (ssize_t)length)
    return;
  log->unwritten_errno = n < 0 ? errno : ENOSPC;
  log->unwritten++;
  log->torn = log->torn || n > 0;
}

/* Never waits long: whoever reads stderr may have stopped reading. */
static void
write_stderr (const char *line, size_t length)
{
  for (int tries = 0; length && tries < 4; tries++) {
    ssize_t n = send (STDERR_FILENO, line, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno == ENOTSOCK) {
      struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
      if (poll (&p, 1, 20) != 1 || !(p.revents & POLLOUT))
        return;
      n = write (STDERR_FILENO, line, length);
    }
    if (n < 0 && errno != EINTR && errno != EAGAIN)
      return;
    if (n > 0) {
      line += n;
      length -= (size_t)n;
    }
  }
}

static void
write_line (struct log *log, enum kk_level level, const char *instance, const char *text)
{
  char line[LINE_MAX_BYTES];
  int saved = errno;
  if (log->to & (LOG_TO_FILE | LOG_TO_STDERR)) {
    size_t n = add_text (line, add_prefix (log, line, level, instance), text);
    if (log->to & LOG_TO_FILE)
      write_file (log, line, n);
    if (log->to & LOG_TO_STDERR)
      write_stderr (line, n);
  }
  if (log->to & LOG_TO_JOURNAL) {
    int n = snprintf (line, PREFIX_MAX, "<%d>%.64s%s", (int)level, instance, *instance ? ": " : "");
    write_stderr (line, add_text (line, n < 0 ? 0 : (size_t)n, text));
  }
  errno = saved;
}

static void
say_missed (struct log *log, const char *instance, uint64_t missed)
{
  char text[96];
  snprintf (text, sizeof text, "%llu lines were left out here: too many at once", (unsigned long long)missed);
  write_line (log, KK_LOG_WARNING, instance, text);
}

static void
say_unwritten (struct log *log)
{
  uint64_t n = log->unwritten;
  if (!n || log->torn)
    return;
  char text[160];
  log->unwritten = 0;
  snprintf (text, sizeof text, "%llu lines could not be written to this log: %s", (unsigned long long)n,
            strerror (log->unwritten_errno));
  write_line (log, KK_LOG_WARNING, "", text);
  if (log->unwritten)
    log->unwritten = n;
}

static void
settle (struct log *log, int64_t now_ns)
{
  uint64_t missed;
  const char *instance;
  while ((instance = limit_settle (&log->limit, now_ns, &missed)))
    say_missed (log, instance, missed);
  say_unwritten (log);
}

void
log_text (struct log *log, enum kk_level level, const char *instance, const char *text)
{
  if (level > log_level (log))
    return;
  if (!instance)
    instance = "";
  uint64_t missed;
  pthread_mutex_lock (&log->lock);
  if (limit_take (&log->limit, instance, level == KK_LOG_DEBUG, monotonic_ns (), &missed)) {
    if (missed)
      say_missed (log, instance, missed);
    write_line (log, level, instance, text);
  }
  pthread_mutex_unlock (&log->lock);
}

void
log_at (struct log *log, enum kk_level level, const char *instance, const char *format, ...)
{
  if (level > log_level (log))
    return;
  char text[LINE_MAX_BYTES];
  va_list args;
  va_start (args, format);
  vsnprintf (text, sizeof text, format, args);
  va_end (args);
  log_text (log, level, instance, text);
}

void
log_tend (struct log *log)
{
  if ((log->to & LOG_TO_FILE) && access (log->path, F_OK) && errno == ENOENT)
    log_reopen (log);
  pthread_mutex_lock (&log->lock);
  settle (log, monotonic_ns ());
  pthread_mutex_unlock (&log->lock);
}

void
log_close (struct log *log)
{
  if (!log)
    return;
  settle (log, INT64_MAX);
  if (log->fd >= 0)
    close (log->fd);
  pthread_mutex_destroy (&log->lock);
  free (log->path);
  free (log);
}
