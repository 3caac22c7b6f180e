#include <stdio.h>

int
main (void)
{
  fputs ("kode-kronical-daemon: no commands yet\n", stderr);
  return 2;
}
