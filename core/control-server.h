/* The daemon's side of the control socket. It belongs to the main thread, which waits on its descriptor; only
 * control_server_sample may be called from elsewhere. */
#ifndef CONTROL_SERVER_H
#define CONTROL_SERVER_H

#include "buf.h"
#include "log.h"

#include <json-c/json.h>
#include <stdbool.h>

struct control_server;

/* Which samples: the last ones, and of these some tables. */
struct control_question {
  uint64_t last;
  const char *const *tables; /* NULL: all */
  size_t n_tables;
};

/* What the commands do; `arg` is given back to each. An answer is one line of JSON without its newline. */
struct control_commands {
  void (*status) (void *arg, struct buf *answer);
  /* A line with its newline: tables and fields of the newest sample (schema-text.h). -ENODATA: there is none yet. */
  int (*schema) (void *arg, struct buf *answer);
  /* What is configured, as describe_plan says it. -ENOENT: `instance` is not NULL, and not on. */
  int (*config) (void *arg, const char *instance, bool json, struct buf *text);
  /* Lines, one per sample, each with its newline. */
  int (*samples) (void *arg, const struct control_question *question, struct buf *lines, uint64_t *ret_n);
  /* Adds what there is to say to the answer. 0, or -errno with a sentence in *reason (the caller's to free). */
  int (*reload) (void *arg, bool dry, struct json_object *answer, char **reason);
  void (*stop) (void *arg);
  void *arg;
};

int control_server_new (const char *data_dir, struct log *log, const struct control_commands *commands, struct control_server **ret);
/* Closes everything and removes the socket, unless it is another's by now. */
void control_server_free (struct control_server *s);
int control_server_fd (const struct control_server *s);  /* readable: call control_server_work */
void control_server_work (struct control_server *s);     /* never waits */
/* Makes the socket again when it is gone, with its directory or without. 0: it was there; 1: made; -errno. */
int control_server_tend (struct control_server *s);
/* Gives a sample to whoever follows. Any thread; costs nothing while nobody does. */
void control_server_sample (struct control_server *s, const struct kk_sample *sample);
#endif
