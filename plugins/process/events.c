#include "events.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  RECEIVE_BYTES = 4 << 20, /* some thousand events */
  BATCH = 32,
  MOST_BATCHES = 512, /* a tick; what is more counts as lost */
  MESSAGE_SIZE = 128,
};

/* Where things stand in a message: behind the two headers, and in the event's data. */
enum {
  AT_CONNECTOR = NLMSG_HDRLEN,
  AT_EVENT = AT_CONNECTOR + sizeof (struct cn_msg),
  AT_DATA = AT_EVENT + offsetof (struct proc_event, event_data),
};

/* Passes a process's exec and new name, and the answer to our request; what threads do, starts and ends never reach us. */
static int
attach_filter (int fd)
{
  struct sock_filter code[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, AT_EVENT),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, htonl (PROC_EVENT_NONE), 6, 0),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, htonl (PROC_EVENT_EXEC), 5, 0),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, htonl (PROC_EVENT_COMM), 0, 5),
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, AT_DATA), /* the thread, then its process */
    BPF_STMT (BPF_MISC | BPF_TAX, 0),
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, AT_DATA + 4),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_X, 0, 0, 1),
    BPF_STMT (BPF_RET | BPF_K, UINT32_MAX),
    BPF_STMT (BPF_RET | BPF_K, 0),
  };
  struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};
  return setsockopt (fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) < 0 ? -errno : 0;
}

static int
ask (int fd, enum proc_cn_mcast_op op)
{
  char message[AT_EVENT + sizeof op] __attribute__ ((aligned (NLMSG_ALIGNTO))) = {0};
  struct nlmsghdr header = {.nlmsg_len = sizeof message, .nlmsg_type = NLMSG_DONE};
  struct cn_msg connector = {.id = {.idx = CN_IDX_PROC, .val = CN_VAL_PROC}, .len = sizeof op};
  memcpy (message, &header, sizeof header);
  memcpy (message + AT_CONNECTOR, &connector, sizeof connector);
  memcpy (message + AT_EVENT, &op, sizeof op);
  return send (fd, message, sizeof message, 0) < 0 ? -errno : 0;
}

/* One message: the PID that it is about in *ret, or 0. 1: our request is granted. */
static int
read_message (const char *message, size_t length, uint32_t *ret)
{
  *ret = 0;
  struct cn_msg connector;
  struct proc_event event = {0};
  if (length < AT_DATA)
    return 0;
  memcpy (&connector, message + AT_CONNECTOR, sizeof connector);
  if (connector.id.idx != CN_IDX_PROC || connector.id.val != CN_VAL_PROC)
    return 0;
  size_t size = length - AT_EVENT;
  memcpy (&event, message + AT_EVENT, size < sizeof event ? size : sizeof event);
  switch (event.what) {
  case PROC_EVENT_EXEC:
    *ret = (uint32_t) event.event_data.exec.process_tgid;
    return 0;
  case PROC_EVENT_COMM:
    *ret = (uint32_t) event.event_data.comm.process_tgid;
    return 0;
  case PROC_EVENT_NONE:
    return event.event_data.ack.err == 0;
  default:
    return 0;
  }
}

/* What has arrived, into `list` unless that is NULL. 0, -errno; *granted: our request is. */
static int
receive (int fd, struct pid_list *list, bool *granted)
{
  char data[BATCH][MESSAGE_SIZE] __attribute__ ((aligned (NLMSG_ALIGNTO)));
  struct sockaddr_nl from[BATCH];
  struct iovec parts[BATCH];
  struct mmsghdr messages[BATCH];
  for (unsigned i = 0; i < BATCH; i++) {
    parts[i] = (struct iovec){.iov_base = data[i], .iov_len = sizeof data[i]};
    messages[i].msg_hdr =
      (struct msghdr){.msg_name = &from[i], .msg_namelen = sizeof from[i], .msg_iov = &parts[i], .msg_iovlen = 1};
  }
  for (unsigned batch = 0; batch < MOST_BATCHES; batch++) {
    int n = recvmmsg (fd, messages, BATCH, MSG_DONTWAIT, NULL);
    if (n < 0)
      return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    for (int i = 0; i < n; i++) {
      uint32_t pid;
      if (from[i].nl_pid != 0)
        continue; /* not from the kernel */
      if (read_message (data[i], messages[i].msg_len, &pid) && granted)
        *granted = true;
      if (pid > 0 && list && pid_list_add (list, pid) < 0)
        return -ENOBUFS;
    }
    if (n < BATCH)
      return 0;
  }
  return -ENOBUFS;
}

int
events_open (int *ret)
{
  int fd = socket (AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR);
  if (fd < 0)
    return -errno;
  struct sockaddr_nl to = {.nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC};
  int bytes = RECEIVE_BYTES;
  if (setsockopt (fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0)
    setsockopt (fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes); /* what the system allows will do */
  int error = attach_filter (fd);
  if (error == 0 && bind (fd, (struct sockaddr *) &to, sizeof to) < 0)
    error = -errno;
  if (error == 0)
    error = ask (fd, PROC_CN_MCAST_LISTEN);
  bool granted = false;
  /* The kernel answers before send returns; outside of the host's own namespaces it never does. */
  if (error == 0)
    error = receive (fd, NULL, &granted);
  if (error == 0 && !granted) {
    ask (fd, PROC_CN_MCAST_IGNORE);
    error = -EOPNOTSUPP;
  }
  if (error < 0) {
    close (fd);
    return error;
  }
  *ret = fd;
  return 0;
}

void
events_close (int fd)
{
  if (fd < 0)
    return;
  ask (fd, PROC_CN_MCAST_IGNORE); /* older kernels go on producing events for nobody without this */
  close (fd);
}

int
events_take (int fd, struct pid_list *list)
{
  return receive (fd, list, NULL);
}
