#include <stdlib.h>
static void release(void *p) { free(p); }
int main(void) { void *p = malloc(4096 * 64 + 32); void *q = malloc(40); release(q); release(q); release(p); return 0; }
