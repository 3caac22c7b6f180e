/* What holds of the HTTP room beside its requests, which tests/system/aws-http.py looks at. */
#include "unit.h"

#include "http.h"
#include "sign.h"

#include <dirent.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>

static void
sign_late (void)
{
  struct buf value = {.max = 4096};
  const struct sign_header headers[] = {{"Host", "example.org"}, {"X-Amz-Date", "20260101T000000Z"}};
  const struct sign_request request = {
    .method = "POST", .path = "/", .headers = headers, .n_headers = 2, .body = "x", .body_length = 1};
  const struct sign_key key = {.access_key = "a", .secret = "b", .region = "c", .service = "d", .amz_date = "20260101T000000Z"};
  int r = sign (&request, &key, &value);
  buf_free (&value);
  _exit (r == 0 ? 0 : 9);
}

/* What OpenSSL itself does at exit comes before what was asked for earlier. */
START_TEST (a_thread_that_was_left_behind_may_sign_while_the_process_ends)
{
  int status;
  fflush (NULL);
  pid_t pid = fork ();
  ck_assert_int_ge (pid, 0);
  if (pid == 0) {
    struct http *h;
    if (atexit (sign_late) || http_open (&h, &(struct http_settings){.stop_fd = -1}))
      _exit (8);
    http_close (h);
    exit (7);
  }
  ck_assert_int_eq (waitpid (pid, &status, 0), pid);
  ck_assert_msg (WIFEXITED (status) && WEXITSTATUS (status) == 0, "status %x", (unsigned) status);
}
END_TEST

START_TEST (origins)
{
  static const struct {
    const char *url, *is;
  } cases[] = {
    {"https://example.org", "https://example.org/"},
    {"http://127.0.0.1:8000/path?query#part", "http://127.0.0.1:8000/"},
    {"https://[::1]:8443?token", "https://[::1]:8443/"},
    {"https://user:password@example.org/x", "https://example.org/"},
    {"https://user@name:password@example.org/x", "https://example.org/"},
    {"http://example.org\\@secret/", "http://example.org/"},
    {"http://example.org/a@b", "http://example.org/"},
    {"http://user:pass/word@example.org/x", ""},
    {"http://user:pass?word@example.org/x", ""},
    {"http://a@user:pass/word@example.org/x", ""},
    {"token", ""},
    {"", ""},
    {"/v2/credentials/id", ""},
    {"to/ken://x", ""},
  };
  char ret[HTTP_ORIGIN_SIZE], long_one[1000] = "https://";
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    http_origin (cases[i].url, ret);
    ck_assert_str_eq (ret, cases[i].is);
  }
  memset (long_one + 8, 'a', sizeof long_one - 9);
  http_origin (long_one, ret);
  ck_assert_uint_lt (strlen (ret), sizeof ret);
}
END_TEST

/* How many descriptors a program that is started now would get. */
static int
inherited (void)
{
  int n = 0;
  DIR *d = opendir ("/dev/fd");
  ck_assert_ptr_nonnull (d);
  for (struct dirent *e; (e = readdir (d));) {
    int flags = *e->d_name == '.' ? -1 : fcntl (atoi (e->d_name), F_GETFD);
    n += flags >= 0 && !(flags & FD_CLOEXEC);
  }
  closedir (d);
  return n;
}

static const int64_t MINUTE_NS = INT64_C (60000000000);
static atomic_int inherited_before, inherited_in_lookup = -1;

/* Stands before the C library's, in this program alone: a name server that is slow. libcurl asks on a thread of its own. */
__attribute__ ((visibility ("default"))) int
getaddrinfo (const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **ret)
{
  (void) node;
  (void) service;
  (void) hints;
  *ret = NULL;
  for (int i = 0; i < 500 * unit_slow () && inherited () > inherited_before; i++)
    nanosleep (&(struct timespec){.tv_nsec = 2000000}, NULL);
  inherited_in_lookup = inherited ();
  return EAI_NONAME;
}

START_TEST (a_lookup_gives_programs_no_descriptor)
{
  struct http *h;
  struct http_response response = {.status = 0};
  ck_assert_int_eq (
    http_open (&h, &(struct http_settings){.stop_fd = -1, .connect_ns = MINUTE_NS, .total_ns = MINUTE_NS, .most = 4096}), 0);
  inherited_before = inherited ();
  ck_assert_int_lt (http_send (h, &(struct http_request){.method = "GET", .url = "http://name.invalid/"}, &response), 0);
  ck_assert_int_eq (inherited_in_lookup, inherited_before);
  http_response_free (&response);
  http_close (h);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, a_lookup_gives_programs_no_descriptor);
  tcase_add_test (t, a_thread_that_was_left_behind_may_sign_while_the_process_ends);
  tcase_add_test (t, origins);
}

UNIT_MAIN ("http", tests)
