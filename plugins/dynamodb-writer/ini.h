/* A file like ~/.aws/config, read as the AWS tools read it (Python's configparser with its defaults):
 *
 *   [section]             what stands behind the last ] is ignored; spaces within the brackets belong to the name
 *   key = value           or key: value; the key in lower case, both without blanks around; no comments behind a value
 *     continued           a line that is indented deeper than its key goes on with the value, behind a newline
 *   # comment ; comment   a line of its own
 *   [DEFAULT]             its keys are in every section
 *
 * A byte order mark and any ends of lines are fine. A section or a key said twice, a line that is none of these: an error. */
#ifndef INI_H
#define INI_H

#include "buf.h"

#include <stdbool.h>

enum { INI_MOST_BYTES = 1 << 20 };

struct ini;

struct ini_fault {
  unsigned line;
  char text[128]; /* never holds a value */
};

/* Takes the bytes out of `text`, whatever it returns. 0, -EINVAL with `fault` set, -EFBIG, -ENOMEM. The result is wiped when
 * freed. */
int ini_parse (struct buf *text, struct ini **ret, struct ini_fault *fault);
void ini_free (struct ini *ini); /* NULL is fine */

size_t ini_count (const struct ini *ini); /* of sections, in order; NULL: 0 */
const char *ini_name (const struct ini *ini, size_t section);
/* A value, or NULL; lives as long as `ini`. */
const char *ini_get (const struct ini *ini, size_t section, const char *key);
/* Values of the form "\nkey = value\nkey = value", as "s3 =" and "dynamodb =" have them: the value of one key goes to `ret`.
 * Whether there is such a key. */
bool ini_nested (const char *value, const char *key, struct buf *ret);
#endif
