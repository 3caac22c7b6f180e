#include "fake.h"
#include "status.h"
#include "utf8.h"

static int
read_ (void *state, struct kk_rows *out)
{
  struct kk_instance *self = state;
  (void)out;
  kk_error (self, "cannot read \xff\xfe: \"no\"");
  kk_status (self, "segment", "3 of 256 KiB");
  kk_status (self, "bytes", "\xc3");
  return -EACCES;
}

static const struct kk_field fields[] = {KK_U64 ("value", "1", KK_GAUGE, .help = "A value")};
static const struct kk_table tables[] = {KK_SINGLE ("one", fields, "One row")};
static const struct kk_plugin plugin =
    FAKE_PLUGIN (.kind = KK_INPUT, .name = "broken", KK_TABLES (tables), .create = fake_create, .read = read_);

static void
sink (void *arg, const struct sample *sample)
{
  ring_push (arg, sample);
}

static struct json_object *
member (struct json_object *o, const char *key, enum json_type type)
{
  struct json_object *value;
  ck_assert_msg (json_object_object_get_ex (o, key, &value), "no '%s'", key);
  ck_assert_msg (json_object_is_type (value, type), "'%s' is of another type: %s", key, json_object_to_json_string (value));
  return value;
}

static void
has_numbers (struct json_object *o, const char *const *keys)
{
  for (; *keys; keys++) {
    struct json_object *value;
    ck_assert_msg (json_object_object_get_ex (o, *keys, &value), "no '%s'", *keys);
    ck_assert_msg (json_object_is_type (value, json_type_int) || json_object_is_type (value, json_type_double), "%s", *keys);
  }
}

START_TEST (what_it_says_is_json_with_the_members_promised)
{
  struct env env;
  struct clock_reading now;
  struct settings settings = {.data_dir = "/nonexistent", .log_file = "/nonexistent/\xff.log", .interval_ns = SECOND};
  struct graph *graph;
  struct ring *ring;
  char *reason = NULL;
  fake_env (&env, &now);
  struct descriptor *d = fake_descriptor (&plugin);
  struct instance_plan one = fake_plan ("broken", d, NULL);
  struct plan *plan = calloc (1, sizeof *plan);
  *plan = (struct plan){.refs = 100, .settings = &settings, .instances = &one, .n_instances = 1}; /* never freed by the graph */
  struct sampler *sampler = sampler_new_manual (&env);
  ck_assert_int_eq (ring_new (10, 1 << 20, &ring), 0);
  struct status_source source = {.env = &env, .sampler = sampler, .ring = ring, .plan = plan, .log_file = plan->settings->log_file, .started = now};
  ck_assert_int_eq (graph_new (&env, plan, NULL, sink, ring, &graph, &reason), 0);
  ck_assert_ptr_null (sampler_swap (sampler, graph));
  sampler_wake (sampler);
  fake_pass (&now, SECOND);
  now.wall_ns -= 3600 * SECOND + 500 * MS; /* set back: a span below 0 */
  sampler_wake (sampler);

  struct json_object *said = status_json (&source);
  const char *text = json_object_to_json_string_ext (said, JSON_C_TO_STRING_PLAIN);
  ck_assert_uint_eq (utf8_valid (text, strlen (text)), strlen (text));
  enum json_tokener_error error;
  struct json_object *o = json_tokener_parse_verbose (text, &error);
  ck_assert_msg (o != NULL, "%s in %s", json_tokener_error_desc (error), text);
  json_object_put (said);

  member (o, "version", json_type_string);
  ck_assert_str_eq (json_object_get_string (member (o, "health", json_type_string)), "degraded");
  has_numbers (o, (const char *const[]){"pid", "uptime_seconds", "interval_seconds", "config_read_at", NULL});
  has_numbers (
      member (o, "process", json_type_object),
      (const char *const[]){"cpu_percent", "cpu_seconds", "rss_bytes", "threads", "open_files", "wakeups_per_second", NULL});
  has_numbers (member (o, "ticks", json_type_object),
               (const char *const[]){"taken", "missed", "suspends", "clock_steps", NULL});
  struct json_object *r = member (o, "ring", json_type_object);
  has_numbers (r, (const char *const[]){"samples", "max_samples", "bytes", "max_bytes", "span_seconds", NULL});
  ck_assert_int_eq (json_object_get_int (member (r, "samples", json_type_int)), 2);
  ck_assert (json_object_get_double (member (r, "span_seconds", json_type_double)) < -3598);
  has_numbers (member (o, "log", json_type_object), (const char *const[]){"suppressed", NULL});
  struct json_object *problems = member (o, "problems", json_type_array), *instances = member (o, "instances", json_type_array);
  ck_assert_uint_eq (json_object_array_length (problems), 1);
  ck_assert_str_eq (json_object_get_string (json_object_array_get_idx (problems, 0)),
                    "broken: cannot read \xef\xbf\xbd\xef\xbf\xbd: \"no\"");
  ck_assert_uint_eq (json_object_array_length (instances), 1);
  struct json_object *i = json_object_array_get_idx (instances, 0);
  ck_assert_str_eq (json_object_get_string (member (i, "state", json_type_string)),
                    "failing"); /* whatever the wall clock does */
  ck_assert_str_eq (json_object_get_string (member (i, "kind", json_type_string)), "input");
  has_numbers (i,
               (const char *const[]){"calls", "failures", "overruns", "skipped", "dropped", "bad_fields", "lost_rows", NULL});
  ck_assert_int_eq (json_object_get_int (member (i, "failures", json_type_int)), 2);
  ck_assert_str_eq (json_object_get_string (member (member (i, "status", json_type_object), "segment", json_type_string)),
                    "3 of 256 KiB");
  json_object_put (o);

  ck_assert_ptr_eq (sampler_swap (sampler, NULL), graph);
  ck_assert_uint_eq (graph_end (graph, NULL, real_in (1)), 0);
  ck_assert (sampler_end (sampler));
  ring_free (ring);
  free (plan);
  descriptor_free (d);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, what_it_says_is_json_with_the_members_promised);
}

UNIT_MAIN ("status", tests)
