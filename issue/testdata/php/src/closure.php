<?php
array_map(function ($x) { return intdiv($x, 0); }, [1]);
