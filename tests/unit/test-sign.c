/* Signature Version 4 against the test suite that AWS publishes (aws4_testsuite): its requests and its signatures. */
#include "dynamodb-writer/sign.h"
#include "unit.h"

static const struct sign_key suite_key = {.access_key = "AKIDEXAMPLE",
                                          .secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                                          .region = "us-east-1",
                                          .service = "service",
                                          .amz_date = "20150830T123600Z"};
#define UNRESERVED "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define TOKEN                                                                                                                  \
  "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/"  \
  "qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+"           \
  "xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="

struct vector {
  const char *name, *method, *path, *query;
  struct sign_header more[5]; /* beside host and x-amz-date */
  const char *body, *signature;
};

static const struct vector vectors[] = {
  {"vanilla", "GET", "/", "", {{0}}, "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
  {"no path", "GET", "", NULL, {{0}}, NULL, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
  {"header-key-duplicate",
   "GET",
   "/",
   "",
   {{"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}},
   "",
   "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
  {"header-value-order",
   "GET",
   "/",
   "",
   {{"My-Header1", "value4"}, {"My-Header1", "value1"}, {"My-Header1", "value3"}, {"My-Header1", "value2"}},
   "",
   "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
  {"header-value-trim",
   "GET",
   "/",
   "",
   {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}},
   "",
   "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
  {"unreserved", "GET", "/" UNRESERVED, "", {{0}}, "", "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
  {"utf8", "GET", "/\xe1\x88\xb4", "", {{0}}, "", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
  {"query", "GET", "/", "Param1=value1", {{0}}, "", "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
  {"query-order-encoded",
   "GET",
   "/",
   "Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
   {{0}},
   "",
   "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"},
  {"query-order-key-case",
   "GET",
   "/",
   "Param2=value2&Param1=value1",
   {{0}},
   "",
   "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
  {"query-order-key",
   "GET",
   "/",
   "Param1=value2&Param1=Value1",
   {{0}},
   "",
   "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1"},
  {"query-order-value",
   "GET",
   "/",
   "Param1=value2&Param1=value1",
   {{0}},
   "",
   "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"},
  {"query-unreserved",
   "GET",
   "/",
   UNRESERVED "=" UNRESERVED,
   {{0}},
   "",
   "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
  {"utf8-query", "GET", "/", "\xe1\x88\xb4=bar", {{0}}, "", "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
  {"relative-relative",
   "GET",
   "/example1/example2/../..",
   "",
   {{0}},
   "",
   "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
  {"relative", "GET", "/example/..", "", {{0}}, "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
  {"slash-dot-slash", "GET", "/./", "", {{0}}, "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
  {"slash-pointless-dot",
   "GET",
   "/./example",
   "",
   {{0}},
   "",
   "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
  {"slash", "GET", "//", "", {{0}}, "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
  {"slashes", "GET", "//example//", "", {{0}}, "", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
  {"space", "GET", "/example space/", "", {{0}}, "", "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
  {"special-character",
   "GET",
   "/example/$delete",
   "",
   {{0}},
   "",
   "a853c9b21b528b19643d00910d35b83a10c366a10833ceefb45edd6c80e40f27"},
  {"post", "POST", "/", "", {{0}}, "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
  {"post-header-key-sort",
   "POST",
   "/",
   "",
   {{"My-Header1", "value1"}},
   "",
   "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
  {"post-header-value-case",
   "POST",
   "/",
   "",
   {{"My-Header1", "VALUE1"}},
   "",
   "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
  {"post-sts-header-before",
   "POST",
   "/",
   "",
   {{"X-Amz-Security-Token", TOKEN}},
   "",
   "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
  {"post-query", "POST", "/", "Param1=value1", {{0}}, "", "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
  {"post-form-charset",
   "POST",
   "/",
   "",
   {{"Content-Type", "application/x-www-form-urlencoded; charset=utf8"}},
   "Param1=value1",
   "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"},
  {"post-form",
   "POST",
   "/",
   "",
   {{"Content-Type", "application/x-www-form-urlencoded"}},
   "Param1=value1",
   "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
};

static struct sign_request
request_of (const struct vector *v, struct sign_header headers[7])
{
  struct sign_request request = {.method = v->method, .path = v->path, .query = v->query, .headers = headers, .body = v->body};
  headers[request.n_headers++] = (struct sign_header){"X-Amz-Date", "20150830T123600Z"};
  for (size_t i = 0; i < 5 && v->more[i].name; i++)
    headers[request.n_headers++] = v->more[i];
  headers[request.n_headers++] = (struct sign_header){"Host", "example.amazonaws.com"};
  request.body_length = v->body ? strlen (v->body) : 0;
  return request;
}

START_TEST (suite)
{
  const struct vector *v = vectors + _i;
  struct sign_header headers[7];
  struct sign_request request = request_of (v, headers);
  struct buf b BUF_CLEANUP = {.max = 4096};
  ck_assert_int_eq (sign (&request, &suite_key, &b), 0);
  const char *signature = strstr (b.data, "Signature=");
  ck_assert_ptr_nonnull (signature);
  ck_assert_msg (strcmp (signature + 10, v->signature) == 0, "%s: %s", v->name, b.data);
}
END_TEST

START_TEST (whole_header)
{
  struct sign_header headers[7];
  struct sign_request request = request_of (vectors + (sizeof vectors / sizeof *vectors) - 1, headers);
  struct buf b BUF_CLEANUP = {.max = 4096};
  ck_assert_int_eq (sign (&request, &suite_key, &b), 0);
  ck_assert_str_eq (b.data, "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                            "SignedHeaders=content-type;host;x-amz-date, "
                            "Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a");
}
END_TEST

START_TEST (refused)
{
  struct sign_header headers[SIGN_MOST_HEADERS + 1];
  struct sign_request request = request_of (vectors, headers);
  struct sign_key key = suite_key;
  struct buf b BUF_CLEANUP = {.max = 4096}, small BUF_CLEANUP = {.max = 20};
  key.amz_date = "2015-08-30";
  ck_assert_int_eq (sign (&request, &key, &b), -EINVAL);
  ck_assert_int_eq (sign (&request, &suite_key, &small), -EFBIG);
  for (size_t i = 0; i <= SIGN_MOST_HEADERS; i++)
    headers[i] = (struct sign_header){"Host", "a"};
  request.n_headers = SIGN_MOST_HEADERS + 1;
  ck_assert_int_eq (sign (&request, &suite_key, &b), -EINVAL);
}
END_TEST

START_TEST (dates)
{
  char date[SIGN_DATE_SIZE];
  sign_date (INT64_C (1440938160) * 1000000000 + 999999999, date);
  ck_assert_str_eq (date, "20150830T123600Z");
  sign_date (0, date);
  ck_assert_str_eq (date, "19700101T000000Z");
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_loop_test (t, suite, 0, (int) (sizeof vectors / sizeof *vectors));
  tcase_add_test (t, whole_header);
  tcase_add_test (t, refused);
  tcase_add_test (t, dates);
}

UNIT_MAIN ("sign", tests)
