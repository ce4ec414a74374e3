using System;
static class Worker {
  static void Log(string level, string text) { Console.Error.WriteLine("2026-11-20 10:00:00.123 +00:00 [" + level + "] " + text); }
  static int Divide(int a, int b) { return a / b; }
  static void Main() {
    Log("INF", "Worker started, ErrorHandler registered");
    try { Divide(1, int.Parse("0")); } catch (Exception e) { Log("ERR", "Job 17 failed\n" + e); }
    Log("WRN", "retrying"); Log("INF", "done with 1 error");
    Log("FTL", "Host terminated unexpectedly");
  }
}
