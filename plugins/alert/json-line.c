#include "json-line.h"

#include <errno.h>
#include <string.h>

enum { DEPTH = 8 };

int
alert_json_read (const char *text, size_t length, json_object **ret)
{
  if (!length || length > ALERT_LINE_MOST || memchr (text, 0, length))
    return -EBADMSG;
  json_tokener *tokener = json_tokener_new_ex (DEPTH);
  if (!tokener)
    return -ENOMEM;
  json_tokener_set_flags (tokener, JSON_TOKENER_STRICT);
  json_object *object = json_tokener_parse_ex (tokener, text, (int) length);
  /* Without memory it stops in the middle and speaks of success. */
  const bool good = json_tokener_get_error (tokener) == json_tokener_success;
  int r = !good ? -EBADMSG : json_tokener_get_parse_end (tokener) < length ? -ENOMEM : 0;
  json_tokener_free (tokener);
  if (!r && json_object_get_type (object) != json_type_object)
    r = -EBADMSG;
  if (r)
    alert_json_drop (&object);
  else
    *ret = object;
  return r;
}

static json_object *
get (json_object *object, const char *name, json_type type)
{
  json_object *value;
  if (!json_object_object_get_ex (object, name, &value))
    return NULL;
  return json_object_get_type (value) == type ? value : NULL;
}

bool
alert_json_i64 (json_object *object, const char *name, int64_t *ret)
{
  json_object *value = get (object, name, json_type_int);
  if (value)
    *ret = json_object_get_int64 (value);
  return value;
}

bool
alert_json_hex (json_object *object, const char *name, uint64_t *ret)
{
  json_object *value = get (object, name, json_type_string);
  int length = value ? json_object_get_string_len (value) : 0;
  if (length < 1 || length > 16)
    return false;
  static const char digits[] = "0123456789abcdef";
  const char *text = json_object_get_string (value);
  uint64_t number = 0;
  for (int i = 0; i < length; i++) {
    const char *digit = text[i] ? strchr (digits, text[i]) : NULL;
    if (!digit)
      return false;
    number = number << 4 | (uint64_t) (digit - digits);
  }
  *ret = number;
  return true;
}

bool
alert_json_f64 (json_object *object, const char *name, double *ret)
{
  json_object *value = get (object, name, json_type_double);
  if (!value)
    value = get (object, name, json_type_int);
  if (value)
    *ret = json_object_get_double (value);
  return value;
}

bool
alert_json_true (json_object *object, const char *name)
{
  json_object *value = get (object, name, json_type_boolean);
  return value && json_object_get_boolean (value);
}

bool
alert_json_text (json_object *object, const char *name, char *to, size_t size)
{
  json_object *value = get (object, name, json_type_string);
  size_t length = value ? (size_t) json_object_get_string_len (value) : size;
  if (length >= size || memchr (json_object_get_string (value), 0, length))
    return false;
  memcpy (to, json_object_get_string (value), length);
  to[length] = 0;
  return true;
}

void
alert_json_drop (json_object **object)
{
  json_object_put (*object);
  *object = NULL;
}
