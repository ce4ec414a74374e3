#include <stdexcept>
#include <string>
#include <thread>
namespace acme::net { struct Timeout : std::runtime_error { using std::runtime_error::runtime_error; }; }
template <class F> void retry(F f) { f(); }
int main() { std::thread t([] { retry([] { throw acme::net::Timeout("GET \"/a?b=c\": no answer: größe"); }); }); t.join(); }
