use strict;
$y = 1;
print "x";
