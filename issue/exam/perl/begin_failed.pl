BEGIN { sub need { die "need at least version $_[0]" } need("9.1") }
