package My::Error; use overload '""' => sub { my $s = shift; "[$s->{code}] $s->{text} at " . $s->{at} . ".\n" };
sub throw { my ($c, %a) = @_; my (undef, $f, $l) = caller; die bless { %a, at => "$f line $l" }, $c }
package main;
sub login { My::Error->throw(code => 401, text => 'token: "expired"') }
login();
