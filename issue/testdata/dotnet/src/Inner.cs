using System;

class Inner
{
    static void Read() { throw new FormatException("bad digit"); }
    static void Load()
    {
        try { Read(); }
        catch (FormatException e) { throw new InvalidOperationException("cannot load\nthe settings", e); }
    }
    static void Main() { Load(); }
}
