/* What held a secret holds it no longer: this process's own memory is searched for it. */
#include "dynamodb-writer/answer.h"
#include "dynamodb-writer/sign.h"
#include "secret.h"
#include "unit.h"

#include <fcntl.h>

enum { LENGTH = 40, MASK = 0x5a };

/* Made at run time, so that the program holds it in this form only. */
static unsigned char hidden[LENGTH];

static void
hide (void)
{
  for (size_t i = 0; i < LENGTH; i++)
    hidden[i] = (unsigned char) ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef0123456+/="[(i * 11 + 3) % 41] ^ MASK);
}

static void
show (char ret[LENGTH])
{
  for (size_t i = 0; i < LENGTH; i++)
    ret[i] = (char) (hidden[i] ^ MASK);
}

/* The second half, because free () itself writes over the beginning of what it gets. */
static bool
is_secret (const unsigned char *p)
{
  for (size_t i = LENGTH / 2; i < LENGTH; i++)
    if ((p[i] ^ MASK) != hidden[i])
      return false;
  return true;
}

/* How often it stands in memory that can be written. */
static unsigned
count_secrets (void)
{
  static unsigned char chunk[1 << 16];
  char line[512];
  unsigned found = 0;
  FILE *maps = fopen ("/proc/self/maps", "re");
  int mem = open ("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  if (!maps || mem < 0)
    abort (); /* Check itself would allocate, just where something was freed */
  while (fgets (line, sizeof line, maps)) {
    unsigned long start, end;
    char mode[5];
    if (sscanf (line, "%lx-%lx %4s", &start, &end, mode) != 3 || mode[0] != 'r' || mode[1] != 'w' || end - start > 1UL << 28)
      continue;
    for (unsigned long at = start; at < end; at += sizeof chunk - LENGTH) {
      ssize_t n = pread (mem, chunk, end - at < sizeof chunk ? end - at : sizeof chunk, (off_t) at);
      if (at < (unsigned long) (chunk + sizeof chunk) && at + sizeof chunk > (unsigned long) chunk)
        continue; /* these bytes are what is being looked at */
      for (unsigned char *p = chunk + LENGTH / 2; n > LENGTH && p < chunk + n - LENGTH / 2; p++) {
        p = memchr (p, hidden[LENGTH / 2] ^ MASK, (size_t) (chunk + n - LENGTH / 2 - p));
        if (!p)
          break;
        found += is_secret (p - LENGTH / 2);
      }
    }
  }
  memset (chunk, 0, sizeof chunk);
  fclose (maps);
  close (mem);
  return found;
}

/* `before`, the secret and `after` in a buffer that is wiped. */
static void
compose (struct buf *b, const char *before, const char *after)
{
  char secret[LENGTH];
  b->max = 4096;
  buf_reserve (b, 4096 - 1);
  buf_adds (b, before);
  show (secret);
  buf_add (b, secret, LENGTH);
  secret_wipe (secret, LENGTH);
  buf_adds (b, after);
}

static void
sign_with (const struct credentials *c)
{
  const struct sign_header headers[] = {{"Host", "h"}, {"X-Amz-Date", "20150830T123600Z"}, {"X-Amz-Security-Token", c->secret}};
  const struct sign_request request = {.method = "POST", .path = "/", .headers = headers, .n_headers = 3};
  const struct sign_key key = {c->access_key, c->secret, "us-east-1", "sts", "20150830T123600Z"};
  struct buf b BUF_CLEANUP = {.max = 4096};
  ck_assert_int_eq (sign (&request, &key, &b), 0);
}

static void
from_file (void)
{
  char *dir = unit_temp_dir (), *path = unit_path (dir, "credentials");
  struct buf text = {.max = 0};
  compose (&text, "[default]\naws_access_key_id = AKIA\naws_secret_access_key = ", "\n");
  int fd = open (path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  ck_assert_int_eq (write (fd, text.data, text.len), (ssize_t) text.len);
  close (fd);
  secret_buf_free (&text);
  setenv ("AWS_SHARED_CREDENTIALS_FILE", path, 1);
  unsetenv ("AWS_ACCESS_KEY_ID");
  unsetenv ("AWS_PROFILE");
  unsetenv ("AWS_DEFAULT_PROFILE");
  unsetenv ("AWS_WEB_IDENTITY_TOKEN_FILE");
  setenv ("AWS_CONFIG_FILE", "/nonexistent", 1);
  const struct credentials_settings settings = {.stop_fd = -1};
  struct credentials_chain *chain;
  const struct credentials *c;
  struct credentials_fault fault;
  ck_assert_int_eq (credentials_open (&chain, &settings), 0);
  int r = credentials_get (chain, &c, &fault);
  ck_assert_msg (r == 0, "%s", fault.text);
  ck_assert (is_secret ((const unsigned char *) c->secret));
  ck_assert_uint_eq (count_secrets (), 2); /* the profile, and what is signed with */
  sign_with (c);
  credentials_close (chain);
  free (path);
  free (dir);
}

static void
from_answer (int form)
{
  struct credentials c = {.provider = CREDENTIALS_NONE};
  struct answer_fault fault;
  struct buf text = {.max = 0};
  int r;
  if (form == 1) {
    compose (&text,
             "{\"Version\": 1, \"AccessKeyId\": \"AKIA\", \"x\": [{\"SecretAccessKey\": \"y\"}], \"SecretAccessKey\": \"",
             "\"}");
    r = answer_json (ANSWER_PROCESS, text.data, text.len, &c, &fault);
  } else {
    compose (
      &text,
      "<R><Credentials><AccessKeyId>A</AccessKeyId><Expiration>2030-01-02T03:04:05Z</Expiration><SessionToken>t</SessionToken>"
      "<SecretAccessKey>",
      "</SecretAccessKey></Credentials></R>");
    r = answer_sts (text.data, text.len, &c, &fault);
  }
  secret_buf_free (&text);
  ck_assert_msg (r == 0, "%s", fault.text);
  ck_assert (is_secret ((const unsigned char *) c.secret));
  ck_assert_uint_eq (count_secrets (), 1);
  sign_with (&c);
  credentials_clear (&c);
}

START_TEST (wiped)
{
  hide ();
  ck_assert_uint_eq (count_secrets (), 0);
  if (_i == 0)
    from_file ();
  else
    from_answer (_i);
  ck_assert_uint_eq (count_secrets (), 0);
}
END_TEST

START_TEST (read_files)
{
  char *dir = unit_temp_dir (), *path = unit_path (dir, "f"), *other = unit_path (dir, "none");
  struct buf b = {.max = 100};
  unit_write (dir, "f", "12345");
  ck_assert_int_eq (secret_read_file (path, 5, &b), 0);
  ck_assert_str_eq (b.data, "12345");
  secret_buf_free (&b);
  ck_assert_int_eq (secret_read_file (path, 4, &b), -EFBIG);
  ck_assert_int_eq (secret_read_file (other, 4, &b), -ENOENT);
  ck_assert_int_eq (secret_read_file (dir, 4, &b), -EISDIR);
  ck_assert_int_eq (secret_read_file ("/dev/zero", 4, &b), -EISDIR);
  ck_assert_ptr_null (b.data);
  free (path);
  free (other);
  free (dir);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_loop_test (t, wiped, 0, 3);
  tcase_add_test (t, read_files);
}

UNIT_MAIN ("secret", tests)
