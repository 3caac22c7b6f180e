#include "source.h"

#include "procfile.h"
#include "scan.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { SNMP_MAX = 1 << 16, TCP_MAX = 256 << 20, ANSWER_SIZE = 32 << 10, MOST_ANSWERS = 1 << 18 };

/* To count, the kernel walks its whole table of connections: a fifth of a millisecond on a machine with 24 GB, whatever is in
 * the table, and 3 ms for each of the files of /proc. Its statistics of TCP cost a tenth of that and tell when nothing can have
 * changed; where no packet went anywhere, not even they need be read. They do not tell that the other side of a connection hung
 * up and our program has not noticed yet. */
static const int64_t SOONEST = 900000000;    /* after this long, if a connection was made or closed */
static const int64_t SEGMENTS = 5000000000;  /* if anything was sent or received */
static const int64_t AT_LEAST = 60000000000; /* in any case: some systems have statistics that do not move */

struct net_connections {
  struct procfile snmp;
  char *files[2]; /* of IPv4 and of IPv6 */
  int fd;         /* of the netlink socket; -1: none */
  uint32_t sequence;
  enum net_way way;
  bool no_netlink;
  bool no_statistics; /* they are missing, or were seen to be wrong */
  bool counted;
  int64_t counted_ns;
  uint64_t count;
  uint64_t packets;           /* when the statistics were last looked at */
  struct net_tcp_counts then; /* statistics when it was counted */
  int64_t soonest_ns;         /* after which it may be counted again */
  bool settled;               /* they have not changed since, or not enough to count again */
  char answer[ANSWER_SIZE] __attribute__ ((aligned (NLMSG_ALIGNTO)));
};

int
net_connections_open (const char *proc_root, struct net_connections **ret)
{
  struct net_connections *c = calloc (1, sizeof *c);
  if (!c)
    return -ENOMEM;
  c->fd = -1;
  /* Netlink tells of this machine; another root is one that somebody wants to know about instead. */
  c->no_netlink = strcmp (proc_root, "/proc") != 0;
  int r = procfile_init (&c->snmp, proc_root, "net/snmp");
  for (int i = 0; r == 0 && i < 2; i++)
    if (asprintf (&c->files[i], "%s/net/%s", proc_root, i == 0 ? "tcp" : "tcp6") < 0) {
      c->files[i] = NULL;
      r = -ENOMEM;
    }
  if (r < 0) {
    net_connections_close (c);
    return r;
  }
  *ret = c;
  return 0;
}

void
net_connections_close (struct net_connections *c)
{
  if (!c)
    return;
  if (c->fd >= 0)
    close (c->fd);
  procfile_close (&c->snmp);
  free (c->files[0]);
  free (c->files[1]);
  free (c);
}

enum net_way
net_connections_way (const struct net_connections *c)
{
  return c->way;
}

/* ---- Netlink ---- */

static int
open_socket (struct net_connections *c)
{
  struct timeval patience = {.tv_sec = 1};
  int fd = socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (fd < 0)
    return -errno;
  if (setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0) {
    int r = -errno;
    close (fd);
    return r;
  }
  c->fd = fd;
  return 0;
}

static int
send_request (struct net_connections *c)
{
  /* The older form of the request: one walk finds both families, the newer one needs a walk for each. */
  struct {
    struct nlmsghdr head;
    struct inet_diag_req request;
  } message = {
    .head = {.nlmsg_len = sizeof message,
             .nlmsg_type = TCPDIAG_GETSOCK,
             .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
             .nlmsg_seq = ++c->sequence},
    .request = {.idiag_family = AF_INET, .idiag_states = 1u << TCP_ESTABLISHED},
  };
  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  ssize_t n;
  do
    n = sendto (c->fd, &message, sizeof message, 0, (struct sockaddr *) &kernel, sizeof kernel);
  while (n < 0 && errno == EINTR);
  return n < 0 ? -errno : 0;
}

/* Counts in one answer of n bytes. 1: that was the last one; 0: more to come; -errno. */
static int
count_answer (const struct net_connections *c, size_t n, uint64_t *count)
{
  const char *p = c->answer;
  while (n >= sizeof (struct nlmsghdr)) {
    const struct nlmsghdr *head = (const struct nlmsghdr *) p;
    if (head->nlmsg_len < sizeof *head || head->nlmsg_len > n)
      return -EBADMSG;
    if (head->nlmsg_seq == c->sequence) {
      if (head->nlmsg_type == NLMSG_DONE)
        return 1;
      if (head->nlmsg_type == NLMSG_ERROR) {
        const struct nlmsgerr *error = (const struct nlmsgerr *) (head + 1);
        return head->nlmsg_len >= sizeof *head + sizeof *error && error->error < 0 ? error->error : -EBADMSG;
      }
      if (head->nlmsg_type == TCPDIAG_GETSOCK)
        ++*count;
    }
    size_t step = NLMSG_ALIGN (head->nlmsg_len);
    if (step >= n)
      break;
    p += step;
    n -= step;
  }
  return 0;
}

static int
ask (struct net_connections *c, uint64_t *ret)
{
  uint64_t count = 0;
  int r = send_request (c);
  for (int i = 0; r == 0 && i < MOST_ANSWERS; i++) {
    ssize_t n = recv (c->fd, c->answer, sizeof c->answer, 0);
    if (n < 0 && errno == EINTR)
      continue;
    r = n < 0 ? -errno : count_answer (c, (size_t) n, &count);
  }
  if (r == 1)
    *ret = count;
  return r == 1 ? 0 : r < 0 ? r : -EFBIG;
}

static int
count_by_netlink (struct net_connections *c, uint64_t *ret)
{
  int r = c->fd < 0 ? open_socket (c) : 0;
  if (r == 0)
    r = ask (c, ret);
  /* What may still be on its way would be taken for the next answer. */
  if (r < 0 && c->fd >= 0) {
    close (c->fd);
    c->fd = -1;
  }
  return r;
}

/* ---- Files ---- */

uint64_t
net_parse_tcp (const char *text, size_t length)
{
  const char *end = text + length;
  uint64_t count = 0;
  for (const char *p = text; p < end; p = scan_next_line (p, end)) {
    const char *word = NULL;
    size_t n = 0;
    for (int i = 0; i < 4 && (word = scan_word (&p, end, &n)); i++)
      continue;
    /* "  sl local rem st …": the state in hexadecimal; the line of titles has "rem_address" or "st" there. */
    if (word && n == 2 && memcmp (word, "01", 2) == 0)
      count++;
  }
  return count;
}

/* Piece by piece: with a million connections the file has 150 MB. */
static int
count_in_file (struct net_connections *c, const char *path, uint64_t *count)
{
  size_t have = 0;
  int r = 0, fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return -errno;
  for (;;) {
    ssize_t n = read (fd, c->answer + have, sizeof c->answer - have);
    if (n < 0 && errno == EINTR)
      continue;
    r = n < 0 ? -errno : 0;
    if (n <= 0)
      break;
    have += (size_t) n;
    const char *newline = memrchr (c->answer, '\n', have);
    /* A line as long as the buffer is none of the kernel's: it is passed over. */
    size_t whole = newline ? (size_t) (newline + 1 - c->answer) : have == sizeof c->answer ? have : 0;
    *count += net_parse_tcp (c->answer, whole);
    memmove (c->answer, c->answer + whole, have - whole);
    have -= whole;
  }
  close (fd);
  return r;
}

static int
count_by_files (struct net_connections *c, uint64_t *ret)
{
  uint64_t count = 0;
  int r = count_in_file (c, c->files[0], &count);
  if (r < 0)
    return r;
  r = count_in_file (c, c->files[1], &count);
  if (r < 0 && r != -ENOENT) /* a machine without IPv6 has no such file */
    return r;
  *ret = count;
  return 0;
}

/* ---- When to count ---- */

/* Two lines of each protocol: the names of its numbers, then the numbers. */
int
net_parse_snmp (const char *text, size_t length, struct net_tcp_counts *ret)
{
  const char *end = text + length, *names = text;
  while (names < end && !scan_starts (names, end, "Tcp: "))
    names = scan_next_line (names, end);
  const char *values = scan_next_line (names, end);
  if (!scan_starts (values, end, "Tcp: "))
    return -EBADMSG;
  struct net_tcp_counts found = {0};
  bool established = false;
  size_t n;
  names += 5;
  values += 5;
  for (const char *name; (name = scan_word (&names, end, &n));) {
    int64_t value;
    if (!scan_i64 (&values, end, &value))
      return -EBADMSG;
    if (n == 9 && memcmp (name, "CurrEstab", n) == 0) {
      found.established = (uint64_t) value;
      established = true;
    } else if ((n == 11 && memcmp (name, "ActiveOpens", n) == 0) || (n == 12 && memcmp (name, "PassiveOpens", n) == 0)
               || (n == 12 && memcmp (name, "AttemptFails", n) == 0) || (n == 11 && memcmp (name, "EstabResets", n) == 0))
      found.opened += (uint64_t) value;
    else if ((n == 6 && memcmp (name, "InSegs", n) == 0) || (n == 7 && memcmp (name, "OutSegs", n) == 0))
      found.segments += (uint64_t) value;
  }
  if (!established)
    return -EBADMSG;
  *ret = found;
  return 0;
}

static int
read_statistics (struct net_connections *c, struct net_tcp_counts *ret)
{
  int r = procfile_read (&c->snmp, SNMP_MAX);
  return r < 0 ? r : net_parse_snmp (c->snmp.data, c->snmp.len, ret);
}

enum verdict { SAME, LATER, COUNT };

/* Whether to count again, given the statistics: not at all, not yet, or now. */
static enum verdict
judge (const struct net_connections *c, const struct net_tcp_counts *now, int64_t since)
{
  if (c->no_statistics || now->established != c->then.established || now->opened != c->then.opened)
    return since >= c->soonest_ns ? COUNT : LATER;
  if (now->segments != c->then.segments)
    return since >= SEGMENTS && since >= c->soonest_ns ? COUNT : LATER;
  return SAME;
}

static int
count_now (struct net_connections *c, uint64_t *ret)
{
  if (!c->no_netlink) {
    int r = count_by_netlink (c, ret);
    if (r == 0) {
      c->way = NET_BY_NETLINK;
      return 0;
    }
    if (r != -ENOMEM && r != -ENOBUFS && r != -EAGAIN && r != -EMFILE && r != -ENFILE)
      c->no_netlink = true;
  }
  int r = count_by_files (c, ret);
  if (r == 0)
    c->way = NET_BY_FILES;
  return r;
}

static int64_t
thread_ns (void)
{
  struct timespec t;
  return clock_gettime (CLOCK_THREAD_CPUTIME_ID, &t) < 0 ? 0 : (int64_t) t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Counts, and remembers what the kernel's statistics were then. */
static int
count_anew (struct net_connections *c, int64_t mono_ns, const struct net_tcp_counts *now)
{
  struct net_tcp_counts again;
  int64_t begin = thread_ns ();
  int r = count_now (c, &c->count);
  if (r < 0)
    return r;
  /* With a hundred thousand connections it takes 80 ms: never more than a hundredth of the time. */
  int64_t soonest = (thread_ns () - begin) * 100;
  c->soonest_ns = soonest < SOONEST ? SOONEST : soonest > AT_LEAST ? AT_LEAST : soonest;
  /* The kernel's number holds all that we count. Where it stays 0 beside ours, its statistics do not move. */
  if (!c->no_statistics && !now->established && c->count && read_statistics (c, &again) == 0 && !again.established)
    c->no_statistics = true;
  c->counted = true;
  c->counted_ns = mono_ns;
  c->then = *now;
  return 0;
}

int
net_connections_count (struct net_connections *c, int64_t mono_ns, uint64_t packets, uint64_t *ret)
{
  struct net_tcp_counts now = {0};
  int64_t since = mono_ns - c->counted_ns;
  bool must = !c->counted || since < 0 || since >= AT_LEAST;
  if (!must && c->settled && packets == c->packets) {
    *ret = c->count;
    return 0;
  }
  if (!c->no_statistics && read_statistics (c, &now) < 0)
    c->no_statistics = true;
  enum verdict verdict = must ? COUNT : judge (c, &now, since);
  if (verdict == COUNT) {
    int r = count_anew (c, mono_ns, &now);
    if (r < 0)
      return r;
  }
  c->packets = packets;
  c->settled = verdict != LATER && !c->no_statistics;
  *ret = c->count;
  return 0;
}
