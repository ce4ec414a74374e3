use lib '/srv/app/perl/lib';
use Acme::Cart;
sub report { my ($cart, %o) = @_; return $cart->total }
my $run = sub { report(Acme::Cart->new, verbose => 1) };
$run->();
