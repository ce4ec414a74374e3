#include <stdlib.h>
int main(void) { char *p = malloc(2000), *q = malloc(2000); free(p); free(p); free(q); return 0; }
