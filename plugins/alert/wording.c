#include "wording.h"

#include "nearest.h"
#include "record.h"
#include "text.h"
#include "units.h"

#include <inttypes.h>
#include <unistd.h>

enum { MOST_TEXT = 2048, MOST_UNIT = 80 };

static void
add_host (struct buf *b)
{
  char host[256] = "";
  gethostname (host, sizeof host - 1);
  buf_adds (b, host);
}

static void
add_value (struct buf *b, bool has_value, double value)
{
  if (has_value)
    text_number (b, value);
  else
    buf_adds (b, "unknown");
}

/* One {word}; false: it is none of ours, and stays as it is. */
static bool
add_word (struct buf *b, const char *word, size_t length, const struct watch *w, const char *row, bool has_value, double value,
          const char *unit)
{
  const struct {
    const char *name, *text;
  } words[] = {{"rule", w->name}, {"name", w->name}, {"row", row},
               {"unit", unit},    {"when", w->when}, {"severity", watch_severity (w)}};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strlen (words[i].name) == length && !memcmp (words[i].name, word, length)) {
      buf_adds (b, words[i].text);
      return true;
    }
  if (length == 5 && !memcmp (word, "value", 5))
    add_value (b, has_value, value);
  else if (length == 4 && !memcmp (word, "host", 4))
    add_host (b);
  else
    return false;
  return true;
}

bool
wording_stranger (const char *text, char ret[32], const char **ret_meant)
{
  static const char *const words[] = {"rule", "name", "row", "unit", "when", "severity", "value", "host"};
  for (const char *at = text; (at = strchr (at, '{')); at++) {
    const size_t length = strspn (at + 1, "abcdefghijklmnopqrstuvwxyz_");
    bool known = !length || length > 31 || at[1 + length] != '}';
    for (size_t i = 0; i < sizeof words / sizeof *words && !known; i++)
      known = strlen (words[i]) == length && !memcmp (words[i], at + 1, length);
    if (known)
      continue;
    snprintf (ret, 32, "%.*s", (int) length, at + 1);
    *ret_meant = nearest_word (ret, words, sizeof words / sizeof *words);
    return true;
  }
  return false;
}

void
wording_text (struct buf *b, const struct watch *w, const char *row, bool has_value, double value, const char *ucum)
{
  char unit[MOST_UNIT];
  if (!*w->text) {
    buf_adds (b, w->when);
    if (*row)
      buf_printf (b, " in %s", row);
    if (!has_value)
      return;
    buf_adds (b, " (");
    text_value (b, value, ucum);
    buf_addc (b, ')');
    return;
  }
  const size_t begin = b->len;
  units_for_people (ucum, unit, sizeof unit);
  for (const char *at = w->text; *at && (b->len - begin < MOST_TEXT || (*at & 0xc0) == 0x80);) { /* whole characters */
    const char *end = *at == '{' ? strchr (at, '}') : NULL;
    if (end && add_word (b, at + 1, (size_t) (end - at - 1), w, row, has_value, value, unit))
      at = end + 1;
    else
      buf_addc (b, *at++);
  }
}

static const char *
verb (const struct alert_message *m)
{
  switch (m->change) {
  case ALERT_FIRED:
    return m->late ? "has fired" : "fires";
  case ALERT_CLEARED:
    return "is over";
  case ALERT_REMINDER:
    return "still fires";
  case ALERT_BECAME_UNKNOWN:
    return "is not known any more";
  case ALERT_KNOWN:
    return "is known again";
  default:
    return "changed more often than was told";
  }
}

void
wording_line (struct buf *b, const struct watch *w, const char *name, const char *ucum, const struct alert_message *m)
{
  buf_printf (b, "%s %s", name, verb (m));
  for (uint32_t i = 0; i < m->n_items; i++) {
    const struct alert_item *item = m->items[i];
    buf_adds (b, i ? "; " : ": ");
    if (w && (m->change == ALERT_FIRED || m->change == ALERT_REMINDER))
      wording_text (b, w, item->row, item->has_value, item->value, ucum);
    else {
      buf_adds (b, *item->row ? item->row : w ? w->when : "a rule that is no more");
      if (item->gone)
        buf_adds (b, " (gone)");
      else if (item->has_value) {
        buf_adds (b, " (");
        text_value (b, item->value, ucum);
        buf_addc (b, ')');
      }
    }
  }
  if (m->total > m->n_items)
    buf_printf (b, "%s%u more", m->n_items ? "; and " : ": ", m->total - m->n_items);
  if (m->suppressed)
    buf_printf (b, " (%" PRIu64 " change%s not told, as there were too many)", m->suppressed,
                m->suppressed == 1 ? " was" : "s were");
}

static void
add_json_text (struct buf *b, const char *key, const char *text)
{
  buf_printf (b, ",\"%s\":", key);
  text_json_string (b, text, strlen (text));
}

static void
add_json_rows (struct buf *b, const struct alert_message *m)
{
  buf_adds (b, ",\"rows\":[");
  for (uint32_t i = 0; i < m->n_items; i++) {
    const struct alert_item *item = m->items[i];
    buf_adds (b, i ? ",{\"row\":" : "{\"row\":");
    text_json_string (b, item->row, strlen (item->row));
    if (item->has_value)
      buf_printf (b, ",\"value\":%.17g", item->value);
    if (item->gone)
      buf_adds (b, ",\"gone\":true");
    buf_adds (b, ",\"since\":");
    text_wall_time (b, item->began_ns ? item->began_ns : item->wall_ns);
    buf_addc (b, '}');
  }
}

void
wording_json (struct buf *b, const struct watch *w, const char *name, const char *unit, const struct alert_message *m,
              const char *id, int64_t wall_ns)
{
  struct buf BUF_CLEANUP line = {0}, host = {0};
  wording_line (&line, w, name, unit, m);
  add_host (&host);
  buf_printf (b, "{\"id\":\"%s\",\"time\":", id);
  text_wall_time (b, wall_ns);
  add_json_text (b, "host", host.data ? host.data : "");
  add_json_text (b, "rule", name);
  add_json_text (b, "severity", w ? watch_severity (w) : "info");
  add_json_text (b, "change", m->change == ALERT_SUMMARY ? "summary" : alert_change_name (m->change));
  add_json_text (b, "text", line.data ? line.data : "");
  add_json_text (b, "when", w ? w->when : "");
  add_json_text (b, "unit", unit);
  buf_printf (b, ",\"total\":%u,\"late\":%s,\"suppressed\":%" PRIu64, m->total, m->late ? "true" : "false", m->suppressed);
  add_json_rows (b, m);
  buf_adds (b, "]}");
  if (line.error || host.error)
    b->error = line.error ? line.error : host.error;
}
