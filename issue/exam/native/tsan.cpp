#include <thread>
struct Counter { long hits = 0; void hit() { ++hits; } };
int main() { Counter c; std::thread a([&] { for (int i = 0; i < 1000; i++) c.hit(); }); for (int i = 0; i < 1000; i++) c.hit(); a.join(); }
