use strict; use warnings;
my $x; my %h = (a => 1);
print 1 / 0;
