/* The two tables: how they are made, and whether what is there is one of them. */
#ifndef SCHEMA_H
#define SCHEMA_H

#include "buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum schema_kind {
  SCHEMA_SAMPLES,  /* hostname_hour (S), minute_timestamp (N): an item a minute */
  SCHEMA_REGISTRY, /* hostname (S): a row a host */
  SCHEMA_KINDS,
};
#define SCHEMA_TTL_ATTRIBUTE "ttl" /* of the samples */

/* Request bodies; errors stick in the buf. */
void schema_create_body (struct buf *b, enum schema_kind kind, const char *table); /* CreateTable: paid by request */
void schema_table_body (struct buf *b, const char *table);                         /* DescribeTable, DescribeTimeToLive */
void schema_ttl_body (struct buf *b, const char *table);                           /* UpdateTimeToLive: on */
void schema_tags_body (struct buf *b, const char *arn);                            /* TagResource */

enum schema_state {
  SCHEMA_READY,    /* can be written to */
  SCHEMA_MAKING,   /* being created: wait */
  SCHEMA_REMOVING, /* being deleted: wait, then create */
  SCHEMA_BLOCKED,  /* its key of encryption cannot be used, or it is archived: a person has to act */
};

struct schema_description {
  enum schema_state state;
  char status[40]; /* as the service says it: ACTIVE */
  bool fits;       /* it has the keys of its kind */
  char keys[200];  /* those that it has: "hostname_hour (S), minute_timestamp (N)" */
  char arn[300];
  bool by_request;      /* paid by request */
  int64_t items, bytes; /* as counted some hours ago; -1: not said */
};
/* Reads the answer to DescribeTable or CreateTable. 0, or -EBADMSG: it is none. */
int schema_read (const char *body, size_t length, enum schema_kind kind, struct schema_description *ret);
/* The keys of a kind, written as in `keys`. */
const char *schema_keys (enum schema_kind kind);

enum schema_ttl {
  SCHEMA_TTL_OFF,
  SCHEMA_TTL_ON,    /* on our attribute, or about to be */
  SCHEMA_TTL_OTHER, /* on another attribute */
};
/* Reads the answer to DescribeTimeToLive. 0, or -EBADMSG. */
int schema_read_ttl (const char *body, size_t length, enum schema_ttl *ret);

/* Whether a name may be one of a table: 3 to 255 of letters, digits, '_', '-', '.'. */
bool schema_is_name (const char *name);
#endif
