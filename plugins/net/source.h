/* What the net input asks the operating system; linux.c and connections.c answer. */
#ifndef NET_SOURCE_H
#define NET_SOURCE_H

#include "traffic.h"

struct net_source;

int net_source_open (const char *proc_root, const char *sys_root, struct net_source **ret); /* 0 or -ENOMEM */
void net_source_close (struct net_source *s);                                               /* NULL is fine */
/* Fills the list with names and counters. */
int net_source_read (struct net_source *s, struct net_list *ret);
/* Asks what else there is to know of an interface: its number, and whether it is physical. */
void net_source_look (struct net_source *s, struct net_interface *i);

/* Established TCP connections, of IPv4 and IPv6. */
struct net_connections;

enum net_way { NET_NO_WAY, NET_BY_NETLINK, NET_BY_FILES };

int net_connections_open (const char *proc_root, struct net_connections **ret); /* 0 or -ENOMEM */
void net_connections_close (struct net_connections *c);                         /* NULL is fine */
/* `mono_ns`: the time of this reading; `packets`: how many went through all interfaces until then. */
int net_connections_count (struct net_connections *c, int64_t mono_ns, uint64_t packets, uint64_t *ret);
/* How they were counted last. */
enum net_way net_connections_way (const struct net_connections *c);

/* What the kernel counts about TCP as a whole. */
struct net_tcp_counts {
  uint64_t opened;      /* sum of what counts connections made, refused and reset */
  uint64_t established; /* those that were established and are not closed by us; at least as many as we count */
  uint64_t segments;
};

/* The text of the system's files, taken apart; -EBADMSG: not what it should be. */
int net_parse_dev (const char *text, size_t length, struct net_list *ret);
uint64_t net_parse_tcp (const char *text, size_t length); /* established connections in a piece of lines */
int net_parse_snmp (const char *text, size_t length, struct net_tcp_counts *ret);
#endif
