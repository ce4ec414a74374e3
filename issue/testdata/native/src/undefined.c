#include <limits.h>
#include <stdio.h>
int add(int a) { return a + 1; }
int main(int argc, char **argv) { int a[3] = {0}; printf("%d\n", add(INT_MAX - 1 + argc)); return a[argc + 2] & 0; }
