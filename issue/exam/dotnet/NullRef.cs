using System;
using System.Linq;
class User { public string Name; }
static class Report {
  static string Row(User u) => u.Name.ToUpper();
  static void Main() { Console.WriteLine(string.Join(",", new[] { new User { Name = "a" }, new User() }.Select(u => Row(u)))); }
}
