#include <stdio.h>
#include <stdlib.h>
static int sum(const int *v, int n) { int s = 0; for (int i = 0; i <= n; i++) s += v[i]; return s; }
int main(void) { fprintf(stderr, "[info] no error yet\n"); int *v = calloc(3, sizeof *v); return sum(v, 3); }
