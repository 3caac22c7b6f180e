/* Members of the daemon's answers, which may be missing: what is missing is NULL, 0 or "". */
#ifndef MEMBER_H
#define MEMBER_H

#include <json.h>

struct json_object *member (struct json_object *o, const char *key);
const char *member_text (struct json_object *o, const char *key);
double member_number (struct json_object *o, const char *key, double missing);
#endif
