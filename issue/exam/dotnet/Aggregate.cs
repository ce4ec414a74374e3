using System;
using System.Threading.Tasks;
class Batch {
  static int Parse(string s) { return int.Parse(s); }
  static void Main() { Task.WaitAll(Task.Run(() => Parse("x")), Task.Run(() => Parse("99999999999"))); }
}
