use strict; use warnings;
sub step { my $n = shift; die "step $n failed\n" if $n == 2; warn "step $n took long" if $n == 1; $n }
for (0 .. 3) { eval { step($_); 1 } or print STDERR "ERROR: $@"; }
print STDERR "INFO: errors: 1\n";
