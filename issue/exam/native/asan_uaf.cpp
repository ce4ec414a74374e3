#include <memory>
#include <string>
struct Session { std::string user; int hits = 0; };
__attribute__((noinline)) int touch(Session *s) { return ++s->hits; }
int main() { auto s = std::make_unique<Session>(); Session *raw = s.get(); s.reset(); return touch(raw); }
