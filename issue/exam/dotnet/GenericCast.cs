using System;
using System.Collections.Generic;
namespace Acme {
  class Box<T> { readonly List<object> items = new List<object>(); public void Put(object o) { items.Add(o); } public T Take(int i) { return (T)items[i]; } }
  static class Program {
    static R With<A, R>(A a, Func<A, R> f) { return f(a); }
    static void Main() { var b = new Box<string>(); b.Put(7); With(b, x => x.Take(0)); }
  }
}
