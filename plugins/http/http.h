/* HTTP requests, one at a time, over a connection that is kept.
 *
 * TLS is always verified, no redirect is followed, no body is larger than agreed, and a stop is noticed at once. All of it
 * blocks and belongs to one thread at a time.
 *
 * libcurl before 7.87 has one exception: where a name server is asleep, a request that was stopped or timed out returns only
 * when the system's resolver has given up, after half a minute or so, and http_close waits for it likewise. Who cannot wait
 * leaves the thread with its struct http behind. That is safe as long as nobody else uses or closes it, stop_fd stays open,
 * `stopped` and `data` stay valid, and the code stays mapped (the host keeps its modules until the process ends; from 7.87 on
 * libcurl's own resolver thread may outlive http_close and asks for the same). Such a thread writes to nothing but what it was
 * given. The request's secrets are wiped when it returns, or go with the process; at whose exit OpenSSL is not torn down under
 * it. */
#ifndef HTTP_H
#define HTTP_H

#include "buf.h"

#include <stdbool.h>

struct http;

struct http_settings {
  const char *ca_file;          /* PEM; NULL: what the system trusts */
  int64_t connect_ns;           /* until there is a connection, TLS included; at least 1 ms */
  int64_t total_ns;             /* for one request in all */
  size_t most;                  /* bytes of an answer's body */
  bool direct;                  /* never through a proxy; otherwise http_proxy, https_proxy, no_proxy … as curl has them */
  int stop_fd;                  /* once it is readable everything ends at once; -1: none */
  bool (*stopped) (void *data); /* the same, asked ten times a second; NULL: none */
  void *data;
};

struct http_header {
  const char *name, *value; /* a value with a line break is refused */
};

struct http_request {
  const char *method, *url;
  const struct http_header *headers;
  size_t n_headers;
  const void *body; /* NULL: none */
  size_t body_length;
};

struct http_response {
  long status;      /* 0: none came */
  struct buf body;  /* wiped when freed */
  int64_t date;     /* the server's, in seconds since 1970; 0: none */
  int64_t retry_ns; /* how long the server asks to wait, at most an hour; 0: it does not */
  char request_id[80], content_type[64];
  bool sent;       /* on errors: the server may have got the request */
  char error[600]; /* on errors: one sentence for people; of the URL only its origin, for a path or a query may be a secret */
};

/* What libcurl and OpenSSL keep for the whole process; http_open does it, too. By then no other thread should be there: libcurl
 * before 7.84 is not safe among threads here, and OpenSSL reads its configuration through a descriptor that a program started
 * meanwhile would inherit. */
void http_begin (void);
/* Strings of `settings` are copied. 0, -ENOMEM. */
int http_open (struct http **ret, const struct http_settings *settings);
void http_close (struct http *h); /* NULL is fine */
/* Sends a request and takes the whole answer, whatever its status. `ret` begins as {0}, is cleared first, and
 * http_response_free frees it.
 * 0, and on errors ret->error says more:
 * -ECONNREFUSED (no connection: name, network, proxy, time), -EKEYREJECTED (TLS: whom are we talking to?), -ETIMEDOUT, -EPROTO
 * (broken off, no HTTP, or not what its x-amz-crc32 says), -EFBIG, -ECANCELED (stop), -EINVAL (the URL, a header), -ENOMEM. */
int http_send (struct http *h, const struct http_request *request, struct http_response *ret);
void http_response_free (struct http_response *response);
/* Waits; -ECANCELED at once when it shall stop. */
int http_wait (const struct http *h, int64_t ns);

/* What a URL consists of, for those who sign: "example.org:8000" as it stands in the header Host, and the path from its slash
 * on, without a query. Only http and https, without user name and fragment. 0, -EINVAL, -ENOMEM. Each is the caller's to free;
 * any may be NULL. */
int http_split_url (const char *url, char **ret_scheme, char **ret_host, char **ret_host_port, char **ret_path);

enum { HTTP_ORIGIN_SIZE = 200 };
/* What may be shown of any text that is meant as a URL: "https://example.org:8000/"; "" when it begins like none. */
void http_origin (const char *url, char ret[HTTP_ORIGIN_SIZE]);

#define HTTP_RESPONSE_CLEANUP __attribute__ ((cleanup (http_response_free)))
#endif
