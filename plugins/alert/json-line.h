/* JSON of our own files: a line is read whole, bounded, and asked with the type that is wanted. */
#ifndef ALERT_JSON_H
#define ALERT_JSON_H

#include <json-c/json.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ALERT_LINE_MOST = 256 << 10 };

/* The object that the text is. 0; -EBADMSG: it is none, or has anything behind it; -ENOMEM: it may be one. */
int alert_json_read (const char *text, size_t length, json_object **ret);
/* False: there is no such member, or not of that type or size; *ret is as it was. */
bool alert_json_i64 (json_object *object, const char *name, int64_t *ret);
bool alert_json_hex (json_object *object, const char *name, uint64_t *ret); /* a string of 1 to 16 hexadecimal digits */
bool alert_json_f64 (json_object *object, const char *name, double *ret);
bool alert_json_true (json_object *object, const char *name);
bool alert_json_text (json_object *object, const char *name, char *to, size_t size); /* without 0 bytes */
void alert_json_drop (json_object **object);

#define ALERT_JSON_CLEANUP __attribute__ ((cleanup (alert_json_drop)))
#endif
