using System;
class Validation { 
  public static void Check(string zip) { throw new ArgumentException("bad address:\n - zip “" + zip + "” is not a number\n - größe: fehlt", "zip"); }
  static void Main() { Action<string> check = Check; check("x1"); }
}
