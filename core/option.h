/* From an option table and what the user wrote to a filled config struct. */
#ifndef OPTION_H
#define OPTION_H

#include "descriptor.h"
#include "yamltree.h"

/* Fills a config struct of `size` bytes from its defaults and from the map `given` (NULL: defaults only). Keys in `given` that
 * are in `known` (0-ended array of names, may be NULL) belong to somebody else and are passed over; any other unknown key is an
 * error with the nearest known name. Every fault goes to `d`; `at` is the place to name when a required option is missing. The
 * struct and all its strings are one owner's: option_free. 0, -EINVAL, -ENOMEM. */
int option_fill (const struct kk_option *options, uint32_t n, size_t size, const struct yaml_node *given,
                 const char *const *known, struct place at, struct diag *d, void **ret);
void option_free (const struct kk_option *options, uint32_t n, void *config);
/* Checks what is written for one option; the error's sentence, which names it as `name`, goes to `d`. 0, -EINVAL, -ENOMEM. */
int option_check (const struct kk_option *option, const char *name, const struct yaml_node *value, struct diag *d);
/* The same for an option's own text: a default, a limit. */
int option_check_text (const struct kk_option *option, const char *text, struct place at, struct diag *d);
/* Are the defaults and limits of a table themselves right? -EINVAL with *reason (the caller's to free) one sentence, or -ENOMEM with NULL. */
int option_check_table (const struct kk_option *options, uint32_t n, char **reason);
/* Two configs of the same table hold the same values. */
bool option_equal (const struct kk_option *options, uint32_t n, const void *a, const void *b);
/* What may be written: "a duration such as 500ms or 5s, from 1ms to 1h". The caller's to free; NULL without memory. */
char *option_expected (const struct kk_option *option);
/* Where what a plugin refuses stands in `given`: an option, or "rules.NAME" or "rules.NAME.member" of a map; `otherwise` when
 * it is not there. */
struct place option_place (const struct kk_option *options, uint32_t n, const struct yaml_node *given, const char *name,
                           struct place otherwise);

/* ---- Between the files option*.c ---- */

enum { OPTION_MAX_LIST = 1000, OPTION_MAX_MAP = 1000, OPTION_MAX_ENTRY = 127 };

union option_value {
  struct kk_map map; /* the largest comes first: {0} clears no more than the first member */
  struct kk_list list;
  bool boolean;
  int32_t choice;
  int64_t i64;
  double f64;
  char *string;
};

/* 0; -EINVAL: no such value; -ERANGE: outside min and max; -ENOENT: a path with ~ and no home directory; -ENOMEM. */
int option_parse (const struct kk_option *option, const struct yaml_node *value, union option_value *ret);
void option_value_free (const struct kk_option *option, union option_value *value);
void option_load (const struct kk_option *option, const void *config, union option_value *ret); /* still the config's */
void option_store (const struct kk_option *option, void *config, const union option_value *value);
int option_default (const struct kk_option *option, union option_value *ret);
bool option_value_equal (const struct kk_option *option, const union option_value *a, const union option_value *b);
/* option_fill into a struct that is there and zero. `within` stands before each name that is said: "rules.high"; or NULL. What
 * it left there on failure is freed by option_clear. */
int option_fill_into (const struct kk_option *options, uint32_t n, const char *within, const struct yaml_node *given,
                      const char *const *known, struct place at, struct diag *d, void *config);
void option_clear (const struct kk_option *options, uint32_t n, void *config);
/* Pointers and texts in one block. 0 or -ENOMEM. */
int option_make_list (const char *const *texts, const size_t *lengths, size_t n, struct kk_list *ret);

/* option-map.c. What is wrong goes to `d`. */
int option_map_parse (const struct kk_option *option, const struct yaml_node *value, struct diag *d, struct kk_map *ret);
void option_map_free (const struct kk_option *option, const struct kk_map *map);
bool option_map_equal (const struct kk_option *option, const struct kk_map *a, const struct kk_map *b);
/* Itself, or a member of it: a value in the wrong place may be that secret. */
bool option_has_secret (const struct kk_option *option);
/* One struct of the map, of its own size. */
const void *option_map_item (const struct kk_option *option, const struct kk_map *map, uint32_t i);
#endif
