#include <execinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static void on_signal(int n) { void *at[16]; int c = backtrace(at, 16); fprintf(stderr, "Error: signal %d:\n", n); backtrace_symbols_fd(at, c, STDERR_FILENO); _exit(1); }
int divide(int a, int b) { return a / b; }
int main(int argc, char **argv) { signal(SIGFPE, on_signal); return divide(4, argc - 1); }
