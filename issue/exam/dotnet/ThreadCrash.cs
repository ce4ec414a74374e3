using System;
using System.Threading;
class Pump {
  int[] buffer = new int[2];
  void Loop() { for (int i = 0; ; i++) Put(i); }
  void Put(int i) { buffer[i] = i; }
  static void Main() { var t = new Thread(new Pump().Loop) { Name = "pump" }; t.Start(); t.Join(); }
}
