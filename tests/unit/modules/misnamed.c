#define NAME "another"
#include "good.c"
