using System;
using System.Collections.Generic;

namespace Shop
{
    class Order
    {
        public int Total(Dictionary<string, int> lines) { return lines["price"]; }
    }

    static class Plain
    {
        static void Main() { new Order().Total(new Dictionary<string, int>()); }
    }
}
