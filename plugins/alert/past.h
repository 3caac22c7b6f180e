/* Samples out of JSON, for rules to look at: what the daemon keeps, and what file-writer recorded. They are reached through
 * kode-kronical/plugin.h like any other. */
#ifndef ALERT_PAST_H
#define ALERT_PAST_H

#include <json-c/json.h>
#include <kode-kronical/plugin.h>

struct past;

/* `schema`: what schema-text.h writes; a reference to it is kept. `interval_ns`: of samples; where one comes much later than
 * that, some were missed. `partial`: a row that is missing is not gone for certain. 0, -EBADMSG or -ENOMEM. */
int past_new (json_object *schema, int64_t interval_ns, bool partial, struct past **ret);
void past_free (struct past *p); /* NULL is fine */
const struct kk_schema *past_schema (const struct past *p);
/* When an entry was taken: "timestamp" of it, or of its table system. False: that is no entry. */
bool past_time (json_object *entry, int64_t *ret_wall_ns);
/* The entry becomes the sample, in the place of the one before. A table that it lacks, or that has the same time as before, is
 * held. Time never goes back: by a clock that was set back nothing passes. 0, -EBADMSG (no entry) or -ENOMEM. */
int past_take (struct past *p, json_object *entry, const struct kk_sample **ret);
#endif
