#include <config.h>

#include "yaml-fault.h"

#include <string.h>

/* libyaml's words, and what a user should read instead. `context` true: add where the open thing began. */
static const struct saying {
  const char *problem, *text;
  int context;
} sayings[] = {
  {"found a tab character that violates indentation", "a tab cannot indent YAML: use spaces", 0},
  {"found a tab character where an indentation space is expected", "a tab cannot indent YAML: use spaces", 0},
  {"mapping values are not allowed in this context",
   "a ':' is not expected here: indent the line like its neighbours, and put a value that holds ': ' in quotes", 0},
  {"could not find expected ':'", "no ':' after a key: write 'key: value'", 1},
  {"did not find expected key",
   "no key where one is expected: indent the line like its neighbours, and close quotes and brackets", 1},
  {"did not find expected '-' indicator", "no '- ' where the list goes on: indent the line like its neighbours", 1},
  {"did not find expected ',' or ']'", "a list in brackets is not closed: put ',' between its items and ']' at its end", 1},
  {"did not find expected ',' or '}'", "a map in braces is not closed: put ',' between its pairs and '}' at its end", 1},
  {"did not find expected node content", "a value is missing here", 0},
  {"found unexpected end of stream", "the file ends inside a quoted value: close the quote", 1},
  {"found unexpected document indicator", "'---' inside a quoted value: close the quote", 1},
  {"block sequence entries are not allowed in this context",
   "a list item ('- ') cannot begin here: put it on a line of its own", 0},
  {"block mapping keys are not allowed in this context", "a key cannot begin here: put it on a line of its own", 0},
  {"found unknown escape character", "an unknown escape: in double quotes write '\\\\' for a backslash, or use single quotes",
   0},
  {"control characters are not allowed", "a control character: this is no text file, or it was damaged", 0},
  {"exceeded maximum depth", "nested too deeply", 0},
  {"found duplicate %YAML directive", "the line '%YAML' is here twice: remove one", 0},
  {"found incompatible YAML document", "this version of YAML is not known: remove the line '%YAML'", 0},
  {"did not find expected alphabetic or numeric character",
   "a value that begins with '*' or '&' needs quotes: put it in quotes", 0},
  {"did not find expected comment or line break",
   "a value that begins with '>' or '|' begins a text of several lines: put it in quotes", 0},
  {"found an indentation indicator equal to 0",
   "a value that begins with '>' or '|' begins a text of several lines: put it in quotes", 0},
  {"found undefined tag handle", "a tag means nothing here: leave the '!' out, or put the value in quotes", 0},
};

/* Where byte number `offset` is, in characters. */
static struct place
place_of_offset (const char *file, const char *text, size_t length, size_t offset)
{
  struct place at = {.file = file, .line = 1, .column = 1};
  for (size_t i = 0; i < length && i < offset; i++)
    if (text[i] == '\n') {
      at.line++;
      at.column = 1;
    } else if (((unsigned char) text[i] & 0xc0) != 0x80) {
      at.column++;
    }
  return at;
}

/* The byte at a mark; marks count characters, lines are told by '\n'. 0 at the end. */
static char
character_at (const char *text, size_t length, yaml_mark_t mark)
{
  size_t i = 0;
  for (size_t line = 0; line < mark.line && i < length; i++)
    line += text[i] == '\n';
  for (size_t column = 0; column < mark.column && i < length; i++)
    column += i + 1 >= length || ((unsigned char) text[i + 1] & 0xc0) != 0x80;
  return i < length ? text[i] : 0;
}

static void
say_bad_start (char c, struct place at, struct diag *d)
{
  if (c == '\t')
    diag_add (d, DIAG_ERROR, at, "a tab cannot indent YAML: use spaces");
  else if (c > ' ' && c < 0x7f)
    diag_add (d, DIAG_ERROR, at, "a value cannot begin with '%c': put it in quotes", c);
  else
    diag_add (d, DIAG_ERROR, at, "nothing in YAML begins like this: put the value in quotes");
}

void
yaml_fault (const yaml_parser_t *parser, const char *file, const char *text, size_t length, struct diag *d)
{
  const char *problem = parser->problem ? parser->problem : "not understood";
  if (parser->error == YAML_READER_ERROR) {
    struct place at = place_of_offset (file, text, length, parser->problem_offset);
    if (strstr (problem, "control"))
      diag_add (d, DIAG_ERROR, at, "a control character (0x%02x): this is no text file, or it was damaged",
                (unsigned) parser->problem_value & 0xff);
    else
      diag_add (d, DIAG_ERROR, at, "this is no UTF-8 text: save the file as UTF-8");
    return;
  }
  yaml_mark_t mark = parser->problem_mark;
  struct place at = {.file = file, .line = (uint32_t) mark.line + 1, .column = (uint32_t) mark.column + 1};
  if (strcmp (problem, "found character that cannot start any token") == 0) {
    say_bad_start (character_at (text, length, mark), at, d);
    return;
  }
  for (size_t i = 0; i < sizeof sayings / sizeof *sayings; i++) {
    if (strcmp (problem, sayings[i].problem) != 0)
      continue;
    if (sayings[i].context && parser->context && parser->context_mark.line != mark.line)
      diag_add (d, DIAG_ERROR, at, "%s (it began in line %zu)", sayings[i].text, parser->context_mark.line + 1);
    else
      diag_add (d, DIAG_ERROR, at, "%s", sayings[i].text);
    return;
  }
  diag_add (d, DIAG_ERROR, at, "this is no valid YAML: %s", problem);
}
