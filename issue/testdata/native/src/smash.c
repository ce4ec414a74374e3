#include <string.h>
void copy(const char *s) { char b[8]; strcpy(b, s); }
int main(int argc, char **argv) { copy(argc > 5 ? argv[1] : "much too long for the buffer"); return 0; }
