use strict; use warnings;
for my $n (1, 2) {
  my $pid = fork; if (!$pid) { work($n); exit 0 } waitpid $pid, 0;
  print STDERR "child $n ended\n";
}
sub work { my $n = shift; my @l = (1); if ($n == 1) { my $x = "abc"; no warnings; $x->(); } else { die { code => 7 } } }
