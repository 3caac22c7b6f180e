/* Names of recorded files, which of them look like ours, and what masking leaves of command lines. */
#include "file-writer/mask.h"
#include "file-writer/name.h"
#include "unit.h"

#include <fcntl.h>

static const int64_t SECOND = 1000000000;

static const char *
made (int64_t wall_ns, unsigned number)
{
  static char name[NAME_SIZE];
  name_make (wall_ns, number, name);
  return name;
}

START_TEST (local_time)
{
  setenv ("TZ", "UTC", 1);
  ck_assert_str_eq (made (0, 0), "metrics_19700101_000000.json");
  ck_assert_str_eq (made (-1, 0), "metrics_19691231_235959.json");
  ck_assert_str_eq (made (1772366399 * SECOND + 999999999, 7), "metrics_20260301_115959_07.json");
  ck_assert_str_eq (made (INT64_MAX, 1234), "metrics_22620411_234716_1234.json");
}
END_TEST

START_TEST (what_looks_like_ours)
{
  static const char *const ours[] = {"metrics_20260301_115959.json", "metrics_20260301_115959_01.json",
                                     "metrics_20260301_115959_99.json", "metrics_20260301_115959_100.json",
                                     "metrics_20260301_115959_9999.json"};
  static const char *const others[] = {
      "",
      "metrics_",
      "metrics_.json",
      "metrics_20260301.json",
      "metrics_20260301_11595.json",
      "metrics_20260301_1159599.json",
      "metrics_20260301_115959_.json",
      "metrics_20260301_115959_1.json",
      "metrics_20260301_115959_00.json",
      "metrics_20260301_115959_010.json",
      "metrics_20260301_115959_10000.json",
      "metrics_20260301_115959.json.bak",
      "metrics_20260301_115959 (copy).json",
      "metrics_20260301-115959.json",
      "Metrics_20260301_115959.json",
      "schema.json",
  };
  uint64_t code, last = 0;
  char name[NAME_SIZE];
  for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
    ck_assert_msg (name_parse (ours[i], &code), "%s", ours[i]);
    ck_assert_uint_gt (code, last);
    last = code;
    name_of_code (code, name);
    ck_assert_str_eq (name, ours[i]);
  }
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
    ck_assert_msg (!name_parse (others[i], &code), "%s", others[i]);
}
END_TEST

START_TEST (a_free_one)
{
  char *dir = unit_temp_dir (), name[NAME_SIZE] = "";
  unsigned number = 0;
  int at = open (dir, O_RDONLY | O_DIRECTORY);
  setenv ("TZ", "UTC", 1);
  for (unsigned i = 0; i < 120; i++) {
    ck_assert_int_eq (name_choose (at, 0, &number, name), 0);
    ck_assert_str_eq (name, made (0, i));
    unit_write (dir, name, "");
  }
  number = 0;
  ck_assert_int_eq (name_choose (at, SECOND, &number, name), 0);
  ck_assert_uint_eq (number, 0);
  number = NAME_LAST + 1;
  ck_assert_int_eq (name_choose (at, 0, &number, name), -EEXIST);
  close (at);
  free (dir);
}
END_TEST

START_TEST (secrets_are_masked)
{
  static const char *const pairs[][2] = {
    {"python3 train.py --epochs 3", "python3 train.py --epochs 3"},
    {"app --password hunter2 --verbose", "app --password *** --verbose"},
    {"app --password=hunter2 x", "app --password=*** x"},
    {"app --db-password 'two words' x", "app --db-password *** x"},
    {"app --password=\"a \\\" b\" x", "app --password=*** x"},
    {"app -password hunter2", "app -password ***"},
    {"app PASSWORD=a&b;c x", "app PASSWORD=*** x"},
    {"PGPASSWORD=abc psql", "PGPASSWORD=*** psql"},
    {"app --api-key K1 --apiKey K2 --APIKEY=K3 --api_key:K4", "app --api-key *** --apiKey *** --APIKEY=*** --api_key:***"},
    {"AWS_SECRET_ACCESS_KEY=abc AWS_ACCESS_KEY_ID=AKIA x", "AWS_SECRET_ACCESS_KEY=*** AWS_ACCESS_KEY_ID=*** x"},
    {"app --token abc --auth-token=def --accessToken ghi", "app --token *** --auth-token=*** --accessToken ***"},
    {"app --tokenizer gpt2 --keyboard us", "app --tokenizer gpt2 --keyboard us"},
    {"app --key-file /etc/key.pem --password-file=/x", "app --key-file /etc/key.pem --password-file=/x"},
    {"app --no-password --verbose", "app --no-password --verbose"},
    {"app --secret", "app --secret"},
    {"app secret abc", "app secret ***"},
    {"app password = abc x", "app password = *** x"},
    {"app --token : abc", "app --token : ***"},
    {"app password =", "app password ***"},
    {"curl -H 'Authorization: Bearer abc.def' http://x", "curl -H 'Authorization: Bearer ***' http://x"},
    {"curl -H Authorization: Basic QWxh x", "curl -H Authorization: Basic *** x"},
    {"curl http://user:pass@host/p?token=abc&x=1 y", "curl http://user:***@host/p?token=***&x=1 y"},
    {"git clone https://ghp_0123456789abcdefghij@github.com/a", "git clone https://***@github.com/a"},
    {"git clone ssh://git@github.com:22/a", "git clone ssh://git@github.com:22/a"},
    {"app db://user:pa/ss@host/x y", "app db://user:***@host/x y"},
    {"app db://user:/pass@host", "app db://user:***@host"},
    {"app db://user:pass/@host", "app db://user:***@host"},
    {"app db://user:12/ab3/45@host:80/x", "app db://user:12/ab3/45@host:80/x"}, /* a port and a path, as curl reads it */
    {"app db://user:123456/a@host", "app db://user:***@host"},
    {"app db://:12/ab@host", "app db://:***@host"},
    {"app db://us@er:pa/ss@host", "app db://us@er:***@host"},
    {"app db://user:pa@ss/w@rd:x/y@host/z", "app db://user:***@ss/w@rd:x/y@host/z"},
    {"app db://user:p:1/a@host:1/b", "app db://user:***@host:1/b"},
    {"app db://user:pa?s#s/w@host/x", "app db://user:***@host/x"},
    {"app db://user:a/b@h1/x,db://user:c/d@h2/y", "app db://user:***@h2/y"},
    {"app 'db://user:a/b@h1' x@y", "app 'db://user:***@h1' x@y"},
    {"app db://[::1]:80/a@b db://[::1]/a@b db://[::1]:x/a@b", "app db://[::1]:80/a@b db://[::1]/a@b db://[:***@b"},
    {"app http://host:8080/@scope/pkg https://host/@me?a@b", "app http://host:8080/@scope/pkg https://host/@me?a@b"},
    {"app http://user:pass@host/a@b/c", "app http://user:***@host/a@b/c"},
    {"app file:///a@b http://", "app file:///a@b http://"},
    {"app {\"password\": \"abc\", \"x\": 1}", "app {\"password\": ***, \"x\": 1}"},
    {"app {\"secret\":\"a b\",\"x\":1}", "app {\"secret\":***,\"x\":1}"},
    {"app --passphrase= x", "app --passphrase= x"},
    {"app password = -abc x", "app password = *** x"},
    {"app password -abc x", "app password -abc x"},
    {"psql host=h password= abc dbname=d", "psql host=h password= *** dbname=d"},
    {"sh -c psql \"password= abc\"", "sh -c psql \"password= ***\""},
    {"app password= --verbose", "app password= --verbose"},
    {"PGPASSWORD= psql", "PGPASSWORD= psql"},
    {"curl http://h/p?token= x", "curl http://h/p?token= x"},
    {"app {'password' : 'a b', 'x' : 1}", "app {'password' : ***, 'x' : 1}"},
    {"app \"secret\" = \"a b\" x", "app \"secret\" = *** x"},
    {"app 'password' x", "app 'password' x"},
    {"password= ", "password= "},
    {"password = -", "password = ***"},
    {"", ""},
    {"=", "="},
    {"password", "password"},
    {"password ", "password "},
    {"://", "://"},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
    struct buf b = {0};
    mask_add (&b, pairs[i][0], strlen (pairs[i][0]));
    ck_assert_msg (!strcmp (b.data ? b.data : "", pairs[i][1]), "%s\nbecame  %s\nwanted  %s", pairs[i][0], b.data, pairs[i][1]);
    buf_free (&b);
  }
}
END_TEST

START_TEST (any_bytes_are_read_within_bounds)
{
  static const char *const words[] = {"password", "=", ":", " ",     "\"",     "'", "\\",   "://",
                                      "@",        "?", "&", "token", "Bearer", "x", "\xff", "/"};
  uint64_t state = 99;
  for (int i = 0; i < 20000; i++) {
    struct buf text = {0}, b = {0};
    for (int k = 0; k < 8; k++) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      buf_adds (&text, words[(state >> 33) % (sizeof words / sizeof words[0])]);
    }
    char *exact = malloc (text.len); /* so that a sanitizer sees a byte too far */
    ck_assert_ptr_nonnull (exact);
    memcpy (exact, text.data, text.len);
    mask_add (&b, exact, text.len);
    free (exact);
    buf_free (&text);
    buf_free (&b);
  }
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, local_time);
  tcase_add_test (t, what_looks_like_ours);
  tcase_add_test (t, a_free_one);
  tcase_add_test (t, secrets_are_masked);
  tcase_add_test (t, any_bytes_are_read_within_bounds);
}

UNIT_MAIN ("file-names", tests)
