<?php
function f($x){ throw new DomainException("bad $x", 3, new RuntimeException("inner")); }
set_error_handler(function($n,$m,$f,$l){ throw new ErrorException($m,0,$n,$f,$l); });
try { echo $undef; } catch (ErrorException $e) { error_log("caught: ".$e); fwrite(STDERR, $e->getTraceAsString()."\n"); }
f("y");
