using System;
class Abort : Exception { public override string Message { get { return ""; } } }
struct Steps { public void Run(int n) { if (n == 0) throw new Abort(); Run(n - 1); } }
static class P { static void Main() { new Steps().Run(2); } }
