/* A DynamoDB that answers what the test says, a host that keeps what it is told, and the parts of the network thread between
 * them. The session is of the test: nothing is linked that could reach a network. */
#ifndef UPLOAD_KIT_H
#define UPLOAD_KIT_H

#include "dynamodb-writer/presence.h"
#include "dynamodb-writer/upload.h"
#include "spool-kit.h"

enum { MOST_STEPS = 64 };

/* One request that is expected, and its answer. */
struct step {
  const char *operation;
  int r;      /* 0: an answer comes */
  int status; /* 0: 200 */
  const char *body;
};

struct cloud {
  struct step steps[MOST_STEPS];
  size_t n;
  _Atomic size_t at;
  char *bodies[MOST_STEPS]; /* of the requests that came */
  bool confirmed;
  _Atomic int64_t now; /* Unix seconds */
  struct session_place place;
  int gate;             /* session_find waits until it is readable; -1: there is none */
  _Atomic int sessions; /* that are there */
};

/* Its host's side. */
struct fake_host {
  struct kk_host functions;
  struct kk_instance self;
  struct buf log;
  struct buf trouble;
  struct buf uploaded;
};

#define OK_ANSWER    "{}"
#define DENIED       "{\"__type\":\"com.amazon.coral.service#AccessDeniedException\",\"message\":\"User: arn:x is not authorized\"}"
#define NO_TABLE     "{\"__type\":\"x#ResourceNotFoundException\",\"message\":\"Requested resource not found\"}"
#define CONDITION    "{\"__type\":\"x#ConditionalCheckFailedException\",\"message\":\"The conditional request failed\"}"
#define INVALID(why) "{\"__type\":\"x#ValidationException\",\"message\":\"" why "\"}"
#define THROTTLED    "{\"__type\":\"x#ThrottlingException\",\"message\":\"slow down\"}"
#define DESCRIPTION(status_, hash_, range_)                                                                                    \
  "{\"Table\":{\"TableStatus\":\"" status_ "\",\"TableArn\":\"arn:t\",\"KeySchema\":[{\"AttributeName\":\"" hash_              \
  "\",\"KeyType\":\"HASH\"},{\"AttributeName\":\"" range_ "\",\"KeyType\":\"RANGE\"}],\"AttributeDefinitions\":["              \
  "{\"AttributeName\":\"" hash_ "\",\"AttributeType\":\"S\"},{\"AttributeName\":\"" range_ "\",\"AttributeType\":\"N\"}]}}"
#define OUR_TABLE DESCRIPTION ("ACTIVE", "hostname_hour", "minute_timestamp")

extern struct cloud *the_cloud; /* of the test that runs */

static inline void
expect (const char *operation, int status, const char *body)
{
  ck_assert_uint_lt (the_cloud->n, MOST_STEPS);
  the_cloud->steps[the_cloud->n++] = (struct step){operation, 0, status, body};
}

static inline void
expect_error (const char *operation, int r)
{
  ck_assert_uint_lt (the_cloud->n, MOST_STEPS);
  the_cloud->steps[the_cloud->n++] = (struct step){operation, r, 0, ""};
}

static inline void
all_came (void)
{
  ck_assert_msg (the_cloud->at == the_cloud->n, "%zu of %zu requests came", the_cloud->at, the_cloud->n);
}

/* Body of the n-th request from the end. */
static inline const char *
sent (size_t n)
{
  ck_assert_uint_gt (the_cloud->at, n);
  return the_cloud->bodies[the_cloud->at - 1 - n];
}

/* How often a text stands in another. */
static inline unsigned
times (const char *text, const char *part)
{
  unsigned n = 0;
  for (const char *p = text; p && (p = strstr (p, part)); p += strlen (part))
    n++;
  return n;
}

/* ---- What the rooms see ---- */

struct bench {
  struct cloud cloud;
  struct fake_host host;
  char *dir;
  struct minutes minutes;
  struct shared *shared;
  struct work work;
  struct upload upload;
  struct table table;
};

void bench_begin (struct bench *b);
void bench_end (struct bench *b);
#endif
