/* A point in its packed form, and the host name in it. */
#include "dynamodb-writer/wire.h"
#include "minutes.h"

/* ---- Host names ---- */

static void
cleans (const char *raw, const char *expected)
{
  char name[HOSTNAME_SIZE];
  hostname_clean (raw, strlen (raw), name);
  ck_assert_str_eq (name, expected);
  ck_assert (hostname_is_clean (name, strlen (name)));
}

START_TEST (host_names)
{
  char name[HOSTNAME_SIZE], raw[4096];
  cleans ("web-1", "web-1");
  cleans ("Web-1.Example.COM", "Web-1.Example.COM");
  cleans ("  web 1\t\n", "web 1");
  cleans ("\x01 w\x7f"
          "e\x1b[31mb\x02 ",
          "we[31mb");
  cleans ("a#b\"c\\d", "a#b\"c\\d");
  cleans ("", "unknown");
  cleans (" \t\n\x01", "unknown");
  cleans ("\xc2\x85\xc2\xa0n\xc3\xa4me\xe3\x80\x80", "n\xc3\xa4me");
  cleans ("bad\xff\xfe", "bad\xef\xbf\xbd\xef\xbf\xbd");
  hostname_clean ("ab\0cd", 5, name);
  ck_assert_str_eq (name, "ab");
  /* 253 characters, of one byte and of four. */
  memset (raw, 'x', 300);
  raw[300] = 0;
  hostname_clean (raw, 300, name);
  ck_assert_uint_eq (strlen (name), 253);
  raw[252] = ' ';
  hostname_clean (raw, 300, name);
  ck_assert_uint_eq (strlen (name), 252);
  for (int i = 0; i < 300; i++)
    memcpy (raw + 4 * i, "\xf0\x9f\x98\x80", 4);
  hostname_clean (raw, 1200, name);
  ck_assert_uint_eq (strlen (name), 4 * 253);
  ck_assert (hostname_is_clean (name, strlen (name)));
  ck_assert (!hostname_is_clean (raw, 1200));
  ck_assert (!hostname_is_clean ("", 0));
  ck_assert (!hostname_is_clean (" a", 2));
  hostname_get (name);
  ck_assert (hostname_is_clean (name, strlen (name)));
}
END_TEST

START_TEST (any_bytes_make_a_clean_name)
{
  uint32_t seed = 4711;
  char raw[64], name[HOSTNAME_SIZE];
  for (int i = 0; i < unit_rounds (100000); i++) {
    size_t n = random_below (&seed, sizeof raw);
    for (size_t k = 0; k < n; k++)
      raw[k] = (char) (random_below (&seed, 3) ? 0xc0 | random_next (&seed) % 64 : random_next (&seed));
    hostname_clean (raw, n, name);
    ck_assert (hostname_is_clean (name, strlen (name)));
  }
}
END_TEST

/* ---- Packed ---- */

START_TEST (packed_and_back)
{
  uint32_t seed = 31337;
  unsigned char packed[POINT_PACKED];
  size_t longest = 0;
  for (int i = 0; i < unit_rounds (20000); i++) {
    struct point p = make_point ("web-1.example.com", T0 + 60 * (int64_t) random_below (&seed, 1000000),
                                 random_below (&seed, 70)),
                 q;
    p.collected_us = p.minute * 1000000 + random_below (&seed, 60000000);
    p.created_us = p.collected_us - 5000000 + random_below (&seed, 100000000);
    p.flags = random_below (&seed, 2);
    for (unsigned k = 0; k < POINT_ATTRIBUTES; k++) {
      p.values[k] = (int64_t) (random_next (&seed) % (uint64_t) (point_rules[k].most + 1));
      if (k >= POINT_REQUIRED && random_below (&seed, 3) == 0)
        p.there &= ~(UINT64_C (1) << k);
    }
    size_t n = point_pack (&p, packed);
    longest = n > longest ? n : longest;
    ck_assert_uint_gt (n, 0);
    ck_assert_int_eq (point_unpack (packed, n, &q), 0);
    ck_assert (same_point (&p, &q));
    ck_assert (p.minute == q.minute && p.collected_us == q.collected_us && p.created_us == q.created_us);
    ck_assert (p.samples == q.samples && p.flags == q.flags && p.there == q.there);
    for (unsigned k = 0; k < POINT_ATTRIBUTES; k++)
      ck_assert (!(p.there >> k & 1) || p.values[k] == q.values[k]);
    for (size_t cut = 0; cut < n; cut++)
      if (point_unpack (packed, cut, &q) == 0) /* it ends where a value does */
        ck_assert (point_is_valid (&q));
  }
  struct point p = make_point ("h", T0, 60);
  size_t n = point_pack (&p, packed);
  packed[n] = packed[n + 1] = 0; /* cpu_percent once more */
  ck_assert_int_eq (point_unpack (packed, n + 2, &p), -EBADMSG);
  packed[n] = POINT_ATTRIBUTES; /* of a later version */
  ck_assert_int_eq (point_unpack (packed, n + 2, &p), 0);
  /* 30 days of full points fit into 16 MiB. */
  ck_assert_uint_lt ((longest + 12) * 43200, 16 << 20);
}
END_TEST

START_TEST (what_may_not_be_sent_is_not_packed)
{
  unsigned char packed[POINT_PACKED];
  struct point good = make_point ("h", T0, 60), p;
  ck_assert_uint_gt (point_pack (&good, packed), 0);
#define REFUSED(change_)                                                                                                       \
  p = good;                                                                                                                    \
  change_;                                                                                                                     \
  ck_assert_msg (point_pack (&p, packed) == 0, "%s", #change_)
  REFUSED (p.minute++);
  REFUSED (p.minute = -60);
  REFUSED (p.minute = INT64_MAX / 60 * 60);
  REFUSED (p.collected_us += 60000000);
  REFUSED (p.collected_us -= 60000000);
  REFUSED (p.created_us = -1);
  REFUSED (p.created_us = INT64_MAX);
  REFUSED (p.there &= ~(UINT64_C (1) << POINT_CPU_PERCENT));
  REFUSED (p.there &= ~(UINT64_C (1) << POINT_MEMORY_USED_MB));
  REFUSED (p.there |= UINT64_C (1) << 63);
  REFUSED (p.values[POINT_CPU_PERCENT] = 1001);
  REFUSED (p.values[POINT_CPU_PERCENT] = -1);
  REFUSED (p.values[POINT_BYTES_SENT_PER_S] = INT64_MAX);
  REFUSED (p.host[0] = 0);
  REFUSED (p.host[0] = '\n');
  REFUSED (memset (p.host, 'x', sizeof p.host));
}
END_TEST

START_TEST (wire_numbers)
{
  static const int64_t numbers[] = {0, 1, -1, 63, 64, -64, -65, 127, 128, 300, INT64_MAX, INT64_MIN, INT64_MIN + 1};
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
    for (size_t room = 0; room <= 20; room++) {
      unsigned char data[20];
      struct wire_out out = {.data = data, .size = room};
      wire_int (&out, numbers[i]);
      wire_uint (&out, (uint64_t) numbers[i]);
      if (out.full)
        continue;
      struct wire_in in = {.at = data, .end = data + out.length};
      ck_assert_int_eq (wire_take_int (&in), numbers[i]);
      ck_assert_uint_eq (wire_take_uint (&in), (uint64_t) numbers[i]);
      ck_assert (!in.bad && in.at == in.end);
      ck_assert_uint_eq (wire_take_uint (&in), 0);
      ck_assert (in.bad);
    }
  static const unsigned char large[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2};
  struct wire_in in = {.at = large, .end = large + sizeof large};
  wire_take_uint (&in);
  ck_assert (in.bad);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, host_names);
  tcase_add_test (t, any_bytes_make_a_clean_name);
  tcase_add_test (t, packed_and_back);
  tcase_add_test (t, what_may_not_be_sent_is_not_packed);
  tcase_add_test (t, wire_numbers);
}

UNIT_MAIN ("point", tests)
