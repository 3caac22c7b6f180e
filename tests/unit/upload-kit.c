#include "upload-kit.h"

#include <poll.h>

struct cloud *the_cloud;

/* ---- The session ---- */

int
session_new (const struct session_settings *settings, struct session **ret)
{
  (void) settings;
  *ret = malloc (1);
  ck_assert_ptr_nonnull (*ret);
  the_cloud->sessions++;
  return 0;
}

void
session_free (struct session *s)
{
  if (s)
    the_cloud->sessions--;
  free (s);
}

const char *
session_credentials_trouble (const struct session *s)
{
  (void) s;
  return "";
}

int
session_call (struct session *s, const char *operation, const void *body, size_t length, struct session_answer *ret)
{
  (void) s;
  ck_assert_msg (the_cloud->at < the_cloud->n, "a request that was not expected: %s", operation);
  const struct step *step = &the_cloud->steps[the_cloud->at];
  ck_assert_str_eq (operation, step->operation);
  the_cloud->bodies[the_cloud->at] = strndup (body, length);
  the_cloud->at++;
  session_answer_free (ret);
  *ret = (struct session_answer){.timed_out = step->r == -ETIMEDOUT};
  if (step->r) {
    ret->fault.step = SESSION_NETWORK;
    snprintf (ret->fault.text, sizeof ret->fault.text, "EndpointConnectionError: Could not connect to the endpoint URL: \"x\"");
    return step->r;
  }
  buf_adds (&ret->response.body, step->body);
  aws_error_read (&ret->error, step->status ? step->status : 200, step->body, strlen (step->body));
  return 0;
}

void
session_answer_free (struct session_answer *answer)
{
  buf_free (&answer->response.body);
}

int
session_find (struct session *s, struct session_fault *fault)
{
  struct pollfd fd = {.fd = the_cloud->gate, .events = POLLIN};
  (void) s;
  (void) fault;
  return fd.fd >= 0 && poll (&fd, 1, -1) < 0 ? -EIO : 0;
}

const struct session_place *
session_place (const struct session *s)
{
  (void) s;
  return &the_cloud->place;
}

int64_t
session_now (const struct session *s)
{
  (void) s;
  return the_cloud->now * SECOND_NS_;
}

bool
session_confirmed_now (const struct session *s, int64_t *ret)
{
  (void) s;
  *ret = the_cloud->now;
  return the_cloud->confirmed;
}

bool
session_clock_offset (const struct session *s, int64_t *ret_ns)
{
  (void) s;
  (void) ret_ns;
  return false;
}

/* ---- The host ---- */

static struct fake_host *
host_of (struct kk_instance *self)
{
  return (struct fake_host *) (void *) ((char *) self - offsetof (struct fake_host, self));
}

static void
host_log (struct kk_instance *self, uint32_t level, const char *text)
{
  ck_assert_uint_lt (strlen (text), 1023);
  buf_printf (&host_of (self)->log, "%u %s\n", level, text);
}

static uint32_t
host_level (const struct kk_instance *self)
{
  (void) self;
  return KK_LOG_INFO;
}

static void
host_status (struct kk_instance *self, const char *key, const char *text)
{
  struct fake_host *h = host_of (self);
  struct buf *b = strcmp (key, "trouble") == 0 ? &h->trouble : strcmp (key, "uploaded") == 0 ? &h->uploaded : NULL;
  if (!b)
    return;
  buf_clear (b);
  buf_adds (b, text);
}

/* ---- The bench ---- */

static void
over (void *arg, const struct minute *m)
{
  (void) arg;
  (void) m;
}

void
bench_begin (struct bench *b)
{
  *b = (struct bench){.dir = unit_temp_dir ()};
  b->cloud.now = T0 + 3600 * 24;
  b->cloud.gate = -1;
  snprintf (b->cloud.place.region, sizeof b->cloud.place.region, "eu-central-1");
  the_cloud = &b->cloud;
  b->host.functions =
    (struct kk_host){.size = sizeof b->host.functions, .log = host_log, .log_level = host_level, .status = host_status};
  b->host.self.host = &b->host.functions;
  buf_adds (&b->host.log, "");
  buf_adds (&b->host.trouble, "");
  minutes_init (&b->minutes, over, NULL);
  ck_assert_int_eq (shared_new (&b->host.self, open_spool (b->dir, 1 << 20), &b->minutes, &b->shared), 0);
  report_init (&b->work.report, b->shared);
  ck_assert_int_eq (upload_init (&b->upload), 0);
  b->table = (struct table){.name = "the-table", .create = true, .state = TABLE_USABLE, .described = true, .finished = true};
}

void
bench_end (struct bench *b)
{
  for (size_t i = 0; i < b->cloud.at; i++)
    free (b->cloud.bodies[i]);
  work_free (&b->work);
  upload_free (&b->upload);
  shared_leave (b->shared);
  shared_unref (b->shared);
  buf_free (&b->host.log);
  buf_free (&b->host.trouble);
  buf_free (&b->host.uploaded);
  unit_remove_tree (b->dir);
  free (b->dir);
  the_cloud = NULL;
}
