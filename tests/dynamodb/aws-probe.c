/* Drives the rooms of dynamodb-writer that talk to AWS, for the system tests: prints what they found as JSON, one line a
 * question.
 *
 *   aws-probe ini FILE            aws-probe words TEXT        aws-probe sign < requests
 *   aws-probe url URL             aws-probe get URL [--most N] [--direct] [--ca FILE] [--ms N] [--times N]
 *   aws-probe find < questions    region [GIVEN] | endpoint SERVICE [GIVEN] | get | renew | advance SECONDS
 *
 * --stop MS ends what goes on after so long, by a descriptor, --ask-stop MS by a function; --profile and --region are
 * daemon.yaml's. Prints secrets: they are those of the tests. */
#include "aws.h"
#include "endpoint.h"
#include "ini.h"
#include "profiles.h"
#include "secret.h"
#include "sign.h"
#include "words.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

struct options {
  const char *profile, *region, *ca;
  long most, ms, times;
  int stop_fd;
  int64_t stop_ns; /* monotonic; 0: never */
  bool direct;
  int64_t advanced_ns;
};

static struct json_object *
text (const char *value)
{
  return value ? json_object_new_string (value) : NULL;
}

static void
add (struct json_object *o, const char *name, struct json_object *value)
{
  json_object_object_add (o, name, value);
}

static void
print (struct json_object *o)
{
  puts (json_object_to_json_string_ext (o, JSON_C_TO_STRING_PLAIN));
  fflush (stdout);
  json_object_put (o);
}

static struct json_object *
result (int r, const char *error)
{
  struct json_object *o = json_object_new_object ();
  add (o, "result", text (r ? strerrorname_np (-r) : "ok"));
  if (r)
    add (o, "error", text (error));
  return o;
}

/* ---- Files and words ---- */

static int
show_ini (const char *path)
{
  struct buf bytes = {.max = INI_MOST_BYTES + 1};
  struct ini *ini = NULL;
  struct ini_fault fault = {.line = 0};
  int r = secret_read_file (path, INI_MOST_BYTES, &bytes);
  if (r == 0)
    r = ini_parse (&bytes, &ini, &fault);
  struct json_object *o = result (r, fault.text), *sections = json_object_new_object ();
  add (o, "line", json_object_new_int ((int) fault.line));
  for (size_t s = 0; s < ini_count (ini); s++) {
    struct json_object *section = json_object_new_object ();
    static const char *const keys[] = {"region", "role_arn", "s3", "key", "other key", "k", "a", "b"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
      if (ini_get (ini, s, keys[i]))
        add (section, keys[i], text (ini_get (ini, s, keys[i])));
    if (strcmp (ini_name (ini, s), "DEFAULT") != 0)
      add (sections, ini_name (ini, s), section);
    else
      json_object_put (section);
  }
  add (o, "sections", sections);
  print (o);
  ini_free (ini);
  return 0;
}

static int
show_words (const char *line)
{
  char **words = NULL;
  size_t n = 0;
  int r = words_split (line, &words, &n);
  struct json_object *o = result (r, ""), *array = json_object_new_array ();
  for (size_t i = 0; r == 0 && i < n; i++)
    json_object_array_add (array, text (words[i]));
  add (o, "words", array);
  print (o);
  words_free (words);
  return 0;
}

/* ---- Signing ---- */

static const char *
member (struct json_object *o, const char *name)
{
  struct json_object *value = NULL;
  return json_object_object_get_ex (o, name, &value) && value ? json_object_get_string (value) : "";
}

/* One request as JSON a line: its Authorization. */
static int
sign_all (void)
{
  char *line = NULL;
  size_t size = 0;
  while (getline (&line, &size, stdin) > 0) {
    struct json_object *o = json_tokener_parse (line), *list = NULL;
    struct sign_header headers[SIGN_MOST_HEADERS];
    struct buf value = {.max = 1 << 16};
    size_t n = 0;
    if (!o || !json_object_object_get_ex (o, "headers", &list))
      return 2;
    for (; n < json_object_array_length (list) && n < SIGN_MOST_HEADERS; n++) {
      struct json_object *pair = json_object_array_get_idx (list, n);
      headers[n] = (struct sign_header){json_object_get_string (json_object_array_get_idx (pair, 0)),
                                        json_object_get_string (json_object_array_get_idx (pair, 1))};
    }
    const char *body = member (o, "body");
    const struct sign_request request = {member (o, "method"), member (o, "path"), member (o, "query"), headers, n, body,
                                         strlen (body)};
    const struct sign_key key = {member (o, "access_key"), member (o, "secret"), member (o, "region"), member (o, "service"),
                                 member (o, "date")};
    int r = sign (&request, &key, &value);
    puts (r == 0 ? value.data : strerror (-r));
    buf_free (&value);
    json_object_put (o);
  }
  free (line);
  return 0;
}

/* ---- HTTP ---- */

static int64_t
mono_ns (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return (int64_t) t.tv_sec * 1000000000 + t.tv_nsec;
}

static bool
stopped (void *data)
{
  const struct options *options = data;
  return options->stop_ns && mono_ns () > options->stop_ns;
}

static int
get (struct options *options, const char *url)
{
  const struct http_settings settings = {.ca_file = options->ca,
                                         .connect_ns = options->ms * 1000000,
                                         .total_ns = options->ms * 1000000,
                                         .most = (size_t) options->most,
                                         .direct = options->direct,
                                         .stop_fd = options->stop_fd,
                                         .stopped = stopped,
                                         .data = options};
  const struct http_request request = {.method = "GET", .url = url};
  struct http *h;
  if (http_open (&h, &settings) < 0)
    return 2;
  for (long i = 0; i < options->times; i++) {
    struct http_response answer HTTP_RESPONSE_CLEANUP = {.status = 0};
    int r = http_send (h, &request, &answer);
    struct json_object *o = result (r, answer.error);
    add (o, "status", json_object_new_int64 (answer.status));
    add (o, "body", text (answer.body.len ? answer.body.data : ""));
    add (o, "date", json_object_new_int64 (answer.date));
    add (o, "retry_ms", json_object_new_int64 (answer.retry_ns / 1000000));
    add (o, "request_id", text (answer.request_id));
    add (o, "sent", json_object_new_boolean (answer.sent));
    print (o);
  }
  http_close (h);
  return 0;
}

static int
show_url (const char *url)
{
  char *scheme = NULL, *host = NULL, *host_port = NULL, *path = NULL;
  int r = http_split_url (url, &scheme, &host, &host_port, &path);
  struct json_object *o = result (r, "");
  add (o, "scheme", text (scheme));
  add (o, "host", text (host));
  add (o, "host_port", text (host_port));
  add (o, "path", text (path));
  print (o);
  free (scheme);
  free (host);
  free (host_port);
  free (path);
  return 0;
}

/* ---- Finding ---- */

static int64_t
now (void *data)
{
  const struct options *options = data;
  struct timespec t;
  clock_gettime (CLOCK_REALTIME, &t);
  return (int64_t) t.tv_sec * 1000000000 + t.tv_nsec + options->advanced_ns;
}

static void
correct (void *data, int64_t ns)
{
  struct options *options = data;
  options->advanced_ns += ns;
}

static void
find_credentials (struct credentials_chain *chain, struct options *options)
{
  const struct credentials *c = NULL;
  struct credentials_fault fault;
  int r = credentials_get (chain, &c, &fault);
  struct json_object *o = result (r, fault.text);
  if (r == 0) {
    add (o, "access_key", text (c->access_key));
    add (o, "secret", text (c->secret));
    add (o, "token", text (c->token));
    add (o, "expires_in", c->expires_ns ? json_object_new_int64 ((c->expires_ns - now (options)) / 1000000000) : NULL);
    add (o, "due_in",
         credentials_due (chain) ? json_object_new_int64 ((credentials_due (chain) - now (options)) / 1000000000) : NULL);
    add (o, "provider", text (credentials_provider_name (c->provider)));
    add (o, "from", text (c->from));
    add (o, "trouble", text (credentials_trouble (chain)));
  }
  print (o);
}

static void
find_place (const struct credentials_settings *settings, const char *question, const char *first, const char *second)
{
  struct profiles *p = NULL;
  struct endpoint_fault fault = {.text = ""};
  struct endpoint endpoint = {.url = ""};
  char region[ENDPOINT_REGION_SIZE] = "", from[200] = "";
  bool named;
  profiles_load (&p);
  const char *profile = endpoint_profile (settings->profile, &named);
  int r;
  if (strcmp (question, "region") == 0)
    r = endpoint_region (first, p, profile, settings, region, from, &fault);
  else
    r = endpoint_url (first, second, p, profile, settings->region, &endpoint, &fault);
  struct json_object *o = result (r < 0 ? r : 0, fault.text);
  add (o, "again", json_object_new_boolean (r == 1));
  add (o, "region", text (region));
  add (o, "url", text (endpoint.url));
  add (o, "from", text (*from ? from : endpoint.from));
  print (o);
  profiles_free (p);
}

static int
find (struct options *options)
{
  const struct credentials_settings settings = {.profile = options->profile,
                                                .region = options->region ? options->region : "us-east-1",
                                                .ca_file = options->ca,
                                                .stop_fd = options->stop_fd,
                                                .stopped = stopped,
                                                .now = now,
                                                .correct = correct,
                                                .data = options};
  struct credentials_chain *chain;
  char line[600];
  if (credentials_open (&chain, &settings) < 0)
    return 2;
  while (fgets (line, sizeof line, stdin)) {
    char *save = NULL, *question = strtok_r (line, " \n", &save);
    char *first = strtok_r (NULL, " \n", &save), *second = strtok_r (NULL, " \n", &save);
    if (!question)
      continue;
    if (strcmp (question, "advance") == 0 && first)
      options->advanced_ns += strtoll (first, NULL, 10) * 1000000000;
    else if (strcmp (question, "renew") == 0)
      credentials_renew (chain);
    else if (strcmp (question, "get") == 0)
      find_credentials (chain, options);
    else
      find_place (&settings, question, first, second);
  }
  credentials_close (chain);
  return 0;
}

/* A descriptor that becomes readable after so long. */
static int
stop_after (long ms)
{
  int fd = timerfd_create (CLOCK_MONOTONIC, TFD_CLOEXEC);
  const struct itimerspec when = {.it_value = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 + 1}};
  timerfd_settime (fd, 0, &when, NULL);
  return fd;
}

int
main (int argc, char **argv)
{
  struct options options = {.most = 65536, .ms = 10000, .times = 1, .stop_fd = -1};
  const char *argument = NULL;
  for (int i = 2; i < argc; i++) {
    const char *next = i + 1 < argc ? argv[i + 1] : "";
    if (strcmp (argv[i], "--direct") == 0)
      options.direct = true;
    else if (strncmp (argv[i], "--", 2) != 0)
      argument = argv[i];
    else if (i++, strcmp (argv[i - 1], "--profile") == 0)
      options.profile = next;
    else if (strcmp (argv[i - 1], "--region") == 0)
      options.region = next;
    else if (strcmp (argv[i - 1], "--ca") == 0)
      options.ca = next;
    else if (strcmp (argv[i - 1], "--most") == 0)
      options.most = strtol (next, NULL, 10);
    else if (strcmp (argv[i - 1], "--ms") == 0)
      options.ms = strtol (next, NULL, 10);
    else if (strcmp (argv[i - 1], "--times") == 0)
      options.times = strtol (next, NULL, 10);
    else if (strcmp (argv[i - 1], "--ask-stop") == 0)
      options.stop_ns = mono_ns () + strtol (next, NULL, 10) * 1000000;
    else if (strcmp (argv[i - 1], "--stop") == 0)
      options.stop_fd = stop_after (strtol (next, NULL, 10));
  }
  const char *what = argc > 1 ? argv[1] : "";
  if (strcmp (what, "find") == 0)
    return find (&options);
  if (strcmp (what, "sign") == 0)
    return sign_all ();
  if (!argument)
    return 2;
  return strcmp (what, "ini") == 0     ? show_ini (argument)
         : strcmp (what, "words") == 0 ? show_words (argument)
         : strcmp (what, "url") == 0   ? show_url (argument)
                                       : get (&options, argument);
}
