using System;
using System.Threading.Tasks;

class Aggregate
{
    static void Work(int n) { throw new ArgumentException("item " + n); }
    static void Main()
    {
        Task.WaitAll(Task.Run(() => Work(1)), Task.Run(() => Work(2)));
    }
}
