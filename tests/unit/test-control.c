#include "control-server.h"
#include "control.h"
#include "fake.h"

#include <json-c/json.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

/* A server in a thread of its own, as the daemon's main thread runs it, and clients around it. */
static struct {
  struct env env;
  struct clock_reading now;
  struct schema *schema;
  struct control_server *server;
  pthread_t thread;
  char *dir;
  int end, stops, reload_result;
} it;

static void
give_status (void *arg, struct buf *answer)
{
  (void)arg;
  buf_adds (answer, "{\"version\":\"1\"}");
}

static int
give_samples (void *arg, const struct control_question *question, struct buf *lines, uint64_t *ret_n)
{
  const uint64_t last = question->last;
  (void)arg;
  if (last == 13)
    return -ENOMEM;
  for (size_t i = 0; i < question->n_tables; i++)
    buf_printf (lines, "{\"table\":\"%s\"}\n", question->tables[i]);
  for (uint64_t i = 0; i < last; i++)
    buf_printf (lines, "{\"timestamp\":%llu,\"text\":\"%0100d\"}\n", (unsigned long long)i, 7);
  *ret_n = last;
  return 0;
}

static int
give_config (void *arg, const char *instance, bool json, struct buf *text)
{
  (void) arg;
  if (instance && strcmp (instance, "huge") == 0)
    return -ENOMEM;
  if (instance && strcmp (instance, "net") != 0)
    return -ENOENT;
  buf_adds (text, json ? "{\"plugins\":{}}\n" : "# \"none\"\nplugins:\n");
  return 0;
}

static int
do_reload (void *arg, bool dry, struct json_object *answer, char **reason)
{
  (void)arg;
  (void)dry;
  (void)answer;
  if (it.reload_result)
    *reason = strdup ("daemon.yaml has \"1\" error");
  return it.reload_result;
}

static void
do_stop (void *arg)
{
  (void)arg;
  __atomic_add_fetch (&it.stops, 1, __ATOMIC_RELAXED);
}

static void *
serve (void *arg)
{
  struct pollfd fd = {.fd = control_server_fd (it.server), .events = POLLIN};
  (void)arg;
  while (!__atomic_load_n (&it.end, __ATOMIC_ACQUIRE))
    if (poll (&fd, 1, 5) > 0)
      control_server_work (it.server);
  return NULL;
}

static void
serve_in (char *dir)
{
  const struct control_commands commands = {
    .status = give_status, .samples = give_samples, .config = give_config, .reload = do_reload, .stop = do_stop};
  memset (&it, 0, sizeof it);
  it.dir = dir;
  fake_env (&it.env, &it.now);
  it.schema = schema_new (&it.env.host, 0);
  ck_assert_int_eq (control_server_new (it.dir, NULL, &commands, &it.server), 0);
  ck_assert_int_eq (pthread_create (&it.thread, NULL, serve, NULL), 0);
}

static void
set_up (void)
{
  serve_in (unit_temp_dir ());
}

static void
tear_down (void)
{
  char *path = unit_path (it.dir, "daemon.sock");
  __atomic_store_n (&it.end, 1, __ATOMIC_RELEASE);
  pthread_join (it.thread, NULL);
  control_server_free (it.server);
  ck_assert_int_eq (access (path, F_OK), -1);
  schema_unref (it.schema);
  free (path);
  free (it.dir);
}

static struct control_client *
client (void)
{
  struct control_client *c;
  ck_assert_int_eq (control_connect (it.dir, 5000, &c), 0);
  return c;
}

static void
expect (struct control_client *c, const char *want)
{
  char *line = NULL;
  ck_assert_int_eq (control_receive (c, 10000, &line), 0);
  ck_assert_msg (strstr (line, want) != NULL, "'%s' is not in '%s'", want, line);
  struct json_object *o = json_tokener_parse (line);
  ck_assert_msg (o != NULL, "no JSON: %s", line);
  json_object_put (o);
  free (line);
}

static void
ask (struct control_client *c, const char *line, const char *want)
{
  ck_assert_int_eq (control_send (c, line), 0);
  expect (c, want);
}

static void
give_sample (void)
{
  struct sample *s = sample_new (&it.env.host, it.schema, NULL);
  sample_seal (s);
  s->time.wall_ns = it.now.wall_ns;
  control_server_sample (it.server, &s->face);
  sample_unref (s);
}

START_TEST (every_command)
{
  struct control_client *c = client ();
  struct stat st;
  char *path = unit_path (it.dir, "daemon.sock");
  ck_assert_int_eq (stat (path, &st), 0);
  ck_assert_uint_eq (st.st_mode & 0777, 0600);
  free (path);
  ask (c, "{\"command\":\"status\"}", "version");
  ask (c, "{\"command\":\"samples\",\"last\":2}", "\"timestamp\":0");
  expect (c, "\"timestamp\":1");
  expect (c, "{\"end\":true,\"samples\":2}");
  ask (c, "{\"command\":\"samples\",\"last\":-5}", "{\"end\":true,\"samples\":0}");
  ask (c, "{\"command\":\"samples\",\"last\":\"x\"}", "{\"end\":true,\"samples\":0}");
  ask (c, "{\"command\":\"samples\",\"last\":13}", "\"error\"");
  ask (c, "{\"command\":\"samples\",\"last\":0,\"tables\":[\"a\",\"b\"]}", "{\"table\":\"a\"}");
  expect (c, "{\"table\":\"b\"}");
  expect (c, "{\"end\":true,\"samples\":0}");
  ask (c, "{\"command\":\"samples\",\"tables\":[\"a\",1]}", "\"error\"");
  ask (c, "{\"command\":\"samples\",\"tables\":\"a\"}", "\"error\"");
  ask (c, "{\"command\":\"config\"}", "{\"plugins\":{}}");
  ask (c, "{\"command\":\"config\",\"yaml\":true}", "{\"yaml\":\"# \\\"none\\\"\\nplugins:\\n\"}");
  ask (c, "{\"command\":\"config\",\"instance\":\"net\"}", "{\"plugins\":{}}");
  ask (c, "{\"command\":\"config\",\"instance\":\"nte\"}", "{\"error\":\"no instance 'nte' is on\"}");
  ask (c, "{\"command\":\"config\",\"instance\":\"huge\"}", "\"error\"");
  ask (c, "{\"command\":\"config\",\"instance\":7}", "{\"error\":\"instance is a name\"}");
  ask (c, "{\"command\":\"reload\"}", "{\"ok\":true}");
  it.reload_result = -EINVAL;
  ask (c, "{\"command\":\"reload\"}", "daemon.yaml has \\\"1\\\" error");
  ask (c, "{\"command\":\"stop\"}", "{\"ok\":true}");
  ck_assert_int_eq (__atomic_load_n (&it.stops, __ATOMIC_RELAXED), 1);
  control_disconnect (c);
}
END_TEST

START_TEST (what_is_not_understood_gets_an_error)
{
  static const char *const lines[] = {"",
                                      "x",
                                      "{",
                                      "[]",
                                      "{}",
                                      "null",
                                      "{\"command\":7}",
                                      "{\"command\":\"dance\"}",
                                      "\xff\xfe\x01",
                                      "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["};
  struct control_client *c = client ();
  for (size_t i = 0; i < KK_COUNT (lines); i++)
    ask (c, lines[i], "\"error\"");
  ask (c, "{\"command\":\"status\"}", "version"); /* and is still served */
  control_disconnect (c);
}
END_TEST

START_TEST (a_line_that_is_too_long_ends_it_with_a_word)
{
  struct control_client *c = client ();
  char *line = malloc (20001), *answer;
  memset (line, 'x', 20000);
  line[20000] = 0;
  control_send (c, line);
  int r = control_receive (c, 10000, &answer); /* the word may be lost with the rest of what was sent */
  if (r == 0) {
    ck_assert_ptr_nonnull (strstr (answer, "too long"));
    free (answer);
    r = control_receive (c, 10000, &answer);
  }
  ck_assert (r == -EPIPE || r == -ECONNRESET);
  free (line);
  control_disconnect (c);
  c = client ();
  ask (c, "{\"command\":\"status\"}", "version");
  control_disconnect (c);
}
END_TEST

static int
raw (void)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int fd = socket (AF_UNIX, SOCK_STREAM, 0);
  snprintf (address.sun_path, sizeof address.sun_path, "%s/daemon.sock", it.dir);
  ck_assert_int_eq (connect (fd, (struct sockaddr *)&address, sizeof address), 0);
  return fd;
}

/* Reads to the end; how many bytes. */
static size_t
drain (int fd, char *last, size_t size)
{
  size_t all = 0;
  ssize_t n;
  char bytes[65536];
  while ((n = read (fd, bytes, sizeof bytes)) > 0) {
    all += (size_t)n;
    size_t keep = (size_t)n < size - 1 ? (size_t)n : size - 1;
    memcpy (last, bytes + (size_t)n - keep, keep);
    last[keep] = 0;
  }
  ck_assert_int_eq (n, 0);
  return all;
}

START_TEST (a_line_in_pieces_and_a_big_answer_after_the_sender_ended)
{
  static const char line[] = "{\"command\":\"samples\",\"last\":20000}\n";
  int fd = raw ();
  char last[64];
  for (size_t i = 0; line[i]; i++)
    ck_assert_int_eq (write (fd, line + i, 1), 1);
  shutdown (fd, SHUT_WR); /* as `printf … | socat - UNIX:daemon.sock` does */
  ck_assert_uint_gt (drain (fd, last, sizeof last), 20000 * 100);
  ck_assert_ptr_nonnull (strstr (last, "{\"end\":true,\"samples\":20000}\n"));
  close (fd);
}
END_TEST

START_TEST (followers_get_every_sample)
{
  struct control_client *c[5];
  give_sample (); /* nobody follows: for nobody */
  for (int i = 0; i < 5; i++) {
    c[i] = client ();
    control_send (c[i], "{\"command\":\"tail\"}");
    ask (c[i], "{\"command\":\"status\"}", "version");
  }
  for (int n = 0; n < 20; n++) {
    it.now.wall_ns += SECOND;
    give_sample ();
    for (int i = 0; i < 5; i++) {
      char want[64];
      snprintf (want, sizeof want, "{\"timestamp\":%lld", (long long)(it.now.wall_ns / SECOND));
      expect (c[i], want);
    }
  }
  for (int i = 0; i < 5; i++)
    control_disconnect (c[i]);
}
END_TEST

START_TEST (a_follower_that_does_not_read_holds_up_nobody)
{
  struct control_client *lazy = client (), *other = client ();
  control_send (lazy, "{\"command\":\"tail\"}");
  control_send (lazy, "{\"command\":\"samples\",\"last\":100000}"); /* 13 MB it will not read */
  control_send (other, "{\"command\":\"tail\"}");
  ask (other, "{\"command\":\"status\"}", "version");
  for (int n = 0; n < 300; n++) {
    give_sample ();
    expect (other, "timestamp");
  }
  ask (other, "{\"command\":\"status\"}", "version");
  control_disconnect (lazy);
  control_disconnect (other);
}
END_TEST

START_TEST (many_clients_come_and_go)
{
  struct control_client *c[40];
  for (int round = 0; round < 5; round++) {
    uint32_t served = 0;
    for (int i = 0; i < 40; i++)
      c[i] = client ();
    for (int i = 0; i < 40; i++) {
      char *line = NULL;
      control_send (c[i], "{\"command\":\"status\"}");
      if (control_receive (c[i], 10000, &line) == 0)
        served += strstr (line, "version") != NULL;
      free (line);
    }
    ck_assert_uint_ge (served, 8); /* 32 at once, less those of the round before that are still being closed */
    for (int i = 0; i < 40; i++)
      control_disconnect (c[i]);
  }
  WAIT_FOR (({
    struct control_client *one = client ();
    char *line = NULL;
    control_send (one, "{\"command\":\"status\"}");
    bool ok = control_receive (one, 10000, &line) == 0 && strstr (line, "version");
    free (line);
    control_disconnect (one);
    ok;
  }));
}
END_TEST

START_TEST (without_descriptors_a_client_waits_and_costs_nothing)
{
  struct control_client *first = client ();
  ask (first, "{\"command\":\"status\"}", "version");
  int fd = raw (), taken[256], n = 0;
  ck_assert_int_eq (close (fd), 0);
  fd = socket (AF_UNIX, SOCK_STREAM, 0);
  setrlimit (RLIMIT_NOFILE, &(struct rlimit){64, 64});
  while (n < 256 && (taken[n] = dup (0)) >= 0)
    n++;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf (address.sun_path, sizeof address.sun_path, "%s/daemon.sock", it.dir);
  ck_assert_int_eq (connect (fd, (struct sockaddr *)&address, sizeof address), 0);
  ck_assert_int_eq (write (fd, "{\"command\":\"status\"}\n", 21), 21);
  struct rusage before, after;
  getrusage (RUSAGE_SELF, &before);
  nanosleep (&(struct timespec){.tv_nsec = 300000000}, NULL);
  getrusage (RUSAGE_SELF, &after);
  ck_assert_int_lt ((after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1000000 + after.ru_utime.tv_usec
                        - before.ru_utime.tv_usec + (after.ru_stime.tv_sec - before.ru_stime.tv_sec) * 1000000
                        + after.ru_stime.tv_usec - before.ru_stime.tv_usec,
                    150000);
  while (n > 0)
    close (taken[--n]);
  ask (first, "{\"command\":\"status\"}", "version"); /* wakes the server */
  char bytes[64];
  ck_assert_int_gt (read (fd, bytes, sizeof bytes), 0);
  close (fd);
  control_disconnect (first);
}
END_TEST

START_TEST (a_directory_with_a_long_path)
{
  tear_down ();
  char *dir = unit_temp_dir (), part[101];
  memset (part, 'd', 100);
  part[100] = 0;
  for (int i = 0; i < 8; i++) {
    char *deeper = unit_path (dir, part);
    ck_assert_int_eq (mkdir (deeper, 0700), 0);
    free (dir);
    dir = deeper;
  }
  serve_in (dir);
  struct control_client *c = client ();
  ask (c, "{\"command\":\"status\"}", "version");
  control_disconnect (c);
}
END_TEST

START_TEST (nobody_there)
{
  struct control_client *c;
  char *dir = unit_temp_dir ();
  ck_assert_int_eq (control_connect ("/nonexistent", 100, &c), -ENOENT);
  ck_assert_int_eq (control_connect (dir, 100, &c), -ENOENT);
  c = client ();
  char *line;
  ck_assert_int_eq (control_receive (c, 20, &line), -ETIMEDOUT);
  control_disconnect (c);
  free (dir);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_test (t, every_command);
  tcase_add_test (t, what_is_not_understood_gets_an_error);
  tcase_add_test (t, a_line_that_is_too_long_ends_it_with_a_word);
  tcase_add_test (t, a_line_in_pieces_and_a_big_answer_after_the_sender_ended);
  tcase_add_test (t, followers_get_every_sample);
  tcase_add_test (t, a_follower_that_does_not_read_holds_up_nobody);
  tcase_add_test (t, many_clients_come_and_go);
  tcase_add_test (t, without_descriptors_a_client_waits_and_costs_nothing);
  tcase_add_test (t, a_directory_with_a_long_path);
  tcase_add_test (t, nobody_there);
}

UNIT_MAIN ("control", tests)
