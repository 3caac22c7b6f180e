/* Where DynamoDB is and who we are to it: profile, region, endpoint, credentials, one kept connection. And one request at a
 * time over it.
 *
 * Nothing is looked for before session_find or session_call, and what was found is used on: until a file of the AWS tools
 * changes, and, as long as there were no credentials yet, anew at each try. A clock that is off is corrected once an answer
 * tells by how much. All of it blocks and belongs to one thread at a time. */
#ifndef SESSION_H
#define SESSION_H

#include "aws-error.h"
#include "credentials.h"
#include "endpoint.h"
#include "http.h"

#include <stdbool.h>

struct session_settings {
  const char *profile, *region, *endpoint, *ca_file; /* of daemon.yaml; "" or NULL: not said there */
  int64_t connect_ns;                                /* until there is a connection, the name looked up too; 0: 10 s */
  int stop_fd;                                       /* as http.h has it; -1: none */
  bool (*stopped) (void *data);                      /* as http.h has it; NULL: none */
  void *data;
};

enum session_step { SESSION_REGION, SESSION_ENDPOINT, SESSION_CREDENTIALS, SESSION_NETWORK };

/* What was found so far, for people; never a secret. */
struct session_place {
  char profile[128];
  char region[ENDPOINT_REGION_SIZE], region_from[200];
  bool region_guessed; /* the instance's metadata, which may name one, did not answer */
  struct endpoint endpoint;
  char ca_file[512];          /* "": what the system trusts */
  char access_key[20];        /* what of it may be shown: "AKIA…WXYZ"; "": none yet */
  char credentials_from[500]; /* with the kind of place in front; "": none yet */
  uint64_t changes;           /* counts up with another region, endpoint or CA file */
};

/* Why it does not go on: one sentence, without a secret. */
struct session_fault {
  enum session_step step; /* the first one that failed */
  char text[1200];
};

struct session;

/* Copies the strings of `settings`. 0, -ENOMEM. */
int session_new (const struct session_settings *settings, struct session **ret);
void session_free (struct session *s); /* NULL is fine */

/* Finds what is not known yet, up to credentials that can be used. 0; with `fault` set: -ENOENT (nowhere any credentials),
 * -EINVAL and others (what is said cannot be used), -ECANCELED (stop), -ENOMEM. */
int session_find (struct session *s, struct session_fault *fault);
/* Lives as long as the session; changes with the next call. */
const struct session_place *session_place (const struct session *s);
const char *session_credentials_trouble (const struct session *s); /* as credentials_trouble; "": none */

struct session_answer {
  struct aws_error error;        /* what the answer means */
  struct http_response response; /* with its body */
  bool timed_out;                /* of no answer: a timeout */
  struct session_fault fault;    /* of no answer: why */
};
/* Sends one operation of DynamoDB, such as "PutItem", and judges its answer. Credentials that the server calls expired are
 * renewed once, a wrong clock is corrected once, and the request is sent again then. `ret` begins as {0} and may be used again;
 * session_answer_free frees it.
 * 0: an answer came, ret->error says what it means. As session_find, or as http_send: none came, ret->fault says why. */
int session_call (struct session *s, const char *operation, const void *body, size_t length, struct session_answer *ret);
void session_answer_free (struct session_answer *answer);
#define SESSION_ANSWER_CLEANUP __attribute__ ((cleanup (session_answer_free)))

/* The wall clock in ns since 1970, corrected by what is known of the server's. */
int64_t session_now (const struct session *s);
/* By how much the server's clock is ahead of this machine's, to a second or two. False: no answer of DynamoDB told it yet. */
bool session_clock_offset (const struct session *s, int64_t *ret_ns);
/* Unix seconds that a server confirmed, counted on since by the time that passed. False: none did yet. Only answers of DynamoDB
 * count that were no errors, or were given to somebody it knows: that something is denied. A machine that stood still without
 * knowing it, as one under a hypervisor may, is behind by as much until the next one. */
bool session_confirmed_now (const struct session *s, int64_t *ret);
#endif
