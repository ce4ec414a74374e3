package Acme::Cart;
use strict; use warnings; use Carp qw(croak confess);
sub new { my ($class, %args) = @_; return bless {%args}, $class }
sub add { my ($self, $sku, $count) = @_; croak "count must be positive, not $count" if $count <= 0; $self }
sub total { my $self = shift; confess "no prices loaded" unless $self->{prices}; }
1;
