#include "json-limits.h"

#include <string.h>

json_object *
json_read (const char *text, size_t length)
{
  while (length && memchr (" \t\r\n", text[length - 1], 4))
    length--; /* strict: nothing may follow, not even blanks */
  if (!length || length > JSON_MOST || memchr (text, 0, length))
    return NULL;
  json_tokener *tokener = json_tokener_new_ex (JSON_DEPTH);
  if (!tokener)
    return NULL;
  json_tokener_set_flags (tokener, JSON_TOKENER_STRICT);
  json_object *object = json_tokener_parse_ex (tokener, text, (int) length);
  if (json_tokener_get_error (tokener) != json_tokener_success || json_object_get_type (object) != json_type_object)
    json_drop (&object);
  json_tokener_free (tokener);
  return object;
}

json_object *
json_get (json_object *object, const char *name, json_type type)
{
  json_object *value;
  if (json_object_get_type (object) != json_type_object || !json_object_object_get_ex (object, name, &value))
    return NULL;
  return json_object_get_type (value) == type ? value : NULL;
}

void
json_drop (json_object **object)
{
  json_object_put (*object);
  *object = NULL;
}
