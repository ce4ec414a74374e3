using System;
class Settings { public static readonly Uri Home = new Uri(Environment.GetEnvironmentVariable("HOME_URL") ?? "no url"); }
static class P { static void Main() { Console.WriteLine(Settings.Home); } }
