/* Interfaces, what went through them, and how one reading follows on another. */
#ifndef NET_TRAFFIC_H
#define NET_TRAFFIC_H

#include <kode-kronical/plugin.h>

enum net_counter {
  NET_BYTES_RECV,
  NET_PACKETS_RECV,
  NET_ERRORS_RECV,
  NET_DROPS_RECV,
  NET_BYTES_SENT,
  NET_PACKETS_SENT,
  NET_ERRORS_SENT,
  NET_DROPS_SENT,
  NET_COUNTERS
};

enum { NET_NAME_SIZE = 64, NET_MOST_INTERFACES = 65536 };

struct net_interface {
  char name[NET_NAME_SIZE];
  uint64_t index; /* the system's number for it, never used twice; 0: not known */
  bool chosen;    /* counts in the totals and has a row */
  bool physical;  /* a real line, over which nothing else that counts is stacked */
  bool known;     /* was there in the last reading too: `before` holds */
  uint64_t count[NET_COUNTERS];
  uint64_t before[NET_COUNTERS];
};

/* In the order in which the system lists them. Zero it before its first use. */
struct net_list {
  struct net_interface *at;
  uint32_t n, cap;
};

/* A new empty entry at the end, with its name; NULL without memory or past NET_MOST_INTERFACES. */
struct net_interface *net_list_add (struct net_list *l, const char *name, size_t length);
void net_list_free (struct net_list *l);

/* Some counter of it stands lower than in the last reading. */
bool net_fell (const struct net_interface *i);
/* When both lists name the same interfaces in the same order, and no counter fell: carries over what is known of each and
 * returns true. Else nothing is done: the system must be asked which is which, and then net_match knows. */
bool net_follow (struct net_list *now, const struct net_list *before);
/* Finds each interface of `now` in the list before, by its number, whatever its name is by now; where there are no numbers by
 * name. */
void net_match (struct net_list *now, const struct net_list *before);

struct net_totals {
  uint64_t count[NET_COUNTERS];
  uint64_t physical[NET_COUNTERS];
  uint64_t packets;                /* through all interfaces, chosen or not */
  uint64_t recv_delta, sent_delta; /* bytes since the last reading; only what rose */
  bool fell;                       /* one of the interfaces was reset: the deltas are not all there was */
  uint32_t n, n_physical;          /* chosen interfaces, and chosen physical ones */
};

void net_sum (const struct net_list *l, struct net_totals *ret);
#endif
