#include <kode-kronical/plugin.h>

#include "offsets.h"
