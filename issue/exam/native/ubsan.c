#include <limits.h>
#include <stdio.h>
static int bump(int n) { return n + 1; }
static int shift(int by) { return 1 << by; }
int main(void) { int a = bump(INT_MAX); fprintf(stderr, "still alive\n"); return a + shift(40) > 0; }
