/* A little memory that the daemon and the process of an isolated plugin both see. Small requests and replies are laid there,
 * and a futex wakes the other side: about half of what a socket costs. What is bigger, and what is logged, takes the socket
 * beside it.
 *
 * The daemon copies what it reads here before it looks at it, once, and never reads back what it wrote: the process may write
 * anywhere at any time. */
#ifndef DESK_H
#define DESK_H

#include "buf.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

enum { DESK_SIZE = 32 << 10, DESK_HEAD = 64, DESK_ROOM = DESK_SIZE - DESK_HEAD };

struct desk {
  /* The daemon writes: */
  uint32_t asked;    /* futex: changes when there is something to do */
  uint32_t messages; /* sent over the socket so far */
  uint32_t number;   /* of the newest request that was laid here */
  uint32_t type;     /* of that request */
  uint32_t n_request;
  uint32_t at_socket; /* it waits there, and not here */
  /* The process writes: */
  uint32_t answered; /* futex: number of the newest request that was answered */
  uint32_t n_reply;  /* DESK_ELSEWHERE: it comes over the socket */
  uint32_t lines;    /* logged over the socket so far */
  /* The request, until the reply takes its place. */
  char room[DESK_ROOM] __attribute__ ((aligned (DESK_HEAD)));
};

#define DESK_ELSEWHERE UINT32_MAX

/* ---- The daemon's side ---- */

struct desk_host {
  struct desk *desk; /* NULL: none */
  uint32_t asked, messages, lines;
  bool at_socket;
};

/* Makes one; *ret_fd is for the process. 0 or -errno. */
int desk_new (struct desk_host *h, int *ret_fd);
void desk_free (struct desk_host *h);
/* Lays a request there and wakes the process; the one before must have been answered. False: it is too big. */
bool desk_ask (struct desk_host *h, uint32_t type, uint32_t number, const char *data, size_t n);
/* Has the process look at the socket, to which a message is about to be sent. */
void desk_announce (struct desk_host *h);
/* Whether the request of that number, the newest, is answered; waits for it until until_ns, but not for long. When it is not,
 * the process has been told to answer at the socket from then on, where the daemon also sees it die. */
bool desk_answered (struct desk_host *h, uint32_t number, int64_t until_ns);
/* Puts the answer that is there behind what `b` holds. -EAGAIN: it comes over the socket. -EBADMSG; -ENOMEM. */
int desk_take (const struct desk_host *h, struct buf *b);
/* Whether lines were logged since this was asked last. */
bool desk_logged (struct desk_host *h);

/* ---- The process's side ---- */

struct desk_guest {
  struct desk *desk;
  uint32_t messages, number;
};

int desk_open (struct desk_guest *g, int fd);
/* Waits for something to do. True: a request lies here; false: there is one at the socket. */
bool desk_next (struct desk_guest *g);
/* Publishes the answer to a request; `parts` NULL: it will follow over the socket. False: it is too big. *ret_knock: the daemon
 * waits at the socket. */
bool desk_answer (struct desk_guest *g, uint32_t number, const struct iovec *parts, int n, bool *ret_knock);
void desk_count_line (struct desk_guest *g);
#endif
