#include <config.h>

#include "http.h"

#include "http-head.h"
#include "http-inner.h"
#include "secret.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

enum { ASK_MS = 100, LONG_MS = 60000, MOST_URL = 4096 };

struct http {
  CURLM *multi; /* has the kept connection */
  CURL *easy;
  struct http_settings settings;
  char *ca_file, error[CURL_ERROR_SIZE];
  struct http_response *response; /* of the request under way */
  struct http_head head;
  struct http_sockets sockets;
  bool too_big, whole_head;
};

static pthread_once_t began = PTHREAD_ONCE_INIT;

/* Whether it ends is nobody's business: a thread that was left behind may still be in it when the process goes. */
static void
begin (void)
{
  OPENSSL_init_crypto (OPENSSL_INIT_NO_ATEXIT, NULL);
  curl_global_init (CURL_GLOBAL_DEFAULT);
}

void
http_begin (void)
{
  pthread_once (&began, begin);
}

/* ---- What comes ---- */

static size_t
take_body (char *bytes, size_t size, size_t n, void *data)
{
  struct http *h = data;
  buf_add (&h->response->body, bytes, size * n);
  h->too_big = h->response->body.error == -EFBIG;
  return h->response->body.error ? 0 : size * n;
}

static size_t
take_header (char *line, size_t size, size_t n, void *data)
{
  struct http *h = data;
  long status = 0;
  /* What comes with a head's form behind the body of a chunked answer is none. */
  if (h->whole_head || http_head_take (&h->head, h->response, line, size * n))
    return size * n;
  curl_easy_getinfo (h->easy, CURLINFO_RESPONSE_CODE, &status);
  h->whole_head = status >= 200; /* libcurl does without the empty line, and behind a 1xx there is another head */
  return size * n;
}

/* ---- One request ---- */

static bool
is_stopped (const struct http *h)
{
  struct pollfd fd = {.fd = h->settings.stop_fd, .events = POLLIN};
  return (fd.fd >= 0 && poll (&fd, 1, 0) > 0 && fd.revents) || (h->settings.stopped && h->settings.stopped (h->settings.data));
}

/* Until it is done: its code, or CURLE_ABORTED_BY_CALLBACK when it shall stop. */
static CURLcode
run (struct http *h)
{
  struct curl_waitfd stop = {.fd = h->settings.stop_fd, .events = CURL_WAIT_POLLIN};
  int running = 1, ms = h->settings.stopped ? ASK_MS : 1000;
  for (;;) {
    if (is_stopped (h))
      return CURLE_ABORTED_BY_CALLBACK;
    CURLMcode m = curl_multi_perform (h->multi, &running);
    http_sockets_settle (&h->sockets);
    if (m == CURLM_OK && running)
      m = curl_multi_poll (h->multi, &stop, h->settings.stop_fd >= 0, ms, NULL);
    if (m != CURLM_OK)
      return m == CURLM_OUT_OF_MEMORY ? CURLE_OUT_OF_MEMORY : CURLE_FAILED_INIT;
    int left;
    const CURLMsg *message = running ? NULL : curl_multi_info_read (h->multi, &left);
    if (message)
      return message->data.result;
    if (!running)
      return CURLE_FAILED_INIT;
  }
}

/* To the server itself, with TLS if so, so that the request may have reached it. */
static bool
was_connected (const struct http *h)
{
  curl_off_t connected = 0;
  curl_easy_getinfo (h->easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
  return connected > 0;
}

static int
fail (const struct http *h, const char *url, int r, const char *why)
{
  struct http_response *response = h->response;
  const char *what = r == -ECONNREFUSED   ? "EndpointConnectionError: Could not connect to the endpoint URL:"
                     : r == -EKEYREJECTED ? "no trustworthy TLS connection to"
                     : r == -ETIMEDOUT    ? "no answer in time from"
                     : r == -EFBIG        ? "a larger answer than it may be from"
                     : r == -ECANCELED    ? "stopped while asking"
                     : r == -EINVAL       ? "cannot use the URL"
                                          : "a broken answer from";
  char origin[HTTP_ORIGIN_SIZE];
  http_origin (url, origin);
  snprintf (response->error, sizeof response->error, "%s \"%s\" (%s)", what, origin, why);
  response->sent = was_connected (h);
  return r;
}

static bool
is_whole (const struct http *h)
{
  const struct buf *body = &h->response->body;
  return h->head.crc32 < 0 || crc32_z (0, (const unsigned char *) body->data, body->len) == (uLong) h->head.crc32;
}

static int
judge (struct http *h, const char *url, CURLcode code)
{
  char *why = *h->error ? h->error : (char *) (uintptr_t) curl_easy_strerror (code);
  switch (code) {
  case CURLE_OK:
    return !h->whole_head  ? fail (h, url, -EPROTO, "it breaks off in its head")
           : !is_whole (h) ? fail (h, url, -EPROTO, "its checksum x-amz-crc32 is not that of what came")
                           : 0;
  case CURLE_OUT_OF_MEMORY:
    return -ENOMEM;
  case CURLE_ABORTED_BY_CALLBACK:
    return fail (h, url, -ECANCELED, "stopping");
  case CURLE_COULDNT_RESOLVE_HOST:
  case CURLE_COULDNT_RESOLVE_PROXY:
  case CURLE_COULDNT_CONNECT:
  case CURLE_INTERFACE_FAILED:
  case CURLE_SSL_CONNECT_ERROR: /* the handshake ended early: a reset, an alert, no TLS over there; nothing about trust */
#if LIBCURL_VERSION_NUM >= 0x074900
  case CURLE_PROXY:
#endif
    return fail (h, url, -ECONNREFUSED, why);
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_CACERT_BADFILE:
  case CURLE_SSL_CERTPROBLEM:
  case CURLE_SSL_CIPHER:
  case CURLE_SSL_ENGINE_INITFAILED:
  case CURLE_USE_SSL_FAILED:
    return fail (h, url, -EKEYREJECTED, why);
  case CURLE_OPERATION_TIMEDOUT:
    return fail (h, url, was_connected (h) ? -ETIMEDOUT : -ECONNREFUSED, why);
  case CURLE_WRITE_ERROR:
    return h->too_big ? fail (h, url, -EFBIG, "given up") : -ENOMEM;
  case CURLE_URL_MALFORMAT:
    return fail (h, url, -EINVAL, why);
  case CURLE_UNSUPPORTED_PROTOCOL: /* also of an answer that is no HTTP */
    return fail (h, url, was_connected (h) ? -EPROTO : -EINVAL, why);
  default: /* before there is a connection: a proxy that does not want to */
    return fail (h, url, was_connected (h) ? -EPROTO : -ECONNREFUSED, why);
  }
}

static int
add_header (struct curl_slist **list, const struct http_header *header)
{
  struct buf line SECRET_BUF_CLEANUP = {.max = 1 << 17};
  if (strpbrk (header->name, "\r\n:") || strpbrk (header->value, "\r\n"))
    return -EINVAL;
  buf_reserve (&line, strlen (header->name) + strlen (header->value) + 2);
  buf_adds (&line, header->name);
  buf_adds (&line, *header->value ? ": " : ";"); /* libcurl's way to say: with no value */
  buf_adds (&line, header->value);
  if (line.error)
    return line.error;
  struct curl_slist *more = curl_slist_append (*list, line.data);
  if (!more)
    return -ENOMEM;
  *list = more;
  return 0;
}

static void
free_headers (struct curl_slist *list)
{
  for (struct curl_slist *one = list; one; one = one->next)
    secret_wipe (one->data, strlen (one->data));
  curl_slist_free_all (list);
}

static int
make_headers (const struct http_request *request, struct curl_slist **ret)
{
  struct curl_slist *list = NULL;
  int r = 0;
  for (size_t i = 0; r == 0 && i < request->n_headers; i++)
    r = add_header (&list, request->headers + i);
  if (r == 0 && request->body) {
    struct curl_slist *more = curl_slist_append (list, "Expect:"); /* no question whether it may send */
    r = more ? 0 : -ENOMEM;
    list = more ? more : list;
  }
  if (r < 0)
    free_headers (list);
  else
    *ret = list;
  return r;
}

static void
set_up (struct http *h, const struct http_request *request, struct curl_slist *headers)
{
  curl_easy_setopt (h->easy, CURLOPT_URL, request->url);
  curl_easy_setopt (h->easy, CURLOPT_HTTPGET, 1L);
  if (request->body) {
    curl_easy_setopt (h->easy, CURLOPT_POST, 1L);
    curl_easy_setopt (h->easy, CURLOPT_POSTFIELDS, request->body);
    curl_easy_setopt (h->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) request->body_length);
  }
  curl_easy_setopt (h->easy, CURLOPT_CUSTOMREQUEST, request->method);
  curl_easy_setopt (h->easy, CURLOPT_HTTPHEADER, headers);
}

int
http_send (struct http *h, const struct http_request *request, struct http_response *ret)
{
  struct curl_slist *headers = NULL;
  http_response_free (ret);
  *ret = (struct http_response){.body = {.max = h->settings.most}};
  h->head = (struct http_head){.crc32 = -1};
  h->response = ret;
  h->too_big = h->whole_head = false;
  *h->error = 0;
  int r = strlen (request->url) > MOST_URL ? -EINVAL : make_headers (request, &headers);
  if (r < 0) {
    snprintf (ret->error, sizeof ret->error, "%s",
              r == -EINVAL ? "a header of the request has a line break, or its URL is too long" : "no memory");
    return r;
  }
  /* Taken at once, so that what holds secrets is never moved and left behind. */
  buf_reserve (&ret->body, h->settings.most < 65536 ? h->settings.most : 65536);
  set_up (h, request, headers);
  CURLMcode m = curl_multi_add_handle (h->multi, h->easy);
  CURLcode code = m == CURLM_OK ? run (h) : CURLE_FAILED_INIT;
  r = judge (h, request->url, code);
  curl_easy_getinfo (h->easy, CURLINFO_RESPONSE_CODE, &ret->status);
  curl_multi_remove_handle (h->multi, h->easy);
  curl_easy_setopt (h->easy, CURLOPT_HTTPHEADER, NULL);
  curl_easy_setopt (h->easy, CURLOPT_POSTFIELDS, NULL);
  free_headers (headers);
  if (r == -ENOMEM)
    snprintf (ret->error, sizeof ret->error, "no memory");
  h->response = NULL;
  return r;
}

void
http_response_free (struct http_response *response)
{
  secret_buf_free (&response->body);
}

int
http_wait (const struct http *h, int64_t ns)
{
  struct timespec now, until;
  clock_gettime (CLOCK_MONOTONIC, &until);
  int64_t end = (int64_t) until.tv_sec * 1000000000 + until.tv_nsec + ns;
  for (;;) {
    if (is_stopped (h))
      return -ECANCELED;
    clock_gettime (CLOCK_MONOTONIC, &now);
    int64_t left = end - ((int64_t) now.tv_sec * 1000000000 + now.tv_nsec);
    if (left <= 0)
      return 0;
    int64_t ms = left / 1000000 + 1, most = h->settings.stopped ? ASK_MS : LONG_MS;
    struct pollfd fd = {.fd = h->settings.stop_fd, .events = POLLIN};
    poll (&fd, 1, (int) (ms < most ? ms : most));
  }
}

/* ---- The client ---- */

static void
set_once (struct http *h)
{
  CURL *e = h->easy;
  const struct http_settings *s = &h->settings;
  int64_t connect_ms = s->connect_ns / 1000000, total_ms = s->total_ns / 1000000;
  curl_easy_setopt (e, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt (e, CURLOPT_ERRORBUFFER, h->error);
  curl_easy_setopt (e, CURLOPT_USERAGENT, "kode-kronical/" PACKAGE_VERSION);
  curl_easy_setopt (e, CURLOPT_CONNECTTIMEOUT_MS, (long) (connect_ms > 0 ? connect_ms : 1));
  curl_easy_setopt (e, CURLOPT_TIMEOUT_MS, (long) (total_ms > 0 ? total_ms : 1));
  curl_easy_setopt (e, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt (e, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt (e, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt (e, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
  if (h->ca_file)
    curl_easy_setopt (e, CURLOPT_CAINFO, h->ca_file);
#if LIBCURL_VERSION_NUM >= 0x075500
  curl_easy_setopt (e, CURLOPT_PROTOCOLS_STR, "http,https");
#else
  curl_easy_setopt (e, CURLOPT_PROTOCOLS, (long) (CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
  curl_easy_setopt (e, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
  curl_easy_setopt (e, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt (e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt (e, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt (e, CURLOPT_WRITEDATA, h);
  curl_easy_setopt (e, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt (e, CURLOPT_HEADERDATA, h);
#if LIBCURL_VERSION_NUM >= 0x075700
  curl_easy_setopt (e, CURLOPT_QUICK_EXIT, 1L); /* does not wait for a name server that is asleep */
#endif
  if (s->direct) {
    curl_easy_setopt (e, CURLOPT_PROXY, "");
    curl_easy_setopt (e, CURLOPT_NOPROXY, "*");
  }
  http_own_sockets (e, &h->sockets);
}

int
http_open (struct http **ret, const struct http_settings *settings)
{
  http_begin ();
  struct http *h = calloc (1, sizeof *h);
  if (!h)
    return -ENOMEM;
  h->settings = *settings;
  h->ca_file = settings->ca_file ? strdup (settings->ca_file) : NULL;
  h->settings.ca_file = h->ca_file;
  h->multi = http_multi ();
  h->easy = curl_easy_init ();
  if (!h->multi || !h->easy || (settings->ca_file && !h->ca_file)) {
    http_close (h);
    return -ENOMEM;
  }
  set_once (h);
  *ret = h;
  return 0;
}

void
http_close (struct http *h)
{
  if (!h)
    return;
  curl_easy_cleanup (h->easy);
  if (h->multi)
    curl_multi_cleanup (h->multi);
  free (h->ca_file);
  free (h);
}
