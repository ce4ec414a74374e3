use strict; use warnings;
my %users = (joan => undef);
sub greet { my $u = shift; return "Hello " . $u->name }
for my $name (sort keys %users) { greet($users{$name}) }
