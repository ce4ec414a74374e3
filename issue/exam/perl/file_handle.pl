use strict; use warnings;
my $in = join "\n", 'a=1', 'b';
open(my $fh, '<', \$in) or die;
while (my $line = <$fh>) { chomp $line; my ($k, $v) = split /=/, $line; die "bad line for key '$k'" unless defined $v; }
