<?php
$scale = function (int ...$n) { foreach ($n as $v) { yield intdiv(10, $v); } };
foreach ($scale(5, 0) as $v) { fwrite(STDERR, "value $v\n"); }
