<?php
ini_set('memory_limit', '4M');
function grow() { $all = []; while (true) { $all[] = str_repeat('x', 4096); } }
grow();
