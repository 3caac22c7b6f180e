/* What an answer of DynamoDB means for whoever asked. */
#ifndef AWS_ERROR_H
#define AWS_ERROR_H

#include <stdbool.h>
#include <stddef.h>

/* By what is to be done next. */
enum aws_outcome {
  AWS_OK,          /* 2xx with a whole JSON object */
  AWS_THROTTLED,   /* retry */
  AWS_TRANSIENT,   /* the service has trouble: retry */
  AWS_GARBLED,     /* 2xx that is no JSON object, torn or foreign: nothing is known; retry, the request can be repeated */
  AWS_FOREIGN,     /* an error that DynamoDB does not speak: a proxy, a captive portal, another service; retry */
  AWS_BUSY,        /* the table is being created, updated or deleted: wait */
  AWS_EXPIRED,     /* the session token: refresh the credentials once, then retry */
  AWS_SKEWED,      /* the clock: correct it by the server's Date once, then retry */
  AWS_CREDENTIALS, /* key or secret are wrong or unknown: nothing helps but other ones */
  AWS_DENIED,      /* known credentials that may not do this */
  AWS_NO_TABLE,    /* create it */
  AWS_CONDITION,   /* the condition did not hold: an answer, not a failure */
  AWS_INVALID,     /* this request will never be accepted. Of a batch: send its points one by one. Of a point: refuse it, but
                      first see by DescribeTable that the table has our keys; where it has not, every point would be refused */
  AWS_UNSUPPORTED, /* the endpoint does not know this operation */
};

enum { AWS_TYPE = 64, AWS_MESSAGE = 400 };

struct aws_error {
  enum aws_outcome outcome;
  int status;
  bool typed;                /* by __type, as DynamoDB does */
  char type[AWS_TYPE];       /* "AccessDeniedException"; "" where the body names none */
  char message[AWS_MESSAGE]; /* for a log: without what it repeats of the request, which may hold a token; control characters
                              * are blanks; UTF-8; "" */
};

/* Judges an answer by the __type in its body; the HTTP status decides only where there is none. The body may be anything. */
void aws_error_read (struct aws_error *e, int status, const char *body, size_t length);
/* What the Date of such an answer tells: nothing, where it is not DynamoDB's; the time; or the time as it was told to somebody
 * whom DynamoDB knows. `known`: the answer has the number that AWS gives each request. */
enum aws_time { AWS_TIME_NONE, AWS_TIME_TOLD, AWS_TIME_CONFIRMED };
enum aws_time aws_error_time (const struct aws_error *e, bool known);
/* Whether the same request may be sent again after a while, without doing anything else first. */
bool aws_outcome_is_passing (enum aws_outcome outcome);
#endif
