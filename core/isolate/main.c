/* The process of one isolated plugin. The daemon starts it with a socket for messages and a pipe that tells it when the daemon
 * is gone; it is of no use to people. */
#include "guest.h"

#include "sandbox.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MESSAGES = 3, LIFE = 4, DESK = 5 };

/* Whatever this process and those of its group are doing, stopped or in an endless loop: when the daemon's end of the pipe
 * closes, the kernel kills them. */
static bool
tie_to_daemon (void)
{
  return fcntl (LIFE, F_SETOWN, -getpgrp ()) == 0 && fcntl (LIFE, F_SETSIG, SIGKILL) == 0
         && fcntl (LIFE, F_SETFL, O_ASYNC) == 0;
}

int
main (void)
{
  struct desk_guest desk = {.desk = NULL};
  int type;
  socklen_t size = sizeof type;
  if (getsockopt (MESSAGES, SOL_SOCKET, SO_TYPE, &type, &size) || type != SOCK_SEQPACKET) {
    fputs ("kode-kronical-plugin-host is started by kode-kronical-daemon, for plugins that run in a process of their own\n",
           stderr);
    return 2;
  }
  sandbox_close_from (DESK + 1);
  if (!tie_to_daemon () || chdir ("/") || desk_open (&desk, DESK))
    return 1;
  close (DESK);
  fcntl (MESSAGES, F_SETFD, FD_CLOEXEC);
  fcntl (LIFE, F_SETFD, FD_CLOEXEC);
  setvbuf (stdout, NULL, _IOLBF, 0);
  signal (SIGPIPE, SIG_IGN);
  return guest_serve (MESSAGES, &desk);
}
