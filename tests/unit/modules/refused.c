#define NAME "Not a name"
#include "good.c"
