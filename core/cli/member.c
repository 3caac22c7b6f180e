#include "cli/member.h"

#include <stddef.h>

struct json_object *
member (struct json_object *o, const char *key)
{
  struct json_object *v = NULL;
  return json_object_is_type (o, json_type_object) && json_object_object_get_ex (o, key, &v) ? v : NULL;
}

const char *
member_text (struct json_object *o, const char *key)
{
  struct json_object *v = member (o, key);
  return v ? json_object_get_string (v) : "";
}

double
member_number (struct json_object *o, const char *key, double missing)
{
  struct json_object *v = member (o, key);
  return v ? json_object_get_double (v) : missing;
}
