/* From an option table and what the user wrote to a filled config struct. */
#ifndef OPTION_H
#define OPTION_H

#include "descriptor.h"
#include "yaml.h"

/* Fills a config struct of `size` bytes from its defaults and from the map `given` (NULL: defaults only). Keys in `given` that are
 * in `known` (0-ended array of names, may be NULL) belong to somebody else and are passed over; any other unknown key is an error
 * with the nearest known name. Every fault goes to `d`; `at` is the place to name when a required option is missing. The struct and
 * all its strings are one owner's: option_free. 0, -EINVAL, -ENOMEM. */
int option_fill (const struct kk_option *options, uint32_t n, size_t size, const struct yaml_node *given,
                 const char *const *known, struct place at, struct diag *d, void **ret);
void option_free (const struct kk_option *options, uint32_t n, void *config);
/* Checks one option's own text (a default, a `config set` value); the error's sentence goes to `d`. */
int option_check_text (const struct kk_option *option, const char *text, struct place at, struct diag *d);
/* Two configs of the same table hold the same values. */
bool option_equal (const struct kk_option *options, uint32_t n, const void *a, const void *b);
#endif
