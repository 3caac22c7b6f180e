/* Bytes as what a server answers: an outcome and a text that may be logged; what a batch left over; a row of the registry. */
#include "dynamodb-writer/aws-error.h"
#include "dynamodb-writer/item.h"
#include "dynamodb-writer/registry.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
judge (const char *body, size_t size, int status)
{
  struct aws_error e;
  aws_error_read (&e, status, body, size);
  if (strlen (e.type) >= sizeof e.type || strlen (e.message) >= sizeof e.message)
    abort ();
  for (const char *p = e.message; *p; p++)
    if ((unsigned char) *p < 0x20)
      abort ();
  if (e.outcome == AWS_OK && (status < 200 || status > 299))
    abort ();
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const int statuses[] = {200, 400, 403, 500, 0};
  const char *body = (const char *) data;
  struct point points[3];
  const struct point *list[3];
  bool again[3];
  memset (points, 0, sizeof points);
  for (int i = 0; i < 3; i++) {
    points[i].minute = 1767225600 + i * 60;
    memcpy (points[i].host, "web-1", 6);
    list[i] = &points[i];
  }
  for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
    judge (body, size, statuses[i]);
  int n = item_batch_answer (body, size, "t", list, 3, again);
  if (n > 3 || (n >= 0 && n != again[0] + again[1] + again[2]))
    abort ();
  struct buf b = {0};
  struct registry_row row = {.host = "web-1", .platform = "Linux", .cpu_percent = 5, .online = true};
  registry_put_body (&b, "t", &row, body, size);
  buf_free (&b);
  return 0;
}
