<?php
function low() { throw new InvalidArgumentException("bad\nvalue"); }
function high() {
    try { low(); } catch (InvalidArgumentException $e) { throw new LogicException("cannot go on", 7, $e); }
}
high();
