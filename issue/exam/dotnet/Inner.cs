using System;
using System.Collections.Generic;
namespace Acme.Billing {
  public class GatewayException : Exception { public GatewayException(string m, Exception e) : base(m, e) {} }
  public class Gateway {
    readonly Dictionary<string, int> limits = new Dictionary<string, int> { { "visa", 1 } };
    public int Limit(string card) { return limits[card]; }
    public void Charge(string card) {
      try { Limit(card); } catch (KeyNotFoundException e) { throw new GatewayException("cannot charge \"" + card + "\"", e); }
    }
  }
  static class Program { static void Main() { Console.Error.WriteLine("info: 0 errors"); new Gateway().Charge("maestro"); } }
}
