use strict; use warnings;
use Acme::Does::Not::Exist;
