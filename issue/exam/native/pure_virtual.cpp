struct Shape { Shape() { draw(); } void draw() { paint(); } virtual void paint() = 0; };
struct Dot : Shape { void paint() override {} };
int main() { Dot d; }
