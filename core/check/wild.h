/* Values that an option takes and that few users would write. */
#ifndef CHECK_WILD_H
#define CHECK_WILD_H

#include "option.h"

enum { WILD_VALUES = 24, WILD_MAPS = 24 };

struct values {
  char *texts[WILD_VALUES];
  size_t n;
};

/* Whatever does not fit the option is refused by the host and left out later. `dir` is where paths may be. */
void wild_values (struct values *v, const struct kk_option *o, const char *dir);
void wild_free (struct values *v);
/* A map with odd names and such values, empty, short or long; number `which` of WILD_MAPS. False where none can be made. */
bool wild_map (const struct kk_option *o, const char *dir, size_t which, union option_value *ret);
#endif
