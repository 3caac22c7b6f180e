/* An instance of the input exec. */
#ifndef EXEC_H
#define EXEC_H

#include "child.h"
#include "limits.h"
#include "parse.h"

enum { EXEC_ONCE, EXEC_STREAM };
#define EXEC_SECOND_NS INT64_C (1000000000)

struct exec_config {
  struct kk_list command, fields;
  struct exec_limits limits;
  int32_t mode, format;
  int64_t timeout_ns, max_output;
  uint64_t declared; /* what declare made of this config, by exec_schema_print; 0: it was not asked. No option. */
};

struct exec {
  struct kk_instance *self;
  const struct exec_config *config;
  char *data_dir; /* the program's own directory */
  struct exec_schema *schema;
  struct exec_values values;
  struct exec_parser parser;
  struct exec_child child;
  int64_t started_ns, next_start_ns, warned_since_ns;
  uint64_t restarts, said_refused;
  uint32_t back_off_s, warnings, random;
  bool flooded, silent, said_held, partial;
  char last_words[160]; /* the program's last line on stderr */
  char said[400];       /* the failure that was logged */
  char advice[240];     /* what may be behind it */
};

/* ---- report.c ---- */

/* A failure; each is one message, however often it comes. */
__attribute__ ((format (printf, 2, 3))) void exec_fail (struct exec *x, const char *format, ...);
/* The program has ended as it should not; `then`: what comes of it. */
void exec_fail_by_status (struct exec *x, int status, const char *then);
void exec_succeed (struct exec *x);
/* What could not be taken, and what holds the program in, in `status`. */
void exec_say_refused (struct exec *x);
void exec_say_held (struct exec *x);
/* Which write_paths are of no use. */
void exec_say_missing (struct exec *x);
/* exec_line for its errors. */
void exec_take_complaint (void *data, const char *line, size_t n);

/* ---- run.c ---- */

/* Starts the long-lived program unless it runs, or is to wait. */
void exec_start_stream (struct exec *x);
/* One reading: 0, KK_HELD or -errno. */
int exec_read_stream (struct exec *x, struct kk_rows *out);
int exec_read_once (struct exec *x, struct kk_rows *out);
#endif
