using System;
using System.Runtime.ExceptionServices;
static class Queue {
  static void Work() { throw new InvalidOperationException("queue 'mail' is closed"); }
  static void Main() { ExceptionDispatchInfo info = null; try { Work(); } catch (Exception e) { info = ExceptionDispatchInfo.Capture(e); } info.Throw(); }
}
