#include "function.h"

#include "nearest.h"

#include <ctype.h>
#include <stdlib.h>

static const char *const names[] = {"min", "max", "mean", "last", "count", "sum", "stddev"};
enum { N_NAMES = sizeof names / sizeof *names };

/* p0 to p100, with up to three digits behind the point. */
static bool
parse_percentile (const char *word, struct function *ret)
{
  char *end;
  if (*word != 'p' || !isdigit ((unsigned char) word[1]) || strspn (word + 1, "0123456789.") != strlen (word + 1)
      || strlen (word) > 7)
    return false;
  ret->share = strtod (word + 1, &end) / 100;
  if (*end || ret->share > 1)
    return false;
  ret->kind = FUNCTION_PERCENTILE;
  snprintf (ret->name, sizeof ret->name, "%.11s", word);
  for (char *c = ret->name; *c; c++)
    *c = *c == '.' ? '_' : *c;
  return true;
}

static int
parse_word (const char *word, struct function *ret, char why[160])
{
  for (uint32_t i = 0; i < N_NAMES; i++)
    if (!strcmp (names[i], word)) {
      *ret = (struct function){.kind = (enum function_kind) i};
      snprintf (ret->name, sizeof ret->name, "%.11s", word);
      return 0;
    }
  *ret = (struct function){.kind = FUNCTION_PERCENTILE};
  if (parse_percentile (word, ret))
    return 0;
  const char *near = nearest_word (word, names, N_NAMES);
  if (near)
    snprintf (why, 160, "there is no function '%.20s': did you mean '%s'?", word, near);
  else
    snprintf (why, 160, "there is no function '%.20s': there are min, max, mean, last, count, sum, stddev and percentiles as p95",
              word);
  return -EINVAL;
}

int
function_parse (const char *text, struct function ret[FUNCTION_MOST], char why[160])
{
  int n = 0;
  for (const char *at = text + strspn (text, " ,"); *at; at += strspn (at, " ,")) {
    size_t length = strcspn (at, " ,");
    char word[24];
    snprintf (word, sizeof word, "%.*s", (int) (length < 23 ? length : 23), at);
    at += length;
    if (n == FUNCTION_MOST) {
      snprintf (why, 160, "more than %d functions for one field", FUNCTION_MOST);
      return -EINVAL;
    }
    int r = parse_word (word, ret + n, why);
    if (r)
      return r;
    for (int i = 0; i < n; i++)
      if (!strcmp (ret[i].name, ret[n].name)) {
        snprintf (why, 160, "'%s' is there twice", word);
        return -EINVAL;
      }
    n++;
  }
  if (!n)
    snprintf (why, 160, "no function: give some of min, max, mean, last, count, sum, stddev and percentiles as p95");
  return n ? n : -EINVAL;
}

struct kk_field
function_field (const struct function *f, const struct kk_field *of, bool alone, char name[64])
{
  struct kk_field field = {.unit = of->unit, .help = of->help, .type = KK_TYPE_F64, .kind = KK_GAUGE, .decimals = of->decimals};
  snprintf (name, 64, alone ? "%.63s" : "%.50s_%s", of->name, f->name);
  field.name = name;
  switch (f->kind) {
  case FUNCTION_COUNT:
    field.type = KK_TYPE_U64;
    field.unit = "1";
    field.decimals = 0;
    break;
  case FUNCTION_LAST:
    field.kind = of->kind;
    field.type = of->type;
    break;
  case FUNCTION_MIN:
  case FUNCTION_MAX:
    field.type = of->type;
    break;
  default:
    if (of->type != KK_TYPE_F64)
      field.decimals = 3;
  }
  return field;
}
