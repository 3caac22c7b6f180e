/* The tables as they are asked for, and as the service describes them; the options. */
#include "dynamodb-writer/json-limits.h"
#include "dynamodb-writer/options.h"
#include "dynamodb-writer/schema.h"
#include "unit.h"

static json_object *
member (json_object *object, const char *name)
{
  json_object *value = NULL;
  ck_assert_msg (json_object_object_get_ex (object, name, &value), "no %s", name);
  return value;
}

static const char *
text (json_object *object, const char *name)
{
  return json_object_get_string (member (object, name));
}

START_TEST (a_table_that_was_made_as_asked_fits)
{
  static const char *const names[] = {"kode-kronical-system", "kode-kronical-systems-registry"};
  for (enum schema_kind kind = SCHEMA_SAMPLES; kind < SCHEMA_KINDS; kind++) {
    struct buf b BUF_CLEANUP = {0}, answer BUF_CLEANUP = {0};
    struct schema_description d;
    schema_create_body (&b, kind, names[kind]);
    ck_assert_int_eq (b.error, 0);
    JSON_CLEANUP json_object *o = json_read (b.data, b.len);
    ck_assert_ptr_nonnull (o);
    ck_assert_str_eq (text (o, "TableName"), names[kind]);
    ck_assert_str_eq (text (o, "BillingMode"), "PAY_PER_REQUEST");
    ck_assert_int_eq ((int) json_object_array_length (member (o, "KeySchema")), kind == SCHEMA_SAMPLES ? 2 : 1);
    ck_assert_int_eq ((int) json_object_array_length (member (o, "AttributeDefinitions")), kind == SCHEMA_SAMPLES ? 2 : 1);
    buf_printf (&answer, "{\"TableDescription\":{\"TableStatus\":\"CREATING\",%s}", b.data + 1);
    ck_assert_int_eq (schema_read (answer.data, answer.len, kind, &d), 0);
    ck_assert (d.fits);
    ck_assert_int_eq (d.state, SCHEMA_MAKING);
    ck_assert_str_eq (d.keys, schema_keys (kind));
    ck_assert_int_eq (schema_read (answer.data, answer.len, kind == SCHEMA_SAMPLES ? SCHEMA_REGISTRY : SCHEMA_SAMPLES, &d), 0);
    ck_assert (!d.fits);
  }
}
END_TEST

#define DESCRIPTION(status_, keys_, types_)                                                                                    \
  "{\"Table\":{\"TableStatus\":\"" status_ "\",\"TableArn\":\"arn:aws:dynamodb:x:1:table/t\",\"ItemCount\":7,"                 \
  "\"TableSizeBytes\":900,\"BillingModeSummary\":{\"BillingMode\":\"PAY_PER_REQUEST\"},\"KeySchema\":[" keys_                  \
  "],\"AttributeDefinitions\":[" types_ "]}}"
#define KEY(name_, role_)  "{\"AttributeName\":\"" name_ "\",\"KeyType\":\"" role_ "\"}"
#define TYPE(name_, type_) "{\"AttributeName\":\"" name_ "\",\"AttributeType\":\"" type_ "\"}"
#define OURS               KEY ("minute_timestamp", "RANGE") "," KEY ("hostname_hour", "HASH")
#define OUR_TYPES          TYPE ("other", "S") "," TYPE ("hostname_hour", "S") "," TYPE ("minute_timestamp", "N")

static struct schema_description
read_description (const char *answer)
{
  struct schema_description d;
  ck_assert_int_eq (schema_read (answer, strlen (answer), SCHEMA_SAMPLES, &d), 0);
  return d;
}

START_TEST (descriptions_are_judged)
{
  static const struct {
    const char *answer;
    enum schema_state state;
    bool fits;
  } cases[] = {
    {DESCRIPTION ("ACTIVE", OURS, OUR_TYPES), SCHEMA_READY, true},
    {DESCRIPTION ("UPDATING", OURS, OUR_TYPES), SCHEMA_READY, true},
    {DESCRIPTION ("CREATING", OURS, OUR_TYPES), SCHEMA_MAKING, true},
    {DESCRIPTION ("DELETING", OURS, OUR_TYPES), SCHEMA_REMOVING, true},
    {DESCRIPTION ("ARCHIVED", OURS, OUR_TYPES), SCHEMA_BLOCKED, true},
    {DESCRIPTION ("INACCESSIBLE_ENCRYPTION_CREDENTIALS", OURS, OUR_TYPES), SCHEMA_BLOCKED, true},
    {DESCRIPTION ("ACTIVE", KEY ("hostname_hour", "HASH"), OUR_TYPES), SCHEMA_READY, false},
    {DESCRIPTION ("ACTIVE", OURS, TYPE ("hostname_hour", "S") "," TYPE ("minute_timestamp", "S")), SCHEMA_READY, false},
    {DESCRIPTION ("ACTIVE", KEY ("hostname_hour", "RANGE") "," KEY ("minute_timestamp", "HASH"), OUR_TYPES), SCHEMA_READY,
     false},
    {DESCRIPTION ("ACTIVE", "", ""), SCHEMA_READY, false},
    {DESCRIPTION ("ACTIVE", "7,null,\"x\",{}", "[],{}"), SCHEMA_READY, false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct schema_description d = read_description (cases[i].answer);
    ck_assert_msg (d.state == cases[i].state && d.fits == cases[i].fits, "%s", cases[i].answer);
  }
  struct schema_description d = read_description (cases[0].answer);
  ck_assert_str_eq (d.arn, "arn:aws:dynamodb:x:1:table/t");
  ck_assert_str_eq (d.keys, "hostname_hour (S), minute_timestamp (N)");
  ck_assert_int_eq (d.items, 7);
  ck_assert_int_eq (d.bytes, 900);
  ck_assert (d.by_request);
}
END_TEST

START_TEST (what_is_no_description_is_refused)
{
  static const char *const answers[] = {
    "", "{}", "[]", "{\"Table\":{}}", "{\"Table\":{\"TableStatus\":1}}", "{\"Table\":{\"TableStatus\":\"ACTIVE\"}", "<html>"};
  struct schema_description d;
  enum schema_ttl ttl;
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
    ck_assert_int_eq (schema_read (answers[i], strlen (answers[i]), SCHEMA_SAMPLES, &d), -EBADMSG);
    ck_assert_int_eq (schema_read_ttl (answers[i], strlen (answers[i]), &ttl), -EBADMSG);
  }
}
END_TEST

START_TEST (expiry)
{
  static const struct {
    const char *answer;
    enum schema_ttl ttl;
  } cases[] = {
    {"{\"TimeToLiveDescription\":{\"TimeToLiveStatus\":\"DISABLED\"}}", SCHEMA_TTL_OFF},
    {"{\"TimeToLiveDescription\":{\"TimeToLiveStatus\":\"DISABLING\",\"AttributeName\":\"ttl\"}}", SCHEMA_TTL_OFF},
    {"{\"TimeToLiveDescription\":{\"TimeToLiveStatus\":\"ENABLED\",\"AttributeName\":\"ttl\"}}", SCHEMA_TTL_ON},
    {"{\"TimeToLiveDescription\":{\"TimeToLiveStatus\":\"ENABLING\",\"AttributeName\":\"ttl\"}}", SCHEMA_TTL_ON},
    {"{\"TimeToLiveDescription\":{\"TimeToLiveStatus\":\"ENABLED\",\"AttributeName\":\"expires\"}}", SCHEMA_TTL_OTHER},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    enum schema_ttl ttl;
    ck_assert_int_eq (schema_read_ttl (cases[i].answer, strlen (cases[i].answer), &ttl), 0);
    ck_assert_int_eq (ttl, cases[i].ttl);
  }
  struct buf b BUF_CLEANUP = {0};
  schema_ttl_body (&b, "a.b");
  JSON_CLEANUP json_object *o = json_read (b.data, b.len);
  json_object *specification = member (o, "TimeToLiveSpecification");
  ck_assert_str_eq (text (specification, "AttributeName"), "ttl");
  ck_assert (json_object_get_boolean (member (specification, "Enabled")));
}
END_TEST

START_TEST (tags_of_a_table)
{
  struct buf b BUF_CLEANUP = {0};
  schema_tags_body (&b, "arn:aws:dynamodb:x:1:table/t");
  JSON_CLEANUP json_object *o = json_read (b.data, b.len);
  ck_assert_str_eq (text (o, "ResourceArn"), "arn:aws:dynamodb:x:1:table/t");
  json_object *tags = member (o, "Tags");
  ck_assert_int_eq ((int) json_object_array_length (tags), 2);
  ck_assert_str_eq (text (json_object_array_get_idx (tags, 0), "Key"), "Application");
  ck_assert_str_eq (text (json_object_array_get_idx (tags, 0), "Value"), "kode-kronical");
  ck_assert_str_eq (text (json_object_array_get_idx (tags, 1), "Key"), "Version");
  ck_assert_str_eq (text (json_object_array_get_idx (tags, 1), "Value"), "v2-optimized");
}
END_TEST

static struct options
good_options (void)
{
  return (struct options){.table = "kode-kronical-system",
                          .registry_table = "kode-kronical-systems-registry",
                          .region = "",
                          .aws_region = "",
                          .profile = "default",
                          .endpoint = "",
                          .ca_file = "",
                          .spool_dir = ""};
}

START_TEST (options_that_make_no_sense_are_refused)
{
  static const struct {
    size_t member;
    const char *value, *option;
  } cases[] = {
    {offsetof (struct options, table), "a table", "table"},
    {offsetof (struct options, table), "ab", "table"},
    {offsetof (struct options, table), "", "table"},
    {offsetof (struct options, registry_table), "kode-kronical-system", "registry_table"},
    {offsetof (struct options, registry_table), "x/y", "registry_table"},
    {offsetof (struct options, region), "eu central", "region"},
    {offsetof (struct options, region), "eu-central-1.evil.example/", "region"},
    {offsetof (struct options, region), "-eu", "region"},
    {offsetof (struct options, aws_region), "EU", "aws_region"},
    {offsetof (struct options, endpoint), "localhost:8000", "endpoint"},
    {offsetof (struct options, endpoint), "ftp://localhost", "endpoint"},
    {offsetof (struct options, endpoint), "http://localhost/?x", "endpoint"},
  };
  struct kk_fault fault;
  struct options good = good_options ();
  ck_assert_int_eq (options_check (&good, &fault), 0);
  good.region = "eu-central-1";
  good.endpoint = "http://localhost:8000";
  ck_assert_int_eq (options_check (&good, &fault), 0);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct options o = good_options ();
    memcpy ((char *) &o + cases[i].member, &cases[i].value, sizeof cases[i].value);
    fault = (struct kk_fault){.option = NULL};
    ck_assert_msg (options_check (&o, &fault) == -EINVAL, "%s", cases[i].value);
    ck_assert_str_eq (fault.option, cases[i].option);
    ck_assert_uint_gt (strlen (fault.text), 20);
  }
}
END_TEST

START_TEST (the_first_region_wins)
{
  struct options o = good_options ();
  ck_assert_str_eq (options_session (&o).region, "");
  o.aws_region = "eu-west-1";
  ck_assert_str_eq (options_session (&o).region, "eu-west-1");
  o.region = "eu-north-1";
  ck_assert_str_eq (options_session (&o).region, "eu-north-1");
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, a_table_that_was_made_as_asked_fits);
  tcase_add_test (t, descriptions_are_judged);
  tcase_add_test (t, what_is_no_description_is_refused);
  tcase_add_test (t, expiry);
  tcase_add_test (t, tags_of_a_table);
  tcase_add_test (t, options_that_make_no_sense_are_refused);
  tcase_add_test (t, the_first_region_wins);
}

UNIT_MAIN ("schema", tests)
