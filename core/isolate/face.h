/* A plugin's description on its way from the process that loaded the plugin to the host, which never sees the .so itself. */
#ifndef ISOLATE_FACE_H
#define ISOLATE_FACE_H

#include "../descriptor.h"
#include "wire.h"

void face_put (struct buf *b, const struct kk_plugin *p);
/* A descriptor of what face_put wrote, whoever wrote it: checked as any plugin's. Its config struct is laid out by the host, whatever
 * the plugin's own looks like. `calls` gives its callbacks. On failure *reason (the caller's to free; may be NULL) says why. */
int face_take (const char *data, size_t n, const struct kk_plugin *calls, const char *path, struct descriptor **ret, char **reason);
/* Tables alone, on their way from the process of a plugin that declares them; face_take_tables passes them on to `out` (NULL:
 * they are looked at only). 0, -EBADMSG, -ENOMEM. */
void face_put_tables (struct buf *b, const struct kk_table *tables, uint32_t n);
int face_take_tables (struct wire *w, struct kk_declare *out);
/* The values of a config struct by option, and a struct made of them. */
void face_put_config (struct buf *b, const struct descriptor *d, const void *config);
/* NULL without memory, or when it does not fit the options. option_free. */
void *face_take_config (struct wire *w, const struct descriptor *d);
#endif
