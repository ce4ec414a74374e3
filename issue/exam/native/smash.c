#include <string.h>
__attribute__((noinline)) static void copy(const char *s) { char name[8]; strcpy(name, s); }
int main(int argc, char **argv) { copy("a name that is much too long for it"); return argc; }
