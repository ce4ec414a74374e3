use strict;
sub load { my $name = shift; die "cannot load $name" }
warn "careful\n";
load("table");
