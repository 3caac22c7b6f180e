#include "source.h"

#include "procfile.h"
#include "scan.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { DEV_MAX = 16 << 20, COLUMNS = 16, ENOUGH_COLUMNS = 12 };

struct net_source {
  struct procfile dev;
  char *sys_root;
};

int
net_source_open (const char *proc_root, const char *sys_root, struct net_source **ret)
{
  struct net_source *s = calloc (1, sizeof *s);
  if (!s)
    return -ENOMEM;
  s->sys_root = strdup (sys_root);
  if (!s->sys_root || procfile_init (&s->dev, proc_root, "net/dev") < 0) {
    net_source_close (s);
    return -ENOMEM;
  }
  *ret = s;
  return 0;
}

void
net_source_close (struct net_source *s)
{
  if (!s)
    return;
  procfile_close (&s->dev);
  free (s->sys_root);
  free (s);
}

/* One line: a name that may hold any character but '/', a colon, and sixteen numbers, with or without a blank after the colon.
 */
static int
parse_line (const char *p, const char *line_end, struct net_list *ret)
{
  static const int column[NET_COUNTERS] = {
    [NET_BYTES_RECV] = 0, [NET_PACKETS_RECV] = 1, [NET_ERRORS_RECV] = 2,  [NET_DROPS_RECV] = 3,
    [NET_BYTES_SENT] = 8, [NET_PACKETS_SENT] = 9, [NET_ERRORS_SENT] = 10, [NET_DROPS_SENT] = 11,
  };
  uint64_t number[COLUMNS];
  int n = 0;
  scan_blanks (&p, line_end);
  const char *colon = memrchr (p, ':', (size_t) (line_end - p));
  if (!colon || colon == p || memchr (p, 0, (size_t) (colon - p)))
    return 0;
  for (const char *at = colon + 1; n < COLUMNS && scan_u64 (&at, line_end, &number[n]);)
    n++;
  if (n < ENOUGH_COLUMNS || colon - p >= NET_NAME_SIZE || ret->n >= NET_MOST_INTERFACES)
    return 0;
  struct net_interface *i = net_list_add (ret, p, (size_t) (colon - p));
  if (!i)
    return -ENOMEM;
  for (int c = 0; c < NET_COUNTERS; c++)
    i->count[c] = number[column[c]];
  return 0;
}

int
net_parse_dev (const char *text, size_t length, struct net_list *ret)
{
  const char *end = text + length, *next;
  ret->n = 0;
  if (!scan_starts (text, end, "Inter-|"))
    return -EBADMSG;
  for (const char *p = scan_next_line (text, end); p < end; p = next) {
    next = scan_next_line (p, end);
    int r = parse_line (p, next, ret);
    if (r < 0)
      return r;
  }
  return 0;
}

int
net_source_read (struct net_source *s, struct net_list *ret)
{
  int r = procfile_read (&s->dev, DEV_MAX);
  return r < 0 ? r : net_parse_dev (s->dev.data, s->dev.len, ret);
}

static bool
has_entry (const struct net_source *s, const char *name, const char *entry)
{
  char path[4096];
  int n = snprintf (path, sizeof path, "%s/class/net/%s/%s", s->sys_root, name, entry);
  return n > 0 && (size_t) n < sizeof path && access (path, F_OK) == 0;
}

/* The file of all interfaces has no numbers. Netlink would give numbers, names and counters in one answer, but takes three
 * times as long as that file; and an interface that was made again shows by its counters, which begin at 0. So the numbers are
 * asked for only when the list of names changed or a counter fell. */
static uint64_t
read_index (const struct net_source *s, const char *name)
{
  struct procfile f;
  char entry[NET_NAME_SIZE + 32];
  uint64_t index = 0;
  snprintf (entry, sizeof entry, "class/net/%s/ifindex", name);
  if (procfile_init (&f, s->sys_root, entry) < 0)
    return 0;
  if (procfile_read (&f, 64) == 0) {
    const char *p = f.data;
    if (!scan_u64 (&p, p + f.len, &index))
      index = 0;
  }
  procfile_close (&f);
  return index;
}

void
net_source_look (struct net_source *s, struct net_interface *i)
{
  i->index = 0;
  i->physical = false;
  if (strchr (i->name, '/') || i->name[0] == '.')
    return;
  i->index = read_index (s, i->name);
  /* What is made by software alone has no device: lo, bridges, bonds, veth, tunnels, VLANs. A device under a master that is a
   * device too is the fast lane of a virtual one (Hyper-V), whose counters hold those of both. */
  i->physical = has_entry (s, i->name, "device") && !has_entry (s, i->name, "master/device");
}
