#include "record.h"

#include "json-line.h"
#include "text.h"
#include "utf8.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { CRC_DIGITS = 8, HEAD = CRC_DIGITS + 1 };
#define MESSAGE ",\"message\":"

static const char *const types[] = {
  [ALERT_RECORD_EVENT] = "event", [ALERT_RECORD_ROW] = "row",     [ALERT_RECORD_WAIT] = "wait",
  [ALERT_RECORD_TOLD] = "told",   [ALERT_RECORD_COUNT] = "count", [ALERT_RECORD_BASE] = "base",
  [ALERT_RECORD_SEND] = "send",   [ALERT_RECORD_SENT] = "sent",   [ALERT_RECORD_LIMIT] = "limit",
};
static const char *const phases[ALERT_PHASES] = {"ok", "pending", "firing", "clearing"};
static const struct {
  unsigned change;
  const char *name;
} changes[] = {{ALERT_FIRED, "fired"},       {ALERT_CLEARED, "cleared"},
               {ALERT_REMINDER, "reminder"}, {ALERT_BECAME_UNKNOWN, "unknown"},
               {ALERT_KNOWN, "known"},       {ALERT_SUMMARY, "summary"}};
enum { TYPES = sizeof types / sizeof *types, CHANGES = sizeof changes / sizeof *changes };

const char *
alert_change_name (unsigned change)
{
  for (int i = 0; i < CHANGES; i++)
    if (changes[i].change == change)
      return changes[i].name;
  return "";
}

const char *
alert_phase_name (unsigned phase)
{
  return phase < ALERT_PHASES ? phases[phase] : "";
}

void
alert_key_name (const struct alert_key *key, char ret[ALERT_ROW_NAME])
{
  if (!key->text) {
    snprintf (ret, ALERT_ROW_NAME, "%llu", (unsigned long long) key->number);
    return;
  }
  size_t length = utf8_valid (key->text, key->length < ALERT_ROW_NAME ? key->length : ALERT_ROW_NAME - 1);
  memcpy (ret, key->text, length);
  ret[length] = 0;
}

/* ---- Writing ---- */

static void
add_i64 (struct buf *b, const char *name, int64_t value)
{
  if (value)
    buf_printf (b, ",\"%s\":%lld", name, (long long) value);
}

static void
add_hex (struct buf *b, const char *name, uint64_t value)
{
  buf_printf (b, ",\"%s\":\"%llx\"", name, (unsigned long long) value);
}

static void
add_true (struct buf *b, const char *name, bool value)
{
  if (value)
    buf_printf (b, ",\"%s\":true", name);
}

static void
add_unit (struct buf *b, const char *unit)
{
  if (!*unit)
    return;
  buf_adds (b, ",\"unit\":");
  text_json_string (b, unit, strlen (unit));
}

static void
add_row (struct buf *b, const struct alert_record *r)
{
  const struct alert_state *s = &r->state;
  add_hex (b, "made", r->made);
  if (r->key.text) {
    buf_adds (b, ",\"key\":");
    text_json_string (b, r->key.text, r->key.length);
  } else
    add_hex (b, "number", r->key.number);
  add_hex (b, "id", r->key.identity);
  buf_printf (b, ",\"phase\":\"%s\"", alert_phase_name (s->phase));
  add_i64 (b, "lasted", s->lasted_ns);
  add_i64 (b, "unknown", s->unknown_ns);
  add_i64 (b, "quiet", s->quiet_ns);
  add_i64 (b, "began", s->began_ns);
  add_i64 (b, "fired", s->fired_ns);
  add_true (b, "unsure", s->unsure);
  add_true (b, "said", s->said_unknown);
  if (s->has_value && isfinite (s->value)) {
    buf_adds (b, ",\"value\":");
    const size_t start = b->len;
    text_f64 (b, s->value, 0);
    /* Whole numbers would be read as integers, of which not all can be. */
    if (!b->error && !strpbrk (b->data + start, ".e"))
      buf_adds (b, ".0");
    add_unit (b, r->unit);
  }
}

static void
add_change (struct buf *b, const struct alert_record *r)
{
  buf_printf (b, ",\"change\":\"%s\",\"time\":%lld", alert_change_name (r->change), (long long) r->wall_ns);
  add_hex (b, "n", r->serial);
  add_true (b, "gone", r->gone);
  add_true (b, "late", r->held_back);
}

static void
add_serials (struct buf *b, const struct alert_record *r)
{
  buf_adds (b, ",\"n\":[");
  for (uint32_t i = 0; i < r->n_serials; i++)
    buf_printf (b, "%s\"%llx\"", i ? "," : "", (unsigned long long) r->serials[i]);
  buf_addc (b, ']');
}

/* The message stands last, so that reading need but look where it begins. */
static void
add_message (struct buf *b, const struct alert_record *r)
{
  buf_printf (b, ",\"id\":\"%s\"", r->id);
  add_hex (b, "left", r->left);
  if (r->type == ALERT_RECORD_SENT)
    return;
  add_i64 (b, "time", r->wall_ns);
  add_serials (b, r);
  buf_adds (b, MESSAGE);
  buf_add (b, r->json, r->json_length);
}

void
alert_record_add (struct buf *b, const struct alert_record *r)
{
  BUF_CLEANUP struct buf line = {.max = ALERT_LINE_MOST};
  buf_printf (&line, "{\"t\":\"%s\"", types[r->type]);
  if (r->rule[0]) {
    buf_adds (&line, ",\"rule\":");
    text_json_string (&line, r->rule, strlen (r->rule));
  }
  if (r->type == ALERT_RECORD_EVENT || r->type == ALERT_RECORD_WAIT)
    add_change (&line, r);
  if (r->type == ALERT_RECORD_WAIT)
    add_hex (&line, "hash", r->hash);
  if (r->type == ALERT_RECORD_EVENT || r->type == ALERT_RECORD_WAIT || r->type == ALERT_RECORD_ROW)
    add_row (&line, r);
  if (r->type == ALERT_RECORD_COUNT || r->type == ALERT_RECORD_LIMIT)
    add_hex (&line, "count", r->count);
  if (r->type == ALERT_RECORD_LIMIT)
    add_i64 (&line, "time", r->wall_ns);
  if (r->type == ALERT_RECORD_BASE)
    add_hex (&line, "n", r->serial);
  if (r->type == ALERT_RECORD_TOLD)
    add_serials (&line, r);
  if (r->type == ALERT_RECORD_SEND || r->type == ALERT_RECORD_SENT)
    add_message (&line, r);
  buf_addc (&line, '}');
  if (line.error) {
    b->error = b->error ? b->error : line.error;
    return;
  }
  buf_printf (b, "%08lx ", crc32 (0, (const unsigned char *) line.data, (uInt) line.len));
  buf_add (b, line.data, line.len);
  buf_addc (b, '\n');
}

/* ---- Reading ---- */

/* The index of that word, or -1. */
static int
word_of (json_object *object, const char *name, const char *const *words, int n)
{
  char word[16];
  if (!alert_json_text (object, name, word, sizeof word))
    return -1;
  for (int i = 0; i < n; i++)
    if (words[i] && !strcmp (words[i], word))
      return i;
  return -1;
}

static bool
take_change (json_object *object, struct alert_record *r)
{
  char word[16];
  if (!alert_json_text (object, "change", word, sizeof word) || !alert_json_i64 (object, "time", &r->wall_ns)
      || !alert_json_hex (object, "n", &r->serial))
    return false;
  for (int i = 0; i < CHANGES; i++)
    if (!strcmp (changes[i].name, word))
      r->change = (uint8_t) changes[i].change;
  r->gone = alert_json_true (object, "gone");
  r->held_back = alert_json_true (object, "late");
  return r->change && r->serial < UINT64_MAX / 2;
}

static bool
take_row (json_object *object, struct alert_record *r)
{
  struct alert_state *s = &r->state;
  if (alert_json_text (object, "key", r->text, sizeof r->text)) {
    r->key.text = r->text;
    r->key.length = strlen (r->text);
  } else if (!alert_json_hex (object, "number", &r->key.number))
    return false;
  int phase = word_of (object, "phase", phases, ALERT_PHASES);
  if (phase < 0 || !alert_json_hex (object, "id", &r->key.identity) || !alert_json_hex (object, "made", &r->made))
    return false;
  s->phase = (uint8_t) phase;
  alert_json_i64 (object, "lasted", &s->lasted_ns);
  alert_json_i64 (object, "unknown", &s->unknown_ns);
  alert_json_i64 (object, "quiet", &s->quiet_ns);
  alert_json_i64 (object, "began", &s->began_ns);
  alert_json_i64 (object, "fired", &s->fired_ns);
  s->unsure = alert_json_true (object, "unsure");
  s->said_unknown = s->unsure && alert_json_true (object, "said");
  s->has_value = alert_json_f64 (object, "value", &s->value) && isfinite (s->value);
  if (!alert_json_text (object, "unit", r->unit, sizeof r->unit))
    r->unit[0] = 0;
  return s->lasted_ns >= 0 && s->unknown_ns >= 0 && s->quiet_ns >= 0;
}

static bool
take_serials (json_object *object, struct alert_record *r)
{
  json_object *list;
  if (!json_object_object_get_ex (object, "n", &list) || json_object_get_type (list) != json_type_array)
    return false;
  size_t n = json_object_array_length (list);
  if (n > ALERT_SERIALS)
    return false;
  for (size_t i = 0; i < n; i++) {
    json_object *one = json_object_array_get_idx (list, i);
    const char *text = json_object_get_type (one) == json_type_string ? json_object_get_string (one) : "";
    r->serials[r->n_serials++] = strtoull (text, NULL, 16);
  }
  return true;
}

static bool
take_id (json_object *object, struct alert_record *r)
{
  return alert_json_text (object, "id", r->id, sizeof r->id) && r->id[0] && !r->id[strspn (r->id, "0123456789abcdef")]
         && alert_json_hex (object, "left", &r->left);
}

static bool
take_message (json_object *object, struct alert_record *r, const char *line, size_t length)
{
  const char *at = memmem (line, length, MESSAGE, strlen (MESSAGE));
  json_object *message;
  if (!at || !json_object_object_get_ex (object, "message", &message) || json_object_get_type (message) != json_type_object)
    return false;
  r->json = at + strlen (MESSAGE);
  r->json_length = (size_t) (line + length - 1 - r->json);
  alert_json_i64 (object, "time", &r->wall_ns);
  return r->json_length <= ALERT_MESSAGE && take_id (object, r) && take_serials (object, r);
}

static bool
take (json_object *object, struct alert_record *r, const char *line, size_t length)
{
  if (r->type < ALERT_RECORD_TOLD || r->type == ALERT_RECORD_COUNT)
    if (!alert_json_text (object, "rule", r->rule, sizeof r->rule) || !r->rule[0])
      return false;
  switch (r->type) {
  case ALERT_RECORD_EVENT:
    return take_change (object, r) && take_row (object, r);
  case ALERT_RECORD_WAIT:
    return take_change (object, r) && take_row (object, r) && alert_json_hex (object, "hash", &r->hash);
  case ALERT_RECORD_ROW:
    return take_row (object, r);
  case ALERT_RECORD_TOLD:
    return take_serials (object, r);
  case ALERT_RECORD_COUNT:
    return alert_json_hex (object, "count", &r->count);
  case ALERT_RECORD_LIMIT:
    alert_json_text (object, "rule", r->rule, sizeof r->rule);
    alert_json_i64 (object, "time", &r->wall_ns);
    return alert_json_hex (object, "count", &r->count);
  case ALERT_RECORD_BASE:
    return alert_json_hex (object, "n", &r->serial);
  case ALERT_RECORD_SEND:
    return take_message (object, r, line, length);
  case ALERT_RECORD_SENT:
    return take_id (object, r);
  }
  return false;
}

int
alert_record_parse (const char *line, size_t length, struct alert_record *ret)
{
  char crc[CRC_DIGITS + 1];
  if (length <= HEAD || length > ALERT_LINE_MOST || line[CRC_DIGITS] != ' ')
    return -EBADMSG;
  snprintf (crc, sizeof crc, "%08lx", crc32 (0, (const unsigned char *) line + HEAD, (uInt) (length - HEAD)));
  if (memcmp (crc, line, CRC_DIGITS))
    return -EBADMSG;
  ALERT_JSON_CLEANUP json_object *object = NULL;
  int r = alert_json_read (line + HEAD, length - HEAD, &object);
  if (r)
    return r;
  *ret = (struct alert_record){0};
  int type = word_of (object, "t", types, TYPES);
  if (type < 0)
    return json_object_object_get_ex (object, "t", NULL) ? -ENOTSUP : -EBADMSG;
  ret->type = (enum alert_record_type) type;
  return take (object, ret, line + HEAD, length - HEAD) ? 0 : -EBADMSG;
}

int
alert_record_scan (const char *data, size_t length, alert_record_visit visit, void *arg, struct alert_scan *ret)
{
  struct alert_scan scan = {0};
  struct alert_record *record = malloc (sizeof *record);
  if (!record)
    return -ENOMEM;
  int r = 0;
  for (size_t at = 0; at < length && !r;) {
    const char *newline = memchr (data + at, '\n', length - at);
    if (!newline)
      break;
    const size_t end = (size_t) (newline - data), start = at;
    int parsed = alert_record_parse (data + at, end - at, record);
    at = end + 1;
    if (parsed == -EBADMSG)
      continue;
    if (parsed == -ENOMEM) {
      r = parsed;
      break;
    }
    scan.damaged += start - scan.whole;
    scan.whole = at;
    scan.records++;
    if (!parsed)
      r = visit (arg, record, data + start, end - start);
  }
  free (record);
  scan.torn = length - scan.whole;
  if (!r)
    *ret = scan;
  return r;
}
