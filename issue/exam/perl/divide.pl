my @rows = ();
my $mean = sub { my $sum = 0; $sum += $_ for @_; $sum / @_ };
$mean->(@rows);
