#include <map>
#include <string>
struct Registry { std::map<std::string, int *> all; int get(const std::string &k) { return *all[k]; } };
int main() { Registry r; return r.get("absent"); }
