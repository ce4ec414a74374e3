use super::*;

#[test]
fn names_lose_what_the_next_build_changes() {
    use Language::*;
    for (language, name, expected) in [
        (Javascript, "Object.<anonymous>", ""),
        (Javascript, "<anonymous>", ""),
        (Javascript, "async Foo.bar [as baz]", "Foo.bar"),
        (Javascript, "Foo.<anonymous>", "Foo"),
        (Javascript, "Object.parse", "parse"),
        (Javascript, "outer/<", "outer"),
        (Javascript, "eval at compile (file:///x.js)", "eval"),
        (Jvm, "lambda$main$0", "main"),
        (Jvm, "invoke", "invoke"),
        (Jvm, "$anonfun$main$1", "main"),
        (Jvm, "total-WZ4Q5Ns", "total"),
        (Jvm, "access$000", ""),
        (Go, "(*Server).handle.func1.2", "(*Server).handle"),
        (Go, "Map[...].func1", "Map"),
        (Go, "run.gowrap1", "run"),
        (Go, "init.0", "init"),
        (Rust, "shop::buy::h0123456789abcdef", "shop::buy"),
        (Rust, "shop::buy::{{closure}}::h0123456789abcdef", "shop::buy"),
        (Rust, "shop::buy::{closure#0}", "shop::buy"),
        (Rust, "<shop::Cart<T> as shop::Total>::total", "shop::Cart as shop::Total::total"),
        (Rust, "shop::sum::<u32>", "shop::sum"),
        (Dotnet, "Acme.Shop.<Buy>d__7.MoveNext()", "Acme.Shop.Buy"),
        (Dotnet, "Acme.Shop.<>c__DisplayClass1_0.<Buy>b__0()", "Acme.Shop.Buy"),
        (Dotnet, "Acme.Shop.<>c.<Main>b__0_1(Int32 x)", "Acme.Shop.Main"),
        (Dotnet, "Acme.Map`2.Add[T](T x)", "Acme.Map.Add"),
        (Dotnet, "Program.<Main>$(String[] args)", "Program.Main"),
        (Dotnet, "Program.<<Main>$>g__Local|0_1()", "Program.Local"),
        (Ruby, "block (2 levels) in Foo#bar", "Foo#bar"),
        (Ruby, "Object#foo", "foo"),
        (Ruby, "_show_html_erb___4567_1234", "_show_html_erb"),
        (Php, "App\\Foo::{closure}", "App\\Foo"),
        (Php, "{closure:App\\Foo::bar():12}", "App\\Foo::bar"),
        (Php, "App\\Foo->bar(Object(X), 1)", "App\\Foo->bar"),
        (Elixir, "anonymous fn/1 in Foo.bar/2", "Foo.bar"),
        (Elixir, "Foo.bar(1, 2)", "Foo.bar"),
        (Elixir, "Foo.\"-bar/2-fun-0-\"/1", "Foo.bar"),
        (Native, "void a::b<int>::f<T>(int) const", "a::b::f"),
        (Native, "run.cold", "run"),
        (Native, "std::__cxx11::basic_string<char>::at(unsigned long)", "std::basic_string::at"),
        (Native, "(anonymous namespace)::f(int)", "(anonymous namespace)::f"),
        (Native, "main+0x1a", "main"),
        (Native, "a::operator<(a const&)", "a::operator<"),
        (Swift, "closure #1 in run(_:)", "run"),
        (Dart, "Foo.bar.<anonymous closure>", "Foo.bar"),
        (Python, "f.<locals>.g", "f.g"),
        (Perl, "main::foo('x')", "main::foo"),
    ] {
        let mut out = String::new();
        function(name, language, &mut out);
        assert_eq!(out, expected, "{language:?} {name}");
    }
}

#[test]
fn generated_classes_are_the_class_they_were_made_from() {
    for (name, expected) in [
        ("com.acme.Shop$$Lambda$14/0x0000000800066840", "com.acme.Shop"),
        ("com.acme.Shop$$Lambda/0x000001", "com.acme.Shop"),
        ("app//com.acme.Shop", "com.acme.Shop"),
        ("java.base@17.0.1/java.util.HashMap", "java.util.HashMap"),
        ("com.acme.Shop$$EnhancerBySpringCGLIB$$1a2b3c", "com.acme.Shop"),
        ("com.acme.Shop$$SpringCGLIB$$0", "com.acme.Shop"),
        ("com.acme.Shop$1", "com.acme.Shop"),
        ("com.acme.Shop$Cart$2", "com.acme.Shop$Cart"),
        ("com.sun.proxy.$Proxy12", "com.sun.proxy.$Proxy"),
        ("jdk.internal.reflect.GeneratedMethodAccessor45", "jdk.internal.reflect.GeneratedMethodAccessor"),
        ("shop.core$fn__4567", "shop.core$fn"),
    ] {
        let mut out = String::new();
        module(name, Language::Jvm, &mut out);
        assert_eq!(out, expected, "{name}");
    }
}
