/* The text as tokens, and what is said about it. */
#include <config.h>

#include "inner.h"
#include "units.h"
#include "utf8.h"

#include <stdarg.h>

enum { MAX_NUMBER = 64, MAX_PIECE = 48 };

int
expr_refuse (const struct source *s, size_t at, const char *format, ...)
{
  uint32_t column = 1;
  for (size_t i = 0; i < at && s->text[i]; i++)
    column += ((unsigned char) s->text[i] & 0xc0) != 0x80;
  s->fault->column = column;
  s->fault->in_clear = s->in_clear;
  va_list args;
  va_start (args, format);
  vsnprintf (s->fault->text, sizeof s->fault->text, format, args);
  va_end (args);
  return -EINVAL;
}

struct source
expr_source (const struct expression *e, bool in_clear, struct expression_fault *fault)
{
  return (struct source){e->text[in_clear], in_clear, fault};
}

struct piece
expr_piece (const char *text, size_t at, size_t end)
{
  size_t length = end - at;
  if (length <= MAX_PIECE)
    return (struct piece){(int) length, text + at, ""};
  for (length = MAX_PIECE - 3; length && ((unsigned char) text[at + length] & 0xc0) == 0x80; length--)
    ;
  return (struct piece){(int) length, text + at, "..."};
}

bool
expr_name_byte (char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool
digit (char c)
{
  return c >= '0' && c <= '9';
}

bool
expr_word (const struct lexer *l, const char *word)
{
  return l->token.kind == TOKEN_NAME && l->token.length == strlen (word) && !memcmp (l->token.text, word, l->token.length);
}

void
expr_space (struct lexer *l)
{
  l->at += strspn (l->source.text + l->at, " \t\r\n");
}

const char *
expr_pooled (struct lexer *l, const char *text, size_t length)
{
  char *copy = l->pool + l->pooled;
  memcpy (copy, text, length);
  copy[length] = 0;
  l->pooled += length + 1;
  return copy;
}

int
expr_quoted (struct lexer *l, const char **ret, uint32_t *length)
{
  size_t begin = l->at;
  const char *p = l->source.text + begin;
  char quote = *p++, *out = l->pool + l->pooled;
  *ret = out;
  for (; *p != quote; p++) {
    if (*p == '\\' && quote == '"' && p[1])
      p++;
    if (!*p)
      return expr_refuse (&l->source, begin, "this text has no end: a %c is missing", quote);
    *out++ = *p;
  }
  *length = (uint32_t) (out - *ret);
  *out++ = 0;
  l->pooled = (size_t) (out - l->pool);
  l->at = (size_t) (p + 1 - l->source.text);
  return 0;
}

/* ---- Numbers ---- */

static size_t
decimal_length (const char *p)
{
  const char *begin = p;
  while (digit (*p))
    p++;
  if (*p == '.' && digit (p[1]))
    for (p++; digit (*p); p++)
      ;
  if (*p == 'e' || *p == 'E') {
    const char *q = p + 1 + (p[1] == '+' || p[1] == '-');
    if (digit (*q)) {
      while (digit (*q))
        q++;
      p = q;
    }
  }
  return (size_t) (p - begin);
}

static size_t
unit_length (const char *p)
{
  size_t n = 0;
  if (*p == '%')
    return 1;
  if (!strncmp (p, "\xc2\xb5s", 3))
    n = 2;
  while (expr_name_byte (p[n]))
    n++;
  return n;
}

/* The value of a number with its unit; -EINVAL when the unit is not known. */
static int
value_of (const char *text, size_t digits, struct token *t)
{
  int64_t whole;
  if (!text[digits]) {
    t->unit = UNIT_PLAIN;
    return units_f64 (text, &t->number);
  }
  if (text[digits] == '%') {
    t->unit = UNIT_PERCENT;
    return units_percent (text, &t->number);
  }
  int r = units_duration (text, &whole);
  if (r != -EINVAL) {
    t->unit = UNIT_TIME;
    t->number = r ? 0 : (double) whole / 1e9;
    return r;
  }
  r = units_bytes (text, &whole);
  t->unit = UNIT_SIZE;
  t->number = r ? 0 : (double) whole;
  return r;
}

/* "2 GiB": how much of a space and a unit follows. A word that is no unit is no part of the number. */
static size_t
spaced_unit (const char *p)
{
  char text[8] = "1";
  struct token t;
  size_t n = *p == ' ' ? unit_length (p + 1) : 0;
  if (!n || n > sizeof text - 2)
    return 0;
  memcpy (text + 1, p + 1, n);
  text[n + 1] = 0;
  return value_of (text, 1, &t) == 0 ? n + 1 : 0;
}

static int
number (struct lexer *l)
{
  const char *p = l->source.text + l->at;
  size_t digits = decimal_length (p), unit = unit_length (p + digits), space = 0;
  char text[MAX_NUMBER];
  if (!unit && (space = spaced_unit (p + digits)))
    unit = space - 1, space = 1;
  struct piece whole = expr_piece (p, 0, digits + space + unit);
  if (digits + unit >= sizeof text)
    return expr_refuse (&l->source, l->at, "'%.*s%s' is too long for a number", whole.length, whole.text, whole.more);
  memcpy (text, p, digits);
  memcpy (text + digits, p + digits + space, unit);
  text[digits + unit] = 0;
  int r = value_of (text, digits, &l->token);
  if (r == -EINVAL)
    return expr_refuse (&l->source, l->at + digits,
                        "'%.*s' has no unit that is known here: write 80%%, 2GiB, 500MB, 10MB/s, 5s, 200ms or 1.5",
                        whole.length, whole.text);
  if (r)
    return r == -ENOMEM ? r
                        : expr_refuse (&l->source, l->at, "%.*s%s is too large a number", whole.length, whole.text, whole.more);
  l->at += digits + space + unit;
  l->token.kind = TOKEN_NUMBER;
  p = l->source.text + l->at;
  if (l->token.unit == UNIT_SIZE && p[0] == '/' && p[1] == 's' && !expr_name_byte (p[2])) {
    l->token.unit = UNIT_SIZE_RATE;
    l->at += 2;
  }
  return 0;
}

/* ---- The rest ---- */

static const struct symbol {
  char text[3];
  uint8_t kind, op;
} symbols[] = {
  {"<=", TOKEN_OPERATOR, OP_LESS_EQUAL},
  {">=", TOKEN_OPERATOR, OP_MORE_EQUAL},
  {"==", TOKEN_OPERATOR, OP_EQUAL},
  {"!=", TOKEN_OPERATOR, OP_UNEQUAL},
  {"<", TOKEN_OPERATOR, OP_LESS},
  {">", TOKEN_OPERATOR, OP_MORE},
  {"+", TOKEN_OPERATOR, OP_ADD},
  {"-", TOKEN_OPERATOR, OP_SUBTRACT},
  {"*", TOKEN_OPERATOR, OP_MULTIPLY},
  {"/", TOKEN_OPERATOR, OP_DIVIDE},
  {"(", TOKEN_OPEN, 0},
  {")", TOKEN_CLOSE, 0},
  {",", TOKEN_COMMA, 0},
};

static int
refuse_symbol (const struct lexer *l)
{
  static const char *const better[][2] = {
    {"&&", "and"}, {"||", "or"}, {"&", "and"}, {"|", "or"}, {"!", "not"}, {"=", "=="}, {"~", "== or [field=glob]"},
  };
  const char *p = l->source.text + l->at;
  for (size_t i = 0; i < sizeof better / sizeof *better; i++)
    if (!strncmp (p, better[i][0], strlen (better[i][0])))
      return expr_refuse (&l->source, l->at, "'%s' is not known here: write %s", better[i][0], better[i][1]);
  size_t bad, n = utf8_character (p, strnlen (p, 4), &bad);
  if (!n || (unsigned char) *p < 0x20 || *p == 0x7f)
    return expr_refuse (&l->source, l->at, "the byte 0x%02x has no meaning here", (unsigned char) *p);
  return expr_refuse (&l->source, l->at, "'%.*s' has no meaning here", (int) n, p);
}

static int
symbol (struct lexer *l)
{
  for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
    size_t n = strlen (symbols[i].text);
    if (strncmp (l->source.text + l->at, symbols[i].text, n) != 0)
      continue;
    l->token.kind = symbols[i].kind;
    l->token.op = symbols[i].op;
    l->at += n;
    return 0;
  }
  return refuse_symbol (l);
}

int
expr_next (struct lexer *l)
{
  struct token *t = &l->token;
  l->last_end = t->end;
  expr_space (l);
  const char *p = l->source.text + l->at;
  *t = (struct token){.at = l->at, .text = p};
  int r = 0;
  if (!*p)
    t->kind = TOKEN_END;
  else if (digit (*p) || (*p == '.' && digit (p[1])))
    r = number (l);
  else if (*p == '"' || *p == '\'') {
    t->kind = TOKEN_TEXT;
    r = expr_quoted (l, &t->text, &t->length);
  } else if (expr_name_byte (*p)) {
    t->kind = TOKEN_NAME;
    while (expr_name_byte (p[t->length]))
      t->length++;
    l->at += t->length;
  } else
    r = symbol (l);
  t->end = l->at;
  return r;
}
