#define EXACT
#include "plugin-1.h"

#include "offsets.h"
