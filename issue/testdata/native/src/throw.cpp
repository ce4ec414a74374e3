#include <stdexcept>
#include <string>
void load(const std::string& name) { throw std::runtime_error("cannot load " + name); }
int main() { load("table"); }
