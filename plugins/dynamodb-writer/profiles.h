/* The two files of the AWS tools, ~/.aws/config and ~/.aws/credentials (AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE), as one.
 */
#ifndef PROFILES_H
#define PROFILES_H

#include "buf.h"

#include <stdbool.h>

enum profiles_file { PROFILES_CREDENTIALS, PROFILES_CONFIG, PROFILES_FILES };

struct profiles;

/* Reads what there is; a missing file or an unreadable one is empty. 0, -ENOMEM, or -EINVAL when a file cannot be taken apart:
 * then *ret is set too, without that file, and profiles_error says where and why. Secrets are wiped when freed. */
int profiles_load (struct profiles **ret);
void profiles_free (struct profiles *p); /* NULL is fine */
/* Whether a file is another than the one that was read: came, went, was replaced or written. */
bool profiles_changed (const struct profiles *p);
const char *profiles_error (const struct profiles *p); /* "": none */
/* The place of a file, and in parentheses why nothing of it is used, if so: for people. */
const char *profiles_place (const struct profiles *p, enum profiles_file file);

bool profiles_exist (const struct profiles *p, const char *profile);
/* A value of a profile, wherever it stands (the credentials file first), or only in one file. NULL: none. Lives as long as `p`.
 */
const char *profiles_get (const struct profiles *p, const char *profile, const char *key);
const char *profiles_get_of (const struct profiles *p, enum profiles_file file, const char *profile, const char *key);
/* Key of a service in the section [services NAME] that the profile names: "dynamodb", "endpoint_url". 1: in `ret`; 0: none;
 * -ENOENT: there is no such section. */
int profiles_service (const struct profiles *p, const char *profile, const char *service, const char *key, struct buf *ret);
#endif
