#include "aws.h"

#include "secret.h"
#include "sign.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_HEADERS = 7 };

static void
add (struct sign_header *headers, size_t *n, const char *name, const char *value)
{
  if (value)
    headers[(*n)++] = (struct sign_header){.name = name, .value = value};
}

static int
authorize (const struct aws_call *call, const char *path, const char *date, const struct sign_header *headers, size_t n,
           struct buf *ret)
{
  const struct sign_request request = {
    .method = "POST", .path = path, .headers = headers, .n_headers = n, .body = call->body, .body_length = call->body_length};
  const struct sign_key key = {.access_key = call->credentials->access_key,
                               .secret = call->credentials->secret,
                               .region = call->region,
                               .service = call->service,
                               .amz_date = date};
  return sign (&request, &key, ret);
}

static int
post (struct http *h, const struct aws_call *call, const char *host, const char *path, struct http_response *ret)
{
  struct sign_header headers[MOST_HEADERS];
  struct http_header sent[MOST_HEADERS];
  struct buf authorization SECRET_BUF_CLEANUP = {.max = 4096}, url BUF_CLEANUP = {.max = 4096};
  char date[SIGN_DATE_SIZE];
  size_t n = 0;
  sign_date (call->now_ns, date);
  add (headers, &n, "Host", host);
  add (headers, &n, "Content-Type", call->content_type);
  add (headers, &n, "X-Amz-Date", date);
  add (headers, &n, "X-Amz-Target", call->target);
  if (call->credentials) {
    add (headers, &n, "X-Amz-Security-Token", call->credentials->token);
    buf_reserve (&authorization, 1024);
    int r = authorize (call, path, date, headers, n, &authorization);
    if (r < 0)
      return r;
    add (headers, &n, "Authorization", authorization.data);
  }
  for (size_t i = 0; i < n; i++)
    sent[i] = (struct http_header){.name = headers[i].name, .value = headers[i].value};
  buf_printf (&url, "%s%s", call->endpoint, strcmp (path, "/") == 0 ? "/" : "");
  if (url.error)
    return url.error == -EFBIG ? -EINVAL : url.error;
  const struct http_request request = {
    .method = "POST", .url = url.data, .headers = sent, .n_headers = n, .body = call->body, .body_length = call->body_length};
  return http_send (h, &request, ret);
}

int
aws_post (struct http *h, const struct aws_call *call, struct http_response *ret)
{
  char *host = NULL, *path = NULL;
  int r = http_split_url (call->endpoint, NULL, NULL, &host, &path);
  if (r == 0) {
    *ret->error = 0;
    r = post (h, call, host, path, ret);
  }
  if (r < 0 && !*ret->error)
    snprintf (ret->error, sizeof ret->error, "the request to \"%.200s\" cannot be made: %s", call->endpoint, strerror (-r));
  free (host);
  free (path);
  return r;
}
