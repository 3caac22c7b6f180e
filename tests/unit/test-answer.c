/* Answers with credentials: of endpoints, of credential_process, of STS. */
#include "dynamodb-writer/answer.h"
#include "unit.h"

#define XML(credentials_)                                                                                                      \
  "<?xml version=\"1.0\"?>\n<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><!-- c "                   \
  "--><AssumeRoleResult>"                                                                                                      \
  "<AssumedRoleUser><Arn>a&amp;b</Arn></AssumedRoleUser><Credentials>" credentials_                                            \
  "</Credentials><Empty/></AssumeRoleResult>"                                                                                  \
  "</AssumeRoleResponse>\n"
#define PARTS                                                                                                                  \
  "<AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s+/&#x3d;&lt;</SecretAccessKey><SessionToken>t&amp;&#61;</SessionToken>"    \
  "<Expiration>2030-01-02T03:04:05Z</Expiration>"
static const char ENDPOINT[] =
  "{\"Code\":\"Success\",\"AccessKeyId\":\"ASIA\",\"SecretAccessKey\":\"s\\u002b\",\"Token\":\"t\","
  "\"Expiration\":\"2030-01-02T03:04:05Z\",\"more\":[{\"x\":1}]}\n";
static const int64_t EXPIRES = INT64_C (1893553445) * 1000000000;

static int
take (char form, const char *text, struct credentials *ret, struct answer_fault *fault)
{
  size_t n = strlen (text);
  char *exact = malloc (n ? n : 1); /* without the 0, so that a read behind it is seen */
  ck_assert_ptr_nonnull (exact);
  memcpy (exact, text, n);
  int r = form == 's' ? answer_sts (exact, n, ret, fault)
                      : answer_json (form == 'p' ? ANSWER_PROCESS : ANSWER_ENDPOINT, exact, n, ret, fault);
  free (exact);
  return r;
}

START_TEST (good)
{
  static const struct {
    char form;
    const char *text, *secret, *token;
    int64_t expires;
  } cases[] = {
    {'e', ENDPOINT, "s+", "t", EXPIRES},
    {'p', "{\"Version\": 1, \"AccessKeyId\": \"ASIA\", \"SecretAccessKey\": \"s\"}", "s", NULL, 0},
    {'p',
     "{\"Version\":1,\"AccessKeyId\":\"ASIA\",\"SecretAccessKey\":\"s\",\"SessionToken\":\"t\",\"Expiration\":"
     "\"2030-01-02T05:04:05.5+02:00\"}",
     "s", "t", EXPIRES},
    {'s', XML (PARTS), "s+/=<", "t&=", EXPIRES},
    {'s',
     "{\"AssumeRoleResponse\":{\"AssumeRoleResult\":{\"Credentials\":{\"AccessKeyId\":\"ASIA\",\"SecretAccessKey\":\"s\","
     "\"SessionToken\":\"t\",\"Expiration\":1.893553445E9}}}}",
     "s", "t", EXPIRES},
  };
  struct credentials c = {.provider = CREDENTIALS_NONE};
  struct answer_fault fault = {.text = ""};
  int r = take (cases[_i].form, cases[_i].text, &c, &fault);
  ck_assert_msg (r == 0, "%d: %s", r, fault.text);
  ck_assert_str_eq (c.access_key, "ASIA");
  ck_assert_str_eq (c.secret, cases[_i].secret);
  ck_assert_pstr_eq (c.token, cases[_i].token);
  ck_assert_int_eq (c.expires_ns, cases[_i].expires);
  credentials_clear (&c);
}
END_TEST

START_TEST (cut_anywhere)
{
  static const char *const texts[] = {ENDPOINT, XML (PARTS)};
  struct credentials c = {.provider = CREDENTIALS_NONE};
  struct answer_fault fault;
  size_t whole = strlen (texts[_i]) - 1; /* but for the newline */
  for (size_t n = 0; n < whole; n++) {
    char *cut = strndup (texts[_i], n);
    ck_assert_int_eq (take (_i ? 's' : 'e', cut, &c, &fault), -EBADMSG);
    ck_assert_ptr_null (c.access_key);
    free (cut);
  }
}
END_TEST

START_TEST (bad)
{
  static const struct {
    char form;
    const char *text;
    int want;
    const char *says;
  } cases[] = {
    {'e', "", -EBADMSG, "empty"},
    {'e', "[]", -EBADMSG, "JSON"},
    {'e', "{} x", -EBADMSG, "JSON"},
    {'e', "<html>", -EBADMSG, "JSON"},
    {'e', "{\"AccessKeyId\":\"\"}", -EBADMSG, "AccessKeyId"},
    {'e', "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":1}", -EBADMSG, "SecretAccessKey"},
    {'e', "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"b\"}", -EBADMSG, "token"},
    {'e', "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"b\",\"Token\":\"c\"}", -EBADMSG, "Expiration"},
    {'e', "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"b\",\"Token\":\"c\",\"Expiration\":\"soon\"}", -EBADMSG, "Expiration"},
    {'e', "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"b\",\"Token\":\"c\\r\\nX: y\",\"Expiration\":\"2030-01-02T03:04:05Z\"}",
     -EBADMSG, "foreign"},
    {'e', "{\"AccessKeyId\":\"a\\u0000b\",\"SecretAccessKey\":\"b\"}", -EBADMSG, "AccessKeyId"},
    {'e', "{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"not\\ntrusted\"}", -EREMOTEIO, "not trusted"},
    {'e', "{\"code\":\"NoToken\",\"message\":\"m\"}", -EREMOTEIO, "m"},
    {'p', "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"b\"}", -EBADMSG, "Version"},
    {'p', "{\"Version\":2,\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"b\"}", -EBADMSG, "Version"},
    {'p', "{\"Version\":1,\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"b\",\"SessionToken\":\"\xc3\xa9\"}", -EBADMSG, "foreign"},
    {'s', "<a><b></a></b>", -EBADMSG, "XML"},
    {'s', "<a/><b/>", -EBADMSG, "XML"},
    {'s', "<a><Credentials/></a>", -EBADMSG, "AccessKeyId"},
    {'s', "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", -EBADMSG, "XML"},
    {'s', XML ("<AccessKeyId>&x;</AccessKeyId>"), -EBADMSG, "XML"},
    {'s', XML ("<AccessKeyId>&#0;</AccessKeyId>"), -EBADMSG, "XML"},
    {'s',
     "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no &lt;way&gt;</Message></Error>"
     "</ErrorResponse>",
     -EREMOTEIO, "no <way>"},
    {'s', "{\"Error\":{\"Code\":\"AccessDenied\",\"Message\":\"m\"}}", -EREMOTEIO, "m"},
    {'s', "{\"Error\":{\"Code\":\"SignatureDoesNotMatch\",\"Message\":\"no. x-amz-security-token:SECRET\"}}", -EREMOTEIO,
     "no."},
    {'s',
     "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>no.\n\nThe Canonical String for this request should "
     "have "
     "been\n'POST\nx-amz-security-token:SECRET'</Message></Error></ErrorResponse>",
     -EREMOTEIO, "no."},
    {'s', "{\"x\":{\"y\":1}}", -EBADMSG, "Credentials"},
    {'s', "{\"Credentials\":[]}", -EBADMSG, "AccessKeyId"},
    {'s', "[[[[[[[[[[[[1]]]]]]]]]]]]", -EBADMSG, "JSON"},
    {'s', "   ", -EBADMSG, "JSON"},
  };
  struct credentials c = {.provider = CREDENTIALS_NONE};
  struct answer_fault fault = {.text = ""};
  ck_assert_int_lt (_i, (int) (sizeof cases / sizeof *cases));
  int r = take (cases[_i].form, cases[_i].text, &c, &fault);
  ck_assert_msg (r == cases[_i].want && strstr (fault.text, cases[_i].says), "%s: %d %s", cases[_i].text, r, fault.text);
  ck_assert_ptr_null (strstr (fault.text, "SECRET"));
  ck_assert_ptr_null (c.access_key);
}
END_TEST

START_TEST (times)
{
  static const struct {
    const char *text;
    int64_t seconds; /* -1: none */
  } cases[] = {{"2030-01-02T03:04:05Z", 1893553445},
               {"2030-01-02 03:04:05", 1893553445},
               {"2030-01-02T03:04:05.123Z", 1893553445},
               {"2030-01-02T03:04:05+00:00", 1893553445},
               {"2030-01-01T22:34:05-0430", 1893553445},
               {"2030-01-02", -1},
               {"2030-13-02T03:04:05Z", -1},
               {"2030-01-02T25:04:05Z", -1},
               {"2030-01-02T03:04:05Zx", -1},
               {"", -1},
               {"1969-01-02T03:04:05Z", -1},
               {"9999-01-02T03:04:05Z", -1},
               {"2030-01-02T03:04:05+1", -1}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int64_t ns = -1;
    int r = credentials_parse_time (cases[i].text, &ns);
    ck_assert_msg (cases[i].seconds < 0 ? r == -EINVAL : r == 0 && ns == cases[i].seconds * 1000000000, "%s: %d %lld",
                   cases[i].text, r, (long long) ns);
  }
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_loop_test (t, good, 0, 5);
  tcase_add_loop_test (t, cut_anywhere, 0, 2);
  tcase_add_loop_test (t, bad, 0, 30);
  tcase_add_test (t, times);
}

UNIT_MAIN ("answer", tests)
