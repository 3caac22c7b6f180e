/* The daemon's log: one line an event, with time, level, the instance it is about, and the message.
 *
 *   2026-03-01 12:00:00.123 warning  net: cannot read /proc/net/dev: Permission denied
 *
 * To a file, to stderr, or both; to the journal as stderr lines with a priority prefix. Rate-limited per instance: what is left
 * out is counted and said in one line. Any thread may write. */
#ifndef LOG_H
#define LOG_H

#include <kode-kronical/plugin.h>

struct log;

enum log_to {
  LOG_TO_FILE = 1 << 0,
  LOG_TO_STDERR = 1 << 1,
  LOG_TO_JOURNAL = 1 << 2, /* stderr with "<4>" before each line and no time, as systemd reads it */
};

/* `path` is needed with LOG_TO_FILE; made with mode 0600. -errno when it cannot be opened; nothing is left behind then. */
int log_open (const char *path, unsigned to, enum kk_level level, struct log **ret);
int log_reopen (struct log *log); /* after logrotate; -errno: the old file goes on being used */
void log_close (struct log *log);
/* What the process itself or a library prints to stdout and stderr goes to the file too, also after a reopen. */
void log_take_stdio (struct log *log);
/* To be called now and then: makes a file anew that is gone, says what was left out or could not be written, once that is
 * possible again. */
void log_tend (struct log *log);
enum kk_level log_level (const struct log *log);
void log_set_level (struct log *log, enum kk_level level);
/* Lines left out by the rate limit so far. */
uint64_t log_suppressed (const struct log *log);

/* `instance` NULL: the daemon itself. A newline or control character in the text is written as an escape. */
void log_text (struct log *log, enum kk_level level, const char *instance, const char *text);
__attribute__ ((format (printf, 4, 5))) void log_at (struct log *log, enum kk_level level, const char *instance,
                                                     const char *format, ...);
#define log_error(log, ...) log_at (log, KK_LOG_ERROR, NULL, __VA_ARGS__)
#define log_warn(log, ...) log_at (log, KK_LOG_WARNING, NULL, __VA_ARGS__)
#define log_info(log, ...) log_at (log, KK_LOG_INFO, NULL, __VA_ARGS__)
#define log_debug(log, ...) log_at (log, KK_LOG_DEBUG, NULL, __VA_ARGS__)
#endif
