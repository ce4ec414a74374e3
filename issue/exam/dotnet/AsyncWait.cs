using System;
using System.Threading.Tasks;
namespace Acme.Http {
  class TimeoutError : Exception { public TimeoutError(string url) : base("GET " + url + ": no answer") {} }
  static class Client {
    static async Task<string> Fetch(string url) { await Task.Delay(5); throw new TimeoutError(url); }
    static async Task Run() { var a = await Fetch("https://api.example.org/v1?x=1"); Console.WriteLine(a); }
    static void Main() { Run().GetAwaiter().GetResult(); }
  }
}
