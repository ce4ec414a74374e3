<?php
function ship(array $order) { assert(count($order['items']) > 0 && $order['paid']); }
ship(['items' => [], 'paid' => true]);
