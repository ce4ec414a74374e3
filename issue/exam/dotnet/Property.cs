using System;
using System.Collections;
class Temperature {
  double k; public double Kelvin { get { return k; } set { if (value < 0) throw new ArgumentOutOfRangeException("value", value, "below absolute zero"); k = value; } }
  public IEnumerable Steps() { for (int i = 1; ; i--) { Kelvin = i; yield return i; } }
}
static class P { static void Main() { foreach (var s in new Temperature().Steps()) Console.Error.WriteLine("debug: step " + s); } }
