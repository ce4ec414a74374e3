use utf8; binmode STDERR, ':utf8';
sub check { die "Prüfung fehlgeschlagen:\n  Zeile 1: “x”\n  Zeile 2: fehlt" }
eval { check() }; die $@ if $@;
