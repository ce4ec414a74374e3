<?php
function line(string $level, string $text) { fwrite(STDERR, "[2026-11-20T10:00:00.123456+00:00] shop.$level: $text [] []\n"); }
function charge($card) { throw new UnexpectedValueException("card type '$card'"); }
line('INFO', 'Matched route "error_page"');
try { charge('x'); } catch (Exception $e) {
  line('CRITICAL', 'Uncaught PHP Exception ' . get_class($e) . ': "' . $e->getMessage() . '" at ' . basename(__FILE__) . ' line ' . $e->getLine());
}
line('DEBUG', 'terminated, failures: 0');
