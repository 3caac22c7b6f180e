/* JSON from elsewhere: whole, bounded, and asked with the type that is wanted. */
#ifndef JSON_LIMITS_H
#define JSON_LIMITS_H

#include <json-c/json.h>

#include <stddef.h>

enum { JSON_MOST = 1 << 20, JSON_DEPTH = 32 };

/* The object that the text is; NULL when it is none, has anything behind it, is torn, too deep or larger than 1 MiB. */
json_object *json_read (const char *text, size_t length);
/* A member of that type, borrowed; NULL when there is none; `object` may be NULL. */
json_object *json_get (json_object *object, const char *name, json_type type);
void json_drop (json_object **object);

#define JSON_CLEANUP __attribute__ ((cleanup (json_drop)))
#endif
