#include <stdlib.h>
int read_it(int *p) { return p[1]; }
int main(void) { int *p = malloc(8); free(p); return read_it(p); }
