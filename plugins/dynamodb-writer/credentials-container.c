/* The endpoint that ECS and EKS give their containers. */
#include "answer.h"
#include "providers.h"
#include "secret.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const int64_t SECOND = 1000000000;
enum { MOST_ANSWER = 65536, MOST_TOKEN = 32768, TRIES = 3 };

static const char *
variable (const char *name)
{
  const char *value = getenv (name);
  return value && *value ? value : NULL;
}

/* Without TLS only hosts that cannot be anybody else's. */
static bool
is_near (const char *host)
{
  static const char *const known[] = {"localhost", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};
  struct in_addr v4;
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (strcasecmp (host, known[i]) == 0)
      return true;
  if (strcmp (host, "[::1]") == 0)
    return true;
  return inet_pton (AF_INET, host, &v4) == 1 && ntohl (v4.s_addr) >> 24 == 127;
}

int
container_url (struct buf *ret)
{
  const char *relative = variable ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const char *full = variable ("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  char *scheme = NULL, *host = NULL;
  if (!relative && !full)
    return -ENOENT;
  if (relative)
    buf_printf (ret, "http://169.254.170.2%s%s", *relative == '/' ? "" : "/", relative);
  else
    buf_adds (ret, full);
  if (ret->error)
    return ret->error == -EFBIG ? -EINVAL : ret->error;
  int r = http_split_url (ret->data, &scheme, &host, NULL, NULL);
  if (r == 0 && strcasecmp (scheme, "https") != 0 && !is_near (host))
    r = -EINVAL;
  free (scheme);
  free (host);
  return r;
}

/* The value of the header Authorization; empty: none is wanted. */
static int
find_token (struct search *s, struct buf *ret)
{
  const char *file = variable ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
             *token = variable ("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  int r = 0;
  if (file)
    r = secret_read_file (file, MOST_TOKEN, ret);
  else if (token)
    buf_adds (ret, token);
  if (r < 0 || ret->error)
    return search_fail (s, -EINVAL, "the token for the container endpoint cannot be read from %.200s: %s",
                        file ? file : "AWS_CONTAINER_AUTHORIZATION_TOKEN",
                        r == -EFBIG ? "too large" : strerror (r < 0 ? -r : ENOMEM));
  while (ret->len && strchr (" \t\r\n", ret->data[ret->len - 1]))
    ret->data[--ret->len] = 0;
  if (ret->len && strpbrk (ret->data, "\r\n"))
    return search_fail (s, -EINVAL, "the token for the container endpoint (%.200s) has a line break",
                        file ? file : "AWS_CONTAINER_AUTHORIZATION_TOKEN");
  return 0;
}

static int
ask (struct search *s, struct http *h, const char *url, const char *token, struct credentials *ret, bool *ret_again)
{
  struct http_response answer HTTP_RESPONSE_CLEANUP = {.status = 0};
  struct answer_fault fault = {.code = ""};
  const struct http_header headers[] = {{"Accept", "application/json"}, {"Authorization", token}};
  const struct http_request request = {.method = "GET", .url = url, .headers = headers, .n_headers = *token ? 2 : 1};
  char origin[HTTP_ORIGIN_SIZE];
  http_origin (url, origin);
  int r = http_send (h, &request, &answer);
  *ret_again = r == -ECONNREFUSED || r == -ETIMEDOUT || r == -EPROTO;
  if (r < 0)
    return r == -ECANCELED || r == -ENOMEM ? r : search_fail (s, r, "the container's credentials: %s", answer.error);
  if (answer.status != 200) {
    *ret_again = answer.status >= 500 || answer.status == 429;
    return search_fail (s, -EACCES, "the container endpoint %s answers HTTP %ld%s", origin, answer.status,
                        answer.status / 100 == 3 ? ": a redirect, which is not followed"
                        : answer.status == 401 || answer.status == 403
                          ? ": is its token right, and does this task or pod have a role?"
                          : "");
  }
  r = answer_json (ANSWER_ENDPOINT, answer.body.len ? answer.body.data : "", answer.body.len, ret, &fault);
  if (r < 0)
    return r == -ENOMEM ? r
                        : search_fail (s, r, "the answer of the container endpoint %s cannot be used: %s", origin, fault.text);
  ret->provider = CREDENTIALS_CONTAINER;
  snprintf (ret->from, sizeof ret->from, "container endpoint %s", origin);
  return 0;
}

int
provider_container (struct search *s, struct credentials *ret)
{
  struct buf url BUF_CLEANUP = {.max = 2048}, token SECRET_BUF_CLEANUP = {.max = MOST_TOKEN + 1};
  char origin[HTTP_ORIGIN_SIZE];
  int r = container_url (&url);
  if (r == -ENOENT)
    return search_miss (s, "the container endpoint (no AWS_CONTAINER_CREDENTIALS_…_URI)");
  http_origin (url.error || !url.data ? "" : url.data, origin);
  if (r == -EINVAL)
    return search_fail (s, r,
                        "the container endpoint %s is not asked: it has to be https, this machine itself, or the address "
                        "that ECS or EKS give",
                        *origin ? origin : "(no URL)");
  if (r == 0)
    r = find_token (s, &token);
  if (r < 0)
    return r;
  const struct http_settings settings = {.connect_ns = 2 * SECOND,
                                         .total_ns = 4 * SECOND,
                                         .most = MOST_ANSWER,
                                         .direct = true,
                                         .ca_file = s->settings->ca_file,
                                         .stop_fd = s->settings->stop_fd,
                                         .stopped = s->settings->stopped,
                                         .data = s->settings->data};
  struct http *h = NULL;
  bool again = true;
  r = http_open (&h, &settings);
  for (int i = 0; r == 0 && i < TRIES && again; i++) {
    r = i ? http_wait (h, SECOND / 2 * i) : 0;
    if (r < 0)
      break;
    r = ask (s, h, url.data, token.len ? token.data : "", ret, &again);
    if (r == 0)
      break;
    if (again && i < TRIES - 1)
      r = 0;
  }
  http_close (h);
  return r;
}
