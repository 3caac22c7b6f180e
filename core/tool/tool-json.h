/* Members of JSON that others wrote. */
#ifndef TOOL_JSON_H
#define TOOL_JSON_H

#include <json-c/json.h>

/* Borrowed. NULL: `o` is no object (NULL is fine), or has no such member of that type. */
static inline json_object *
tool_member (json_object *o, const char *name, json_type type)
{
  json_object *value;
  if (!json_object_is_type (o, json_type_object) || !json_object_object_get_ex (o, name, &value))
    return NULL;
  return json_object_is_type (value, type) ? value : NULL;
}

/* Borrowed; "" where there is no such text. */
static inline const char *
tool_text (json_object *o, const char *name)
{
  json_object *value = tool_member (o, name, json_type_string);
  return value ? json_object_get_string (value) : "";
}
#endif
