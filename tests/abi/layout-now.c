#include <kode-kronical/plugin.h>

#include "offsets.h"

/* What came since header 1. */
#ifdef __LP64__
AT (kk_option, members, 72);
AT (kk_option, n_members, 80);
AT (kk_option, member_size, 84);
AT (kk_map, names, 0);
AT (kk_map, items, 8);
AT (kk_map, count, 16);
AT (kk_map, reserved, 20);
FIXED (kk_map, 24);
_Static_assert(KK_OPTION_MAP == 11, "types of options");
#endif
