use lib '/srv/app/perl/lib';
use Acme::Cart;
sub buy { my $cart = shift; $cart->add(@_) }
buy(Acme::Cart->new, 'A-1', -3);
