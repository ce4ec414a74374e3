#include <cstdio>
#include <vector>
namespace shop { struct Cart { std::vector<int> items; int item(size_t i) const { return items.at(i); } }; }
int main() { std::fprintf(stderr, "shop: cart has 0 errors\n"); shop::Cart c; return c.item(4); }
