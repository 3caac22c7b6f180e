/* kode-kronical-webhook: sends one message of the plugin alert, and says what came of it. */
#include <config.h>

#include "poster.h"

#include "http.h"
#include "secret.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static const int64_t MS_NS = 1000000;

struct request {
  char *data;
  size_t length, at;
  bool bad;
};

static const char *
next_text (struct request *r)
{
  const char *text = r->data + r->at, *end = memchr (text, 0, r->length - r->at);
  if (!end) {
    r->bad = true;
    return "";
  }
  r->at += (size_t) (end + 1 - text);
  return text;
}

static long
next_number (struct request *r, long most)
{
  char *end;
  const char *text = next_text (r);
  const long n = strtol (text, &end, 10);
  r->bad |= end == text || *end || n < 0 || n > most;
  return n;
}

static bool
read_request (struct request *r)
{
  struct stat st;
  if (fstat (POSTER_FD, &st) < 0 || st.st_size <= 0 || st.st_size > POSTER_MOST)
    return false;
  r->data = malloc ((size_t) st.st_size);
  while (r->data && r->length < (size_t) st.st_size) {
    ssize_t n = pread (POSTER_FD, r->data + r->length, (size_t) st.st_size - r->length, (off_t) r->length);
    if (n <= 0)
      break;
    r->length += (size_t) n;
  }
  return r->data && r->length == (size_t) st.st_size;
}

static void
answer (int r, const struct http_response *response)
{
  static const char before[] = "EndpointConnectionError: ";
  const char *error = response->error;
  if (!strncmp (error, before, strlen (before)))
    error += strlen (before);
  printf ("%d %ld %" PRId64 " %d\n%s", r, response->status, response->retry_ns, response->sent, error);
}

static int
send_request (struct request *r)
{
  struct http_header headers[POSTER_HEADERS];
  struct http_request request = {.method = "POST", .headers = headers};
  struct http_settings settings = {.most = 64 << 10, .stop_fd = -1};
  struct http_response response = {.status = 0};
  struct http *h;
  request.url = next_text (r);
  settings.ca_file = next_text (r);
  if (!*settings.ca_file)
    settings.ca_file = NULL;
  settings.total_ns = settings.connect_ns = next_number (r, 3600000) * MS_NS;
  request.n_headers = (size_t) next_number (r, POSTER_HEADERS);
  for (size_t i = 0; i < request.n_headers && !r->bad; i++) {
    headers[i].name = next_text (r);
    headers[i].value = next_text (r);
  }
  if (r->bad)
    return EXIT_FAILURE;
  request.body = r->data + r->at;
  request.body_length = r->length - r->at;
  if (http_open (&h, &settings))
    return EXIT_FAILURE;
  answer (http_send (h, &request, &response), &response);
  http_response_free (&response);
  http_close (h);
  return EXIT_SUCCESS;
}

int
main (void)
{
  struct request r = {.data = NULL};
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  int result = read_request (&r) ? send_request (&r) : EXIT_FAILURE;
  if (r.data)
    secret_wipe (r.data, r.length);
  free (r.data);
  return fflush (stdout) ? EXIT_FAILURE : result;
}
