/* The plugin's side of isolation, in plugin-host: loads one plugin and does what the daemon asks for over a socket. */
#ifndef GUEST_H
#define GUEST_H

#include "../descriptor.h"
#include "../sample.h"
#include "desk.h"
#include "wire.h"

#include <pthread.h>

enum { GUEST_SCHEMAS = 8, GUEST_BINDINGS = 32 };

struct guest;

struct guest_row {
  struct kk_row face;
  struct guest *guest;
  uint32_t table;
  uint32_t rows;
  bool lost; /* its newest row is not sent: there were too many */
};

struct guest_schema {
  uint64_t id; /* in the daemon */
  struct schema *schema;
  struct sample *last; /* what the next one differs from */
};

struct guest_binding {
  uint32_t id;
  bool used;
  struct schema *schema;
  void *of_filter;
};

struct guest {
  struct kk_instance face;
  struct kk_rows rows;
  struct kk_emit emit;
  struct kk_host host;
  int fd;
  struct desk_guest desk;
  uint32_t level;
  struct descriptor *d;
  uint32_t n_tables; /* with those declared for this config, which the daemon knows */
  char *name, *data_dir;
  int64_t interval_ns, deadline_ns;
  void *config, *state;
  bool created;
  struct kk_time time; /* of the read under way */
  uint32_t table;      /* whose row the fields recorded last belong to */
  uint32_t emits;
  const struct sample *in; /* what is being filtered */
  struct guest_row *handles, nowhere;
  struct guest_schema schemas[GUEST_SCHEMAS];
  uint32_t n_schemas;
  struct guest_binding bindings[GUEST_BINDINGS];
  struct buf calls;
  pthread_mutex_t lock; /* guards what follows: any thread of the plugin logs */
  struct buf statuses;
  uint32_t lines; /* logged since the last request */
  uint64_t left_out;
};

/* Serves until the other end closes or says so; an exit status. */
int guest_serve (int fd, const struct desk_guest *desk);
/* guest-open.c: serves WIRE_OPEN, as guest_judge does. */
int guest_open (struct guest *g, struct wire *w, struct buf *ret, int32_t *ret_result);
/* guest-judge.c: serves WIRE_CHECK and WIRE_DECLARE; *ret_result and what follows it in the reply. -errno: no sense in going
 * on. */
int guest_judge (struct guest *g, uint32_t type, struct wire *w, struct buf *ret, int32_t *ret_result);
/* guest-host.c: the functions that the plugin calls. */
void guest_host_functions (struct guest *g);
void guest_begin (struct guest *g, uint32_t level); /* a request */
#endif
