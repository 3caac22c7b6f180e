#include "http-head.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static const int64_t SECOND_NS = 1000000000, MS_NS = 1000000, MOST_RETRY_NS = INT64_C (3600000000000);
static const int64_t MOST_DATE = INT64_C (4102444800); /* 2100: what follows counts in nanoseconds */

static void
keep (char *to, size_t size, const char *value, size_t n)
{
  size_t used = n < size ? n : size - 1;
  for (size_t i = 0; i < used; i++)
    to[i] = (char) (value[i] >= ' ' && value[i] < 127 ? value[i] : '?');
  to[used] = 0;
}

static int64_t
retry_ns (long long n, int64_t unit)
{
  return n < 0 ? 0 : n > MOST_RETRY_NS / unit ? MOST_RETRY_NS : (int64_t) n * unit;
}

/* Seconds, or a date. */
static int64_t
parse_retry (const char *value)
{
  char *end;
  long long seconds = strtoll (value, &end, 10);
  if (end == value) {
    time_t until = curl_getdate (value, NULL);
    seconds = until > 0 ? (long long) (until - time (NULL)) : 0;
  }
  return retry_ns (seconds, SECOND_NS);
}

static int64_t
parse_crc32 (const char *value)
{
  char *end;
  unsigned long long crc = strtoull (value, &end, 10);
  return end > value && !*end && crc <= UINT32_MAX ? (int64_t) crc : -1;
}

static void
take_field (struct http_head *head, struct http_response *r, const char *name, size_t n_name, const char *value, size_t n)
{
  char text[128];
  keep (text, sizeof text, value, n);
#define IS(is_) (n_name == strlen (is_) && strncasecmp (name, is_, n_name) == 0)
  if (IS ("date")) {
    time_t date = curl_getdate (text, NULL);
    r->date = date > 0 && date < MOST_DATE ? (int64_t) date : 0;
  } else if (IS ("retry-after")) {
    r->retry_ns = parse_retry (text);
  } else if (IS ("x-amz-retry-after")) {
    r->retry_ns = retry_ns (strtoll (text, NULL, 10), MS_NS);
  } else if (IS ("x-amz-crc32")) {
    head->crc32 = parse_crc32 (text);
  } else if (IS ("x-amzn-requestid") || IS ("x-amzn-request-id") || IS ("x-amz-request-id")) {
    keep (r->request_id, sizeof r->request_id, value, n);
  } else if (IS ("content-type")) {
    keep (r->content_type, sizeof r->content_type, value, n);
  }
#undef IS
}

bool
http_head_take (struct http_head *head, struct http_response *response, const char *line, size_t length)
{
  const char *end = line + length, *colon = memchr (line, ':', length);
  while (end > line && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' '))
    end--;
  if (end == line)
    return false;
  if (!colon || colon >= end)
    return true;
  const char *value = colon + 1;
  while (value < end && (*value == ' ' || *value == '\t'))
    value++;
  take_field (head, response, line, (size_t) (colon - line), value, (size_t) (end - value));
  return true;
}
