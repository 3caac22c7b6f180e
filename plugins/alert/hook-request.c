#include <config.h>

#include "hook-request.h"

#include "facts.h"
#include "fillin.h"
#include "hook.h"
#include "launch.h"
#include "path.h"
#include "poster.h"
#include "secret.h"
#include "template.h"
#include "url.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MOST_URL = 4096, MOST_PATH = 4096, FIRST_FD = 10, OWN_HEADERS = 3 };
static const int64_t MS_NS = 1000000;

/* ---- Options ---- */

static bool
is_token (const char *text)
{
  for (const char *p = text; *p; p++)
    if (!isalnum ((unsigned char) *p) && !strchr ("!#$%&'*+-.^_`|~", *p))
      return false;
  return *text;
}

/* What is wrong with a URL, in words that say nothing of what it is; NULL: nothing. */
static const char *
url_fault (const char *url)
{
  const bool https = !strncasecmp (url, "https://", 8), http = !strncasecmp (url, "http://", 7);
  const char *host = url + (https ? 8 : 7);
  if (!https && !http)
    return "write a URL that begins with https:// or http://";
  const size_t n = strcspn (host, "/?#");
  if (memchr (host, '@', n) || url_userinfo_end (host, strlen (host)) == host + n)
    return "write no user name or password in the URL: give them in webhook_headers";
  if (!n || *host == ':' || !url_is_host (host, n))
    return "the URL has no host, or no port from 1 to 65535, as in https://example.org:8443/path";
  if (strchr (url, '#'))
    return "the URL has a part behind '#', which no server gets to see";
  return strlen (url) < MOST_URL ? NULL : "the URL is longer than 4095 bytes";
}

static const char *
stray_character (const char *url)
{
  for (; *url; url++)
    if ((unsigned char) *url <= ' ' || *url == 127 || *url == '\\')
      return url;
  return NULL;
}

static int
check_url (const char *url, struct kk_fault *fault)
{
  char why[160];
  if (fillin_check (url, why, sizeof why))
    return kk_refuse (fault, "webhook", "%s", why);
  if (!strncmp (url, "{env:", 5) || !strncmp (url, "{file:", 6))
    return 0; /* all of it is a secret: it is looked at when it is used */
  const char *what = url_fault (url), *stray = stray_character (url);
  if (what)
    return kk_refuse (fault, "webhook", "%s", what);
  return stray ? kk_refuse (fault, "webhook", "column %d: no such character can be in a URL", (int) (stray - url) + 1) : 0;
}

static int
check_header (const char *name, const char *value, struct kk_fault *fault)
{
  static const char *const ours[] = {"Content-Length", "Transfer-Encoding", "Connection", "Idempotency-Key"};
  char why[160];
  if (!is_token (name))
    return kk_refuse (fault, "webhook_headers", "the name of a header has letters, digits and '-'");
  for (size_t i = 0; i < KK_COUNT (ours); i++)
    if (!strcasecmp (name, ours[i]))
      return kk_refuse (fault, "webhook_headers", "the header %s cannot be given: it is always set", ours[i]);
  if (strpbrk (value, "\r\n"))
    return kk_refuse (fault, "webhook_headers", "the header %s has a line break", name);
  if (fillin_check (value, why, sizeof why))
    return kk_refuse (fault, "webhook_headers", "%s: %s", name, why);
  return 0;
}

int
hook_check (const struct options *o, struct kk_fault *fault)
{
  char why[200];
  uint32_t column = 1;
  const char *const *values = o->webhook_headers.items;
  if (!*o->webhook)
    return *o->webhook_body ? kk_refuse (fault, "webhook_body", "it is of no use without webhook") : 0;
  int r = check_url (o->webhook, fault);
  if (!r && o->webhook_headers.count > POSTER_HEADERS - OWN_HEADERS)
    r = kk_refuse (fault, "webhook_headers", "at most %d headers can be given", POSTER_HEADERS - OWN_HEADERS);
  for (uint32_t i = 0; i < o->webhook_headers.count && !r; i++)
    r = check_header (o->webhook_headers.names[i], values[i], fault);
  if (r || !*o->webhook_body)
    return r;
  r = template_check (o->webhook_body, &column, why, sizeof why);
  return r == -EINVAL ? kk_refuse (fault, "webhook_body", "column %u: %s", column, why) : r;
}

/* ---- The request ---- */

static bool
has_header (const struct options *o, const char *name)
{
  for (uint32_t i = 0; i < o->webhook_headers.count; i++)
    if (!strcasecmp (o->webhook_headers.names[i], name))
      return true;
  return false;
}

static void
add_text (struct buf *b, const char *text)
{
  buf_add (b, text, strlen (text) + 1);
}

static int
add_filled (struct buf *b, const char *text, char *why, size_t size)
{
  struct buf SECRET_BUF_CLEANUP filled = {.max = 128 << 10};
  int r = fillin_add (text, &filled, why, size);
  const char *value = filled.data ? filled.data : "";
  if (!r && (memchr (value, '\n', filled.len) || memchr (value, 0, filled.len))) {
    snprintf (why, size, "a secret of webhook or webhook_headers has a line break or a zero byte");
    r = -EINVAL;
  }
  if (!r) {
    buf_add (b, value, filled.len);
    buf_addc (b, 0);
  }
  return r ? r : b->error;
}

static int
add_headers (struct buf *b, const struct options *o, const struct alert_letter *l, char *why, size_t size)
{
  const char *const *values = o->webhook_headers.items;
  const bool type = has_header (o, "Content-Type"), agent = has_header (o, "User-Agent");
  int r = 0;
  buf_printf (b, "%u", o->webhook_headers.count + 1 + !type + !agent);
  buf_addc (b, 0);
  add_text (b, "Idempotency-Key");
  add_text (b, l->id);
  if (!type) {
    add_text (b, "Content-Type");
    add_text (b, "application/json");
  }
  if (!agent) {
    add_text (b, "User-Agent");
    add_text (b, "kode-kronical/" PACKAGE_VERSION);
  }
  for (uint32_t i = 0; i < o->webhook_headers.count && !r; i++) {
    add_text (b, o->webhook_headers.names[i]);
    r = add_filled (b, values[i], why, size);
  }
  return r;
}

/* -EBADMSG: this message can make none. */
static int
add_body (struct buf *b, const struct options *o, const struct alert_letter *l, char *why, size_t size)
{
  struct facts *f = NULL;
  int r = *o->webhook_body ? facts_read (l->json, l->length, &f) : 0;
  if (f)
    template_fill (o->webhook_body, f, l->json, b);
  else if (!r)
    buf_add (b, l->json, l->length);
  facts_free (f);
  r = r ? r : b->error;
  if (r != -EFBIG && r != -EBADMSG)
    return r;
  snprintf (why, size, "%s", r == -EFBIG ? "what webhook_body makes of it is too long" : "it is damaged");
  return -EBADMSG;
}

/* With its secrets in it: else the program would guess http://, and take a token for the name of a host. */
static int
add_url (struct buf *b, const char *text, char *why, size_t size)
{
  const size_t at = b->len;
  int r = add_filled (b, text, why, size);
  if (r)
    return r;
  const char *what = url_fault (b->data + at);
  if (!what && stray_character (b->data + at))
    what = "there is a character in it that can be in no URL";
  if (!what)
    return 0;
  snprintf (why, size, "what {env:} or {file:} in webhook stands for makes no URL: %s", what);
  return -EINVAL;
}

static int
make_request (struct buf *b, const struct options *o, const struct alert_letter *l, char *why, size_t size)
{
  buf_reserve (b, 512 << 10);
  int r = add_url (b, o->webhook, why, size);
  add_text (b, o->webhook_ca_file);
  buf_printf (b, "%lld", (long long) (o->webhook_timeout_ns / MS_NS));
  buf_addc (b, 0);
  if (!r)
    r = add_headers (b, o, l, why, size);
  return r ? r : add_body (b, o, l, why, size);
}

/* ---- The program ---- */

/* Not among those that the program gets its own as. */
static int
move_up (int fd)
{
  int moved = fd < 0 ? -1 : fcntl (fd, F_DUPFD_CLOEXEC, FIRST_FD);
  int r = moved < 0 ? -errno : moved;
  if (fd >= 0)
    close (fd);
  return r;
}

/* A file in memory: no disk ever gets the secrets. */
static int
make_file (const struct buf *b)
{
  int fd = move_up (memfd_create ("webhook", MFD_CLOEXEC));
  for (size_t at = 0; fd >= 0 && at < b->len;) {
    ssize_t n = write (fd, b->data + at, b->len - at);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) {
      close (fd);
      return n ? -errno : -ENOSPC;
    }
    at += (size_t) n;
  }
  return fd;
}

static int
run_program (int request, pid_t *ret_pid, int *ret_fd)
{
  char path[MOST_PATH];
  int out[2];
  if (pipe2 (out, O_CLOEXEC | O_NONBLOCK) < 0)
    return -errno;
  int write_end = move_up (out[1]), r = write_end < 0 ? write_end : 0;
  if (!r) {
    path_own_program (POSTER, LIBEXEC_DIR, path, sizeof path);
    fcntl (write_end, F_SETFL, 0); /* for the program, which shares it */
    r = launch_group (path, (char *[]){path, NULL}, NULL, (int[]){write_end, -1, request}, 3, ret_pid);
    close (write_end);
  }
  if (r)
    close (out[0]);
  else
    *ret_fd = out[0];
  return r;
}

int
hook_request_start (const struct options *o, const struct alert_letter *l, pid_t *ret_pid, int *ret_fd, char *why, size_t size)
{
  struct buf SECRET_BUF_CLEANUP b = {.max = POSTER_MOST};
  int r = make_request (&b, o, l, why, size);
  int request = r ? r : make_file (&b);
  if (request < 0)
    return request;
  r = run_program (request, ret_pid, ret_fd);
  close (request);
  if (r)
    snprintf (why, size, "the program " POSTER " cannot be run: %s", strerror (-r));
  return r;
}
