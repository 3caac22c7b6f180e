/* The net input: what went through the network interfaces, all together and on request one by one, and TCP connections. */
#include <kode-kronical/plugin.h>

#include "source.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>

struct config {
  struct kk_list interfaces;
  bool connections, rates, physical, per_interface;
  const char *proc_root, *sys_root;
};

static const struct kk_option options[] = {
  KK_OPT_LIST ("interfaces", struct config, interfaces, .def = "[]",
               .help = "Interfaces to count, by name or pattern; \"!pattern\" leaves out; none: all, lo too"),
  KK_OPT_BOOL ("connections", struct config, connections, .def = "true", .help = "Count the established TCP connections"),
  KK_OPT_BOOL ("rates", struct config, rates, .def = "true", .help = "Record bytes per second beside the counters"),
  KK_OPT_BOOL ("physical", struct config, physical, .def = "true",
               .help =
                 "Record totals of real lines alone, where nothing is counted twice: no lo, bridges, bonds, veth, tunnels"),
  KK_OPT_BOOL ("per_interface", struct config, per_interface, .def = "false",
               .help = "Record every interface by itself, in the table interfaces"),
  KK_OPT_PATH ("proc_root", struct config, proc_root, .def = "/proc", .flags = KK_ADVANCED,
               .help = "Where the proc file system is mounted"),
  KK_OPT_PATH ("sys_root", struct config, sys_root, .def = "/sys", .flags = KK_ADVANCED,
               .help = "Where the sys file system is mounted"),
};

#define COUNTER(name_, unit_, help_, ...) KK_U64 (name_, unit_, KK_COUNTER, .help = help_, __VA_ARGS__)
#define RATE(name_, help_, ...)           KK_F64 (name_, "By/s", KK_GAUGE, .decimals = 1, .help = help_, __VA_ARGS__)

enum {
  BYTES_SENT,
  BYTES_RECV,
  PACKETS_SENT,
  PACKETS_RECV,
  CONNECTIONS,
  RATE_SENT,
  RATE_RECV,
  PHYSICAL_SENT,
  PHYSICAL_RECV,
};
static const struct kk_field network_fields[] = {
  [BYTES_SENT] = COUNTER ("bytes_sent", "By", "Bytes sent over all chosen interfaces"),
  [BYTES_RECV] = COUNTER ("bytes_recv", "By", "Bytes received over all chosen interfaces"),
  [PACKETS_SENT] = COUNTER ("packets_sent", "1", "Packets sent over all chosen interfaces"),
  [PACKETS_RECV] = COUNTER ("packets_recv", "1", "Packets received over all chosen interfaces"),
  [CONNECTIONS] = KK_U64 ("active_connections", "1", KK_GAUGE, .only_if = "connections",
                          .help = "Established TCP connections, IPv4 and IPv6"),
  [RATE_SENT] = RATE ("bytes_sent_per_s", "Bytes sent per second since the last reading", .only_if = "rates"),
  [RATE_RECV] = RATE ("bytes_recv_per_s", "Bytes received per second since the last reading", .only_if = "rates"),
  [PHYSICAL_SENT] = COUNTER ("physical_bytes_sent", "By", "Bytes sent over real lines alone", .only_if = "physical"),
  [PHYSICAL_RECV] = COUNTER ("physical_bytes_recv", "By", "Bytes received over real lines alone", .only_if = "physical"),
};

enum { IF_RATE_SENT = NET_COUNTERS, IF_RATE_RECV, IF_PHYSICAL };
static const struct kk_field interface_fields[] = {
  [NET_BYTES_RECV] = COUNTER ("bytes_recv", "By", "Bytes received"),
  [NET_PACKETS_RECV] = COUNTER ("packets_recv", "1", "Packets received"),
  [NET_ERRORS_RECV] = COUNTER ("errors_recv", "1", "Packets received broken"),
  [NET_DROPS_RECV] = COUNTER ("drops_recv", "1", "Packets received and thrown away"),
  [NET_BYTES_SENT] = COUNTER ("bytes_sent", "By", "Bytes sent"),
  [NET_PACKETS_SENT] = COUNTER ("packets_sent", "1", "Packets sent"),
  [NET_ERRORS_SENT] = COUNTER ("errors_sent", "1", "Packets that could not be sent"),
  [NET_DROPS_SENT] = COUNTER ("drops_sent", "1", "Packets thrown away before they were sent"),
  [IF_RATE_SENT] = RATE ("bytes_sent_per_s", "Bytes sent per second since the last reading"),
  [IF_RATE_RECV] = RATE ("bytes_recv_per_s", "Bytes received per second since the last reading"),
  [IF_PHYSICAL] = KK_BOOL ("physical", .help = "A real line, not one made by software"),
};

enum { NETWORK, INTERFACES };
static const struct kk_table tables[] = {
  [NETWORK] = KK_SINGLE ("network", network_fields, "What went through the network since boot"),
  [INTERFACES] = KK_KEYED ("interfaces", "interface", KK_STRING_KEY, interface_fields, "One row per chosen network interface",
                           .only_if = "per_interface", .max_rows = 4096),
};

struct net {
  struct kk_instance *self;
  const struct config *config;
  struct net_source *source;
  struct net_connections *connections;
  struct net_list now, before;
  int64_t before_ns;
  enum net_way said_way;
  bool said_dev, said_connections;
};

static bool
is_chosen (const struct config *config, const char *name)
{
  bool wanted = false, any = false;
  for (uint32_t i = 0; i < config->interfaces.count; i++) {
    const char *pattern = config->interfaces.items[i];
    bool out = pattern[0] == '!';
    bool match = fnmatch (pattern + out, name, 0) == 0;
    if (out && match)
      return false;
    any |= !out;
    wanted |= match;
  }
  return wanted || !any;
}

/* Reads into s->now, and finds out how it follows on s->before. */
static int
read_list (struct net *s)
{
  int r = net_source_read (s->source, &s->now);
  if (r < 0) {
    if (!s->said_dev)
      kk_error (s->self, "cannot read %s/net/dev: %s", s->config->proc_root, strerror (-r));
    s->said_dev = true;
    return r;
  }
  s->said_dev = false;
  if (net_follow (&s->now, &s->before))
    return 0;
  for (uint32_t i = 0; i < s->now.n; i++) {
    struct net_interface *at = &s->now.at[i];
    net_source_look (s->source, at);
    at->chosen = is_chosen (s->config, at->name);
  }
  net_match (&s->now, &s->before);
  return 0;
}

/* What was read becomes what the next reading is compared with. */
static void
keep_list (struct net *s, int64_t mono_ns)
{
  struct net_list old = s->before;
  s->before = s->now;
  s->now = old;
  s->before_ns = mono_ns;
}

static void
net_destroy (void *state)
{
  struct net *s = state;
  net_source_close (s->source);
  net_connections_close (s->connections);
  net_list_free (&s->now);
  net_list_free (&s->before);
  free (s);
}

static int
net_create (struct kk_instance *self, const void *config, void **state)
{
  struct kk_time time;
  struct net_totals totals;
  struct net *s = calloc (1, sizeof *s);
  if (!s)
    return -ENOMEM;
  s->self = self;
  s->config = config;
  int r = net_source_open (s->config->proc_root, s->config->sys_root, &s->source);
  if (r == 0 && s->config->connections)
    r = net_connections_open (s->config->proc_root, &s->connections);
  kk_now (self, &time);
  if (r == 0)
    r = read_list (s);
  if (r < 0) {
    net_destroy (s);
    return r;
  }
  net_sum (&s->now, &totals);
  if (!totals.n && s->now.n)
    kk_warn (self, "none of the %u network interfaces is one of those to count: see the option interfaces", s->now.n);
  keep_list (s, time.mono_ns);
  *state = s;
  return 0;
}

/* Why no rate can be formed over this reading, or KK_PRESENT. */
static uint32_t
no_rate (const struct net *s, const struct kk_time *time)
{
  if (time->after == KK_GAP || time->after == KK_SUSPEND)
    return time->after;
  return time->mono_ns > s->before_ns ? KK_PRESENT : KK_FIRST;
}

static void
put_rate (struct kk_row *row, uint32_t field, uint32_t absent, uint64_t delta, int64_t span_ns)
{
  if (absent)
    kk_absent (row, field, (enum kk_absent) absent);
  else
    kk_f64 (row, field, (double) delta * 1e9 / (double) span_ns);
}

static void
put_connections (struct net *s, struct kk_row *row, int64_t mono_ns, uint64_t packets)
{
  uint64_t count;
  int r = net_connections_count (s->connections, mono_ns, packets, &count);
  if (r < 0) {
    if (!s->said_connections)
      kk_warn (s->self, "cannot count TCP connections in %s/net/tcp: %s", s->config->proc_root, strerror (-r));
    s->said_connections = true;
    kk_absent (row, CONNECTIONS, KK_ERROR);
    return;
  }
  s->said_connections = false;
  kk_u64 (row, CONNECTIONS, count);
  enum net_way way = net_connections_way (s->connections);
  if (way == NET_BY_FILES && s->said_way != way && strcmp (s->config->proc_root, "/proc") == 0)
    kk_info (s->self,
             "this kernel does not list TCP connections by netlink (tcp_diag): /proc/net/tcp is read, which costs more");
  s->said_way = way;
}

static void
put_interface (struct kk_rows *out, const struct net_interface *i, uint32_t absent, int64_t span_ns)
{
  struct kk_row *row = kk_row (out, INTERFACES, i->name, i->index);
  for (uint32_t c = 0; c < NET_COUNTERS; c++)
    kk_u64 (row, c, i->count[c]);
  if (!absent)
    absent = !i->known ? KK_FIRST : net_fell (i) ? KK_RESET : KK_PRESENT;
  put_rate (row, IF_RATE_SENT, absent, i->count[NET_BYTES_SENT] - i->before[NET_BYTES_SENT], span_ns);
  put_rate (row, IF_RATE_RECV, absent, i->count[NET_BYTES_RECV] - i->before[NET_BYTES_RECV], span_ns);
  kk_bool (row, IF_PHYSICAL, i->physical);
}

static void
put_totals (struct net *s, struct kk_row *row, const struct net_totals *t, uint32_t absent, int64_t span_ns)
{
  kk_u64 (row, BYTES_SENT, t->count[NET_BYTES_SENT]);
  kk_u64 (row, BYTES_RECV, t->count[NET_BYTES_RECV]);
  kk_u64 (row, PACKETS_SENT, t->count[NET_PACKETS_SENT]);
  kk_u64 (row, PACKETS_RECV, t->count[NET_PACKETS_RECV]);
  if (s->config->rates) {
    if (!absent && t->fell)
      absent = KK_RESET;
    put_rate (row, RATE_SENT, absent, t->sent_delta, span_ns);
    put_rate (row, RATE_RECV, absent, t->recv_delta, span_ns);
  }
  /* In a container there may be none: then there is nothing to say, rather than 0. */
  if (s->config->physical && t->n_physical) {
    kk_u64 (row, PHYSICAL_SENT, t->physical[NET_BYTES_SENT]);
    kk_u64 (row, PHYSICAL_RECV, t->physical[NET_BYTES_RECV]);
  }
}

static int
net_read (void *state, struct kk_rows *out)
{
  struct net *s = state;
  struct kk_time time;
  struct net_totals totals;
  kk_read_time (out, &time);
  int r = read_list (s);
  if (r < 0)
    return r;
  uint32_t absent = no_rate (s, &time);
  int64_t span_ns = time.mono_ns - s->before_ns;
  struct kk_row *row = kk_row (out, NETWORK, NULL, 0);
  net_sum (&s->now, &totals);
  put_totals (s, row, &totals, absent, span_ns);
  if (s->config->connections)
    put_connections (s, row, time.mono_ns, totals.packets);
  for (uint32_t i = 0; s->config->per_interface && i < s->now.n; i++)
    if (s->now.at[i].chosen)
      put_interface (out, &s->now.at[i], absent, span_ns);
  keep_list (s, time.mono_ns);
  return 0;
}

KK_PLUGIN (.kind = KK_INPUT, .name = "net", .version = "1.0", .summary = "Network traffic and TCP connections",
           KK_OPTIONS (options), KK_TABLES (tables), .config_size = sizeof (struct config), .create = net_create,
           .read = net_read, .destroy = net_destroy);
