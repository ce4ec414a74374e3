use strict; use warnings;
sub load { my $path = shift; open(my $fh, '<', $path) or die "Cannot open $path: $!"; }
print STDERR "starting, 0 errors\n";
load("/nonexistent/größe.conf");
