#include <stdlib.h>
#include <string.h>
char *keep(const char *s) { return strdup(s); }
int main(void) { for (volatile int i = 0; i < 3; i++) keep("leaked"); return 0; }
